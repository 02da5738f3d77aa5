/**
 * The other side of a multiplex, which says what a test wants.
 */
import { encodeAckList } from "../../src/wire/ack_list.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type StreamMessage,
  type StreamMessageType,
} from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import type { VirtualClock } from "../../src/sim/clock.ts";
import { PlainCarrier } from "./mux_carrier.ts";
import { MuxEnd, type MuxEndOptions } from "./mux_pair.ts";

/** How long a packet takes, ms. */
const DELAY = 10;

/** Settings of a scripted peer and of the machine that it faces. */
export interface ScriptedPeerOptions extends Partial<MuxEndOptions> {
  /** Whether the machine takes the peer for its own kind. */
  readonly isOwnKind?: boolean;
}

/** A peer on a path without loss. */
export class ScriptedPeer {
  /** The machine that it faces. */
  readonly end: MuxEnd;
  /** All messages that have come, with the time; `undefined`: no message at all. */
  readonly received: { readonly at: number; readonly message: Message | undefined }[] = [];
  /** Called for each of them. */
  onMessage: (message: Message | undefined) => void = () => {};
  /** Nothing that is sent to it arrives while it is set. */
  isDeaf = false;
  /** Bytes of packets that have come. */
  bytesReceived = 0;
  readonly clock: VirtualClock;
  readonly #carrier = new PlainCarrier();
  #taken = 0;

  constructor(clock: VirtualClock, options: ScriptedPeerOptions = {}) {
    this.clock = clock;
    const carrier = new PlainCarrier(options.isOwnKind ?? true);
    this.end = new MuxEnd(clock, { role: "client", carrier, ...options });
    this.end.transmit = (packet) => {
      const copy = packet.slice();
      clock.at(clock.now + DELAY, () => this.#handle(copy));
    };
  }

  /** Sends a body, whatever it holds. */
  sendBody(body: Uint8Array): void {
    const packet = this.#carrier.encode(body);
    this.clock.at(this.clock.now + DELAY, () => this.end.handlePacket(packet));
  }

  /** Sends a message of a stream. */
  send(
    type: StreamMessageType,
    streamId: number,
    sequence = 0,
    payload: Uint8Array = new Uint8Array(0),
  ): void {
    const memory = new Uint8Array(1400);
    const writer = new Writer(memory);
    encodeMessage({ kind: "stream", type, streamId, sequence, payload }, writer);
    this.sendBody(memory.slice(0, writer.length));
  }

  /** Acknowledges. */
  ack(streamId: number, lowestMissing: number, list: readonly number[] = [], limit?: number): void {
    const memory = new Uint8Array(8 * (list.length + 2));
    const writer = new Writer(memory);
    encodeAckList(list, limit, writer);
    this.send("dataAck", streamId, lowestMissing, memory.slice(0, writer.length));
  }

  /** Lets time pass. */
  run(duration: number): void {
    this.clock.run(this.clock.now + duration);
  }

  /** Messages of streams that have come since this was last called. */
  take(): StreamMessage[] {
    const fresh = this.received.slice(this.#taken);
    this.#taken = this.received.length;
    return fresh.flatMap(({ message }) => message?.kind === "stream" ? [message] : []);
  }

  /** The same: their types alone, after some time. */
  takeTypes(duration = 0): StreamMessageType[] {
    this.run(duration);
    return this.take().map(({ type }) => type);
  }

  #handle(packet: Uint8Array): void {
    if (this.isDeaf) return;
    this.bytesReceived += packet.length;
    const opened = this.#carrier.open(packet);
    if (opened === undefined) return;
    const message = decodeMessage(opened.body.slice());
    this.received.push({ at: this.clock.now, message });
    this.onMessage(message);
  }
}
