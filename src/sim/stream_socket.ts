/**
 * One end of a simulated byte stream.
 *
 * Behind the web streams stand a kernel's sender and receiver, which go on while the program's event
 * loop is stalled. The program is woken through its node, when the event loop runs.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { SosistabError, type SosistabErrorCode } from "../errors.ts";
import type { StreamSocket } from "../host.ts";
import { ACK, FIN, RST, type Segment, SYN } from "./segment.ts";
import { StreamReceiver } from "./stream_receiver.ts";
import { StreamSender } from "./stream_sender.ts";
import type { EventQueue } from "./clock.ts";

// Tuning.

/** How long an acknowledgement waits for a second packet, ms: as on Linux. */
const ACK_DELAY = 40;

/** Largest chunk of `readable`, bytes. */
const CHUNK = 65_536;

/** How long a SYN waits for its answer, ms: twice as long each time. So often it is sent: RFC 6298. */
const SYN_TIMEOUT = 1_000;
const MOST_SYNS = 6;

/** How long somebody who asked for a connection may take to confirm it, ms: as long as he asks. */
const ACCEPTING_TIMEOUT = SYN_TIMEOUT * (2 ** MOST_SYNS - 1);

/** How long the last acknowledgement may have to be repeated, ms: two of the other end's timers. */
const LINGER = 4_000;

const NOTHING = new Uint8Array(0);

/** What an end needs of its node. */
export interface StreamOwner {
  readonly clock: EventQueue;
  /** Sends a segment from one address to another. */
  send(segment: Segment, from: Address, to: Address): void;
  /** Calls the program when its event loop runs. */
  call(run: () => void): void;
  /** The end is over and done with: its address may be used again. */
  onGone(socket: SimulatedStreamSocket): void;
}

/** How far a connection is. */
type Phase = "connecting" | "accepting" | "open" | "over";

/** A {@linkcode StreamSocket} at a simulated node. */
export class SimulatedStreamSocket implements StreamSocket {
  readonly localAddr: Address;
  readonly remoteAddr: Address;
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** The address under which the other end knows this one. */
  outside: Address;
  readonly #owner: StreamOwner;
  readonly #sender: StreamSender;
  readonly #receiver = new StreamReceiver();
  readonly #opened = Promise.withResolvers<void>();
  #phase: Phase;
  #error: SosistabError | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #onAccepted: (() => void) | undefined;
  #isReading = true;
  #isClosing = false;
  /** Chunks that were given to `writable` and are not all in the sender's hands yet. */
  #unsent = 0;
  #unacknowledged = 0;
  #toldWindow = 0;
  #ackTimer: Disposable | undefined;
  #synTimer: Disposable | undefined;
  #syns = 0;
  #lingerer: Disposable | undefined;

