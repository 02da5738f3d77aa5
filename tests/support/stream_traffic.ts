/**
 * Programs on the two ends of a stream: one writes bytes that tell their place, one checks them.
 */
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import type { MuxEnd } from "./mux_pair.ts";

/** Byte `at` of the stream named by `salt`. */
function byteAt(at: number, salt: number): number {
  return (at * 31 + (at >> 8) * 7 + (at >> 16) * 3 + salt * 101) & 0xff;
}

/** The bytes from `start` on. */
export function saltedBytes(start: number, length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = byteAt(start + i, salt);
  return bytes;
}

/** Writes `length` bytes as fast as the stream takes them, and then ends the writing half. */
export class StreamWriter {
  written = 0;
  readonly #end: MuxEnd;
  readonly #stream: StreamMachine;
  readonly #length: number;
  readonly #salt: number;
  readonly #chunk: number;
  #isFinished = false;

  /** @param chunk Bytes of one write at the most. */
  constructor(end: MuxEnd, stream: StreamMachine, length: number, salt = 0, chunk = 16_384) {
    this.#end = end;
    this.#stream = stream;
    this.#length = length;
    this.#salt = salt;
    this.#chunk = chunk;
    end.watch(stream, () => this.#pump());
    this.#pump();
  }

  #pump(): void {
    while (this.written < this.#length) {
      const wanted = Math.min(this.#chunk, this.#length - this.written);
      const room = Math.min(wanted, this.#stream.sending.room);
      if (room === 0) return;
      this.written += this.#end.write(
        this.#stream,
        saltedBytes(this.written, room, this.#salt),
      );
    }
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#end.finish(this.#stream);
  }
}

/** Reads whatever comes and checks it. */
export class StreamReader {
  /** Bytes that have come, and whether all of them were right. */
  bytes = 0;
  isGood = true;
  /** When the end of the stream was seen. */
  endedAt: number | undefined;
  /** While set, nothing is read. */
  isPaused = false;
  readonly #end: MuxEnd;
  readonly #stream: StreamMachine;
  readonly #salt: number;

  constructor(end: MuxEnd, stream: StreamMachine, salt = 0, isPaused = false) {
    this.#end = end;
    this.#stream = stream;
    this.#salt = salt;
    this.isPaused = isPaused;
    end.watch(stream, () => this.#pump());
    this.#pump();
  }

  /** Reads again. */
  resume(): void {
    this.isPaused = false;
    this.#pump();
  }

  #pump(): void {
    while (!this.isPaused && this.#stream.receiving.readable > 0) {
      for (const byte of this.#end.read(this.#stream)) {
        this.isGood &&= byte === byteAt(this.bytes++, this.#salt);
      }
    }
    if (!this.isPaused && this.#stream.isReadToEnd) this.endedAt ??= this.#end.now;
  }
}
