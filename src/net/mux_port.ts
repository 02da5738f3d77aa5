/**
 * Where a session's bodies go over to its multiplex, and the other way round.
 *
 * @module
 */
import type { MuxEvent, MuxMachine } from "../mux/machine.ts";
import { MOST_PACKET_RECEIVED, type ReceivedBody } from "../session/machine.ts";
import { isReliable } from "../transport/link.ts";
import { FrameNumbers } from "./frame_numbers.ts";
import type { PacketOutlet } from "./packet_outlet.ts";

/** Where bodies are put together. Shared: each is used up before anything else happens. */
const bodyMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** What a port needs of its driver. */
export interface MuxPortOwner {
  /** Sends a body, as {@linkcode PacketOutlet.send}. */
  sendBody(body: Uint8Array, maxAge: number, isQuestion: boolean, now: number): boolean;
  /** The other end has not answered for too long. */
  onDead(): void;
  /** Whether the session has ended: whoever is told something may end it. */
  readonly isOver: boolean;
}

/** The port of one session. Times in ms. */
export class MuxPort {
  readonly #outlet: PacketOutlet;
  readonly #owner: MuxPortOwner;
  readonly #numbers = new FrameNumbers();
  #machine: MuxMachine | undefined;
  #onEvent: (event: MuxEvent) => void = () => {};
  /** Whether data waits until the other end of a new session has spoken. */
  #isHeld = false;

  /** There is no multiplex before {@linkcode attach}. */
  constructor(outlet: PacketOutlet, owner: MuxPortOwner) {
    this.#outlet = outlet;
    this.#owner = owner;
  }

  /** The multiplex, once there is one. */
  get machine(): MuxMachine | undefined {
    return this.#machine;
  }

  /** From now on bodies go to a multiplex, and come from it. */
  attach(machine: MuxMachine, onEvent: (event: MuxEvent) => void): void {
    this.#machine = machine;
    this.#onEvent = onEvent;
  }

  /** Nothing is begun, and no data is sent, before it is known whether the other end goes on. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Now it is known. */
  release(): void {
    this.#isHeld = false;
  }

  /** Another session takes the place of one whose last frame had this number. */
  onReplaced(lastFrame: number): void {
    this.#numbers.onReplaced(lastFrame);
  }

  /** Gives a body that has come to the multiplex; `false`: there is none. */
  take(
    { body, frameNumber, highReceived, totalReceived, isReport }: ReceivedBody,
    now: number,
  ): boolean {
    const mux = this.#machine;
    if (mux === undefined) return false;
    mux.onFrameReceived(this.#numbers.received(frameNumber), now);
    if (totalReceived > 0) {
      const { highest, total } = this.#numbers.told(highReceived, totalReceived);
      mux.streams.onCounters(highest, total);
    }
    if (isReport) mux.streams.settle(now);
    else mux.handleBody(body, now);
    return true;
  }

  /** Sends and tells whatever has come of the last call into the multiplex. */
  drain(now: number): void {
    const mux = this.#machine;
    if (mux === undefined) return;
    do this.#transmitAll(mux, now); while (this.tellAll() && !this.#owner.isOver);
  }

  /** Tells what the multiplex has to tell; returns whether that was anything. */
  tellAll(): boolean {
    let hasTold = false;
    let event = this.#machine?.pollEvent();
    for (; event !== undefined; event = this.#machine?.pollEvent()) {
      hasTold = true;
      if (event.kind === "dead") this.#owner.onDead();
      else this.#onEvent(event);
    }
    return hasTold;
  }

  #transmitAll(mux: MuxMachine, now: number): void {
    const { session, path } = this.#outlet;
    mux.streams.setMostBody(session.mostBody);
    // A reader of the original drops what does not fit, over a stream too.
    mux.streams.recovery.setReliable(isReliable(path.carrier) && session.isOwnKind);
    mux.setSought(path.isSought);
    mux.hold(this.#isHeld, now);
    for (;;) {
      mux.streams.hold(this.#isHeld || path.isFull);
      const length = mux.pollTransmit(bodyMemory, now);
      if (length === 0) return;
      this.#owner.sendBody(bodyMemory.subarray(0, length), mux.maxAge, mux.isQuestion, now);
      mux.onFrameSent(this.#numbers.sent(session.lastFrame), now);
    }
  }
}
