/**
 * The other side of a multiplex as the original behaves, as far as streams are concerned: it knows
 * no half-close and no flow limit, a reader that stops stops its stream altogether, and its end is a
 * Rst.
 */
import { decodeAckList } from "../../src/wire/ack_list.ts";
import type { StreamMessage } from "../../src/wire/message.ts";
import type { VirtualClock } from "../../src/sim/clock.ts";
import { ScriptedPeer, type ScriptedPeerOptions } from "./scripted_peer.ts";

/** Messages that wait for a stream whose reader is full; the rest is dropped. */
const INBOX = 100;

/** It acknowledges so many segments at once, or after so many ms. */
const ACK_EVERY = 32;
const ACK_DELAY = 1;

const WINDOW = 17;
const SEGMENT = 1_100;

/** Its first retransmission, ms. */
const RETRANSMISSION = 1_910;

/** A stream of the original. */
export class OriginalStream {
  /** Bytes that its reader has read, in order. */
  readonly bytes: number[] = [];
  /** While it is not set, the stream handles nothing. */
  isReading = true;
  isDead = false;
  /** Segments that did not fit into the inbox. */
  dropped = 0;
  readonly id: number;
  readonly #peer: ScriptedPeer;
  readonly #inbox: StreamMessage[] = [];
  readonly #waiting = new Map<number, Uint8Array>();
  #next = 0;
  #pending: number[] = [];
  #ackTimer: Disposable | undefined;
  /** Segments of its own, those of them that are acknowledged, and how many were ever sent. */
  readonly #segments: Uint8Array[] = [];
  readonly #acked = new Set<number>();
  #sent = 0;
  #isClosing = false;

  constructor(id: number, peer: ScriptedPeer) {
    this.id = id;
    this.#peer = peer;
  }

  /** Writes; it leaves as the window allows. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      this.#segments.push(bytes.slice(at, at + SEGMENT));
    }
    this.#pump();
  }

  /** Ends both directions as soon as everything written is acknowledged. */
  close(): void {
    this.#isClosing = true;
    this.#pump();
  }

  /** Reads again. */
  resume(): void {
    this.isReading = true;
    for (const message of this.#inbox.splice(0)) this.#process(message);
  }

  handle(message: StreamMessage): void {
    if (this.isReading) this.#process(message);
    else if (this.#inbox.length < INBOX) this.#inbox.push(message);
    else this.dropped++;
  }

  #process({ type, sequence, payload }: StreamMessage): void {
    if (this.isDead) {
      if (type !== "rst") this.#peer.send("rst", this.id);
      return;
    }
    if (type === "syn") this.#peer.send("synAck", this.id);
    else if (type === "data") this.#onData(sequence, payload);
    else if (type === "dataAck") this.#onAck(sequence, payload);
    else if (type === "rst") {
      this.isDead = true;
      this.#peer.send("rst", this.id);
    }
  }

  #onData(sequence: number, payload: Uint8Array): void {
    if (sequence >= this.#next && sequence < this.#next + 20_000) {
      this.#waiting.set(sequence, payload);
    }
    for (let next = this.#waiting.get(this.#next); next; next = this.#waiting.get(this.#next)) {
      for (const byte of next) this.bytes.push(byte);
      this.#waiting.delete(this.#next++);
    }
    this.#pending.push(sequence);
    if (this.#pending.length >= ACK_EVERY) this.#acknowledge();
    this.#ackTimer ??= this.#after(ACK_DELAY, () => this.#acknowledge());
  }

  #acknowledge(): void {
    this.#ackTimer?.[Symbol.dispose]();
    this.#ackTimer = undefined;
    if (this.#pending.length > 0 && !this.isDead) {
      this.#peer.ack(this.id, this.#next, this.#pending);
    }
    this.#pending = [];
  }

  #onAck(lowestMissing: number, payload: Uint8Array): void {
    const list = decodeAckList(payload);
    for (let i = 0; i < lowestMissing; i++) this.#acked.add(i);
    for (let i = 0; i < (list?.length ?? 0); i++) this.#acked.add(list!.at(i));
    this.#pump();
  }

  #pump(): void {
    if (this.isDead) return;
    while (this.#sent < this.#segments.length && this.#sent - this.#acked.size < WINDOW) {
      this.#transmit(this.#sent++);
    }
    if (this.#isClosing && this.#acked.size === this.#segments.length) {
      this.isDead = true;
      this.#peer.send("rst", this.id);
    }
  }

  #transmit(sequence: number): void {
    if (this.isDead || this.#acked.has(sequence)) return;
    this.#peer.send("data", this.id, sequence, this.#segments[sequence]!);
    this.#after(RETRANSMISSION, () => this.#transmit(sequence));
  }

  #after(delay: number, run: () => void): Disposable {
    return this.#peer.clock.at(this.#peer.clock.now + delay, run);
  }
}

/** A peer that opens a stream for every Syn. */
export class OriginalPeer {
  readonly peer: ScriptedPeer;
  readonly streams: OriginalStream[] = [];
  /** Called for each stream that was opened to it. */
  onStream: (stream: OriginalStream) => void = () => {};

  constructor(clock: VirtualClock, options: ScriptedPeerOptions = {}) {
    this.peer = new ScriptedPeer(clock, { isOwnKind: false, ...options });
    this.peer.onMessage = (message) => {
      if (message === undefined) this.peer.sendBody(Uint8Array.of(2, 0, 0, 0));
      else if (message.kind === "stream") this.#handle(message);
    };
  }

  #handle(message: StreamMessage): void {
    let stream = this.streams.find(({ id }) => id === message.streamId);
    if (stream === undefined && message.type === "syn") {
      stream = new OriginalStream(message.streamId, this.peer);
      this.streams.push(stream);
      this.onStream(stream);
    }
    if (stream !== undefined) stream.handle(message);
    else if (message.type !== "rst") this.peer.send("rst", message.streamId);
  }
}
