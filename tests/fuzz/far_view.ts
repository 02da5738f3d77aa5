/**
 * What an attacker sees of the target: its frames, its streams, and how far each has come.
 */
import { decodeFrame } from "../../src/wire/frame.ts";
import { decodeMessage } from "../../src/wire/message.ts";

/** A stream, as the target's packets show it. */
export interface FarStream {
  /** The segment that the target would send next. */
  next: number;
  /** Where the target's writing half ended, once it has said so. */
  end: number | undefined;
}

/** Streams that are remembered. */
const MOST_STREAMS = 64;

/** All that the target has shown. */
export class FarView {
  /** Data frames that it has sent. */
  frames = 0;
  /** Streams that it has opened, the last ones. */
  readonly opened: number[] = [];
  /** The last unreliable message of it. */
  unreliable: Uint8Array | undefined;
  readonly #streams = new Map<number, FarStream>();

  /** What it has shown of a stream. */
  stream(id: number): FarStream | undefined {
    return this.#streams.get(id);
  }

  /** The target has sent a packet with this plaintext. */
  look(plaintext: Uint8Array): void {
    const frame = decodeFrame(plaintext)?.frame;
    if (frame?.kind !== "data") return;
    this.frames = Math.max(this.frames, frame.frameNumber + 1);
    const message = decodeMessage(frame.body);
    if (message?.kind === "unreliable") this.unreliable = message.payload.slice();
    if (message?.kind !== "stream") return;
    const { type, streamId, sequence } = message;
    if (type === "rst") {
      this.#streams.delete(streamId);
      return;
    }
    const stream = this.#streamOf(streamId);
    if (type === "syn") this.#onOpened(streamId);
    if (type === "data") stream.next = Math.max(stream.next, sequence + 1);
    if (type === "fin") stream.end = sequence;
  }

  #streamOf(id: number): FarStream {
    let stream = this.#streams.get(id);
    if (stream === undefined) {
      stream = { next: 0, end: undefined };
      this.#streams.set(id, stream);
      const [oldest] = this.#streams.keys();
      if (this.#streams.size > MOST_STREAMS && oldest !== undefined) this.#streams.delete(oldest);
    }
    return stream;
  }

  #onOpened(id: number): void {
    if (this.opened.includes(id)) return;
    this.opened.push(id);
    if (this.opened.length > 4) this.opened.splice(0, 1);
  }
}