  /**
   * Made by the node.
   *
   * @param onAccepted Called when somebody has connected; without it this end connects.
   */
  constructor(owner: StreamOwner, local: Address, remote: Address, onAccepted?: () => void) {
    this.#owner = owner;
    this.localAddr = this.outside = local;
    this.remoteAddr = remote;
    this.#onAccepted = onAccepted;
    this.#phase = onAccepted === undefined ? "connecting" : "accepting";
    if (onAccepted !== undefined) {
      this.#synTimer = owner.clock.at(owner.clock.now + ACCEPTING_TIMEOUT, () => this.#go());
    }
    this.#opened.promise.catch(() => {});
    this.#sender = new StreamSender({
      clock: owner.clock,
      transmit: (sequence, payload, isLast) => this.#transmit(sequence, payload, isLast),
      onLost: () => this.#end("connection-lost", "the other end has stopped answering"),
    });
    this.readable = new ReadableStream({
      pull: (controller) => this.#pull(controller),
      cancel: () => void (this.#isReading = false),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      // Not by `abort`, which would wait until a write is done.
      start: ({ signal }) => signal.addEventListener("abort", () => this.reset()),
      write: (chunk) => this.#write(chunk),
      close: () => this.#sender.finish(),
    }, { highWaterMark: 1, size: () => (this.#unsent++, 1) });
  }

  /** Connects; settles when that is done, or the signal says that it shall not be. */
  async connect(signal?: AbortSignal): Promise<void> {
    const giveUp = () => {
      this.#opened.reject(signal?.reason);
      this.reset();
    };
    signal?.addEventListener("abort", giveUp);
    this.#sendSyn();
    try {
      await this.#opened.promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  close(): void {
    this.#isReading = false;
    this.#isClosing = true;
    if (this.#unsent === 0) this.#sender.finish();
    this.#wakeReader?.();
    this.#maybeGo();
  }

  /** Cuts the connection. */
  reset(): void {
    if (this.#phase === "over") return;
    this.#sendFlags(RST);
    this.#end("closed", "the stream was cut at this end");
  }

  /** From the node: a segment of this connection has come. */
  handle(segment: Segment): void {
    const { flags, sequence, acked, window, payload } = segment;
    if (flags & RST) {
      // Whoever has said everything and heard everything needs no other end any more.
      if (this.#sender.isDone && this.#receiver.isFinished) this.#go();
      else if (this.#phase !== "over") {
        this.#end("reset", "the other end cut the stream, or refused it");
      }
      return;
    }
    if (this.#phase === "over") return;
    if (flags & SYN) return this.#onSyn(flags);
    if (this.#phase === "connecting") return;
    if (this.#phase === "accepting") this.#onOpen();
    const isBare = payload.length === 0 && (flags & FIN) === 0;
    this.#sender.onAck(acked, window, isBare);
    if (this.#sender.room > 0) this.#wakeWriter?.();
    if (!isBare) this.#onPayload(sequence, payload, (flags & FIN) !== 0);
    this.#maybeGo();
  }

  #onPayload(sequence: number, payload: Uint8Array, isLast: boolean): void {
    const isUnwanted = !this.#isReading && sequence + payload.length > this.#receiver.next;
    // As kernels do: nobody will ever read it. But what was written shall go out first.
    if (isUnwanted && this.#sender.isDone) return this.reset();
    const isInOrder = sequence === this.#receiver.next;
    this.#receiver.take(sequence, payload, isLast);
    if (isUnwanted) this.#receiver.read(Infinity);
    if (this.#receiver.readable > 0 || this.#receiver.isFinished) this.#wakeReader?.();
    const isUrgent = !isInOrder || this.#receiver.hasGap || isLast;
    if (++this.#unacknowledged >= 2 || isUrgent) this.#acknowledge();
    else {
      const { clock } = this.#owner;
      this.#ackTimer ??= clock.at(clock.now + ACK_DELAY, () => this.#acknowledge());
    }
  }

  #onSyn(flags: number): void {
    if (this.#phase === "accepting") this.#sendFlags(SYN | ACK);
    else if ((flags & ACK) === 0) return;
    else {
      if (this.#phase === "connecting") this.#onOpen();
      this.#acknowledge();
    }
  }

  #onOpen(): void {
    this.#synTimer?.[Symbol.dispose]();
    this.#phase = "open";
    // Both ends begin with the same window; the first acknowledgement would say so.
    this.#sender.onAck(1, this.#receiver.window, true);
    this.#owner.call(() => {
      this.#opened.resolve();
      this.#onAccepted?.();
    });
  }

  #sendSyn(): void {
    if (this.#syns++ >= MOST_SYNS) return this.#end("no-answer", "nobody has answered");
    this.#sendFlags(SYN);
    const { clock } = this.#owner;
    this.#synTimer = clock.at(
      clock.now + SYN_TIMEOUT * 2 ** (this.#syns - 1),
      () => this.#sendSyn(),
    );
  }

  #sendFlags(flags: number): void {
    const { window, next } = this.#receiver;
    const segment = { flags, window, sequence: 0, acked: next, payload: NOTHING };
    this.#owner.send(segment, this.outside, this.remoteAddr);
  }

  #transmit(sequence: number, payload: Uint8Array, isLast: boolean): void {
    const flags = ACK | (isLast ? FIN : 0);
    this.#onAcknowledged();
    const { window, next } = this.#receiver;
    const segment = { flags, window, sequence, acked: next, payload };
    this.#owner.send(segment, this.outside, this.remoteAddr);
  }

  #acknowledge(): void {
    this.#onAcknowledged();
    this.#sendFlags(ACK);
  }

  #onAcknowledged(): void {
    this.#unacknowledged = 0;
    this.#toldWindow = this.#receiver.next + this.#receiver.window;
    this.#ackTimer?.[Symbol.dispose]();
    this.#ackTimer = undefined;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const bytes = this.#receiver.read(CHUNK);
      if (bytes.length > 0) {
        controller.enqueue(bytes);
        // A window that was small and is not any more must be told.
        const { next, window } = this.#receiver;
        if (this.#phase === "open" && next + window - this.#toldWindow >= CHUNK) {
          this.#acknowledge();
        }
        return;
      }
      if (this.#receiver.isFinished || (!this.#isReading && this.#error === undefined)) {
        return controller.close();
      }
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wakeReader = () => {
          this.#wakeReader = undefined;
          this.#owner.call(resolve);
        };
      });
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let rest = chunk;;) {
      if (this.#error !== undefined) throw this.#error;
      rest = rest.subarray(this.#sender.write(rest));
      if (rest.length === 0) break;
      await new Promise<void>((resolve) => {
        this.#wakeWriter = () => {
          this.#wakeWriter = undefined;
          this.#owner.call(resolve);
        };
      });
    }
    if (--this.#unsent === 0 && this.#isClosing) this.#sender.finish();
  }

  /** It failed. */
  #end(code: SosistabErrorCode, message: string): void {
    this.#error = new SosistabError(code, message);
    this.#owner.call(() => this.#opened.reject(this.#error));
    this.#wakeReader?.();
    this.#wakeWriter?.();
    this.#go();
  }

  /** Both halves are closed: what came last may have to be acknowledged once more. */
  #maybeGo(): void {
    if (this.#phase !== "open" || this.#lingerer !== undefined) return;
    if (!this.#sender.isDone || (this.#isReading && !this.#receiver.isFinished)) return;
    const { clock } = this.#owner;
    this.#lingerer = clock.at(clock.now + LINGER, () => this.#go());
  }

  #go(): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#sender.stop();
    this.#synTimer?.[Symbol.dispose]();
    this.#ackTimer?.[Symbol.dispose]();
    this.#lingerer?.[Symbol.dispose]();
    this.#owner.onGone(this);
  }
}
