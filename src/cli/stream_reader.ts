/**
 * Reads a Node stream piece by piece, into memory of the reader's.
 *
 * Async iteration will not do: its end destroys the stream, and with it the other direction of a
 * connection that is still in use.
 *
 * @module
 */
import type { Readable } from "node:stream";

/** A reader of one stream. Nothing is read ahead but what the stream itself buffers. */
export class StreamReader {
  readonly #stream: Readable;
  #rest: Uint8Array | undefined;
  #hasEnded = false;
  #error: unknown;
  #wake: () => void = () => {};

  /** Takes the stream over; it must not have been read before. */
  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.#hasEnded = true;
      this.#wake();
    });
    stream.on("error", (error) => {
      this.#error = error;
      this.#wake();
    });
    stream.on("close", () => {
      // A stream that is closed before its end was cut.
      if (!this.#hasEnded) this.#error ??= new Error("it was cut off");
      this.#wake();
    });
  }

  /**
   * Waits for data.
   *
   * @param into Filled from its start.
   * @returns How many bytes, at least 1; `null` at the end. Rejects with the stream's error.
   */
  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const chunk = this.#rest ?? this.#take();
      if (chunk !== undefined) {
        const length = Math.min(chunk.length, into.length);
        into.set(chunk.subarray(0, length));
        this.#rest = length < chunk.length ? chunk.subarray(length) : undefined;
        return length;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #take(): Uint8Array | undefined {
    const chunk: unknown = this.#stream.read();
    return chunk instanceof Uint8Array && chunk.length > 0 ? chunk : undefined;
  }
}
