/**
 * Moves bytes in and out of one byte stream.
 *
 * Whatever happens to the stream ends in exactly one call of its handler, `onEnd` or `onFailure`,
 * unless this end closes it first; and nothing here throws or leaves a promise behind that rejects
 * unheard. Here stands the guard of what comes over a stream (`fault.ts`): what the handler throws
 * goes to its `onFault`, which is to end the stream.
 *
 * @module
 */
import type { ByteStream } from "../host.ts";

/** What a pump tells. Called synchronously, one call at a time, and never after the pump was closed. */
export interface PumpHandler {
  /** Bytes have come. They are the handler's, and may be written to. */
  onBytes(bytes: Uint8Array): void;
  /** What was written has been taken: there is room for more. */
  onWritten(): void;
  /** The other end has closed its writing half: no more bytes come. */
  onEnd(): void;
  /** The stream is broken, in both directions. */
  onFailure(error: unknown): void;
  /** One of the others has thrown: a mistake of ours has come to light. */
  onFault(error: unknown): void;
}

/** The bytes of one stream. */
export class StreamPump {
  readonly #socket: ByteStream;
  readonly #handler: PumpHandler;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #isWriting = false;
  #isFinished = false;
  #isOver = false;

  /** @param socket Is the pump's from now on. */
  constructor(socket: ByteStream, handler: PumpHandler) {
    this.#socket = socket;
    this.#handler = handler;
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
    // What goes wrong is told by the reads and the writes themselves.
    this.#reader.closed.catch(ignore);
    this.#writer.closed.catch(ignore);
    this.#writer.ready.catch(ignore);
  }

  /** Whether something may be written now: one write at a time, and none after the last. */
  get canWrite(): boolean {
    return !this.#isWriting && !this.#isFinished && !this.#isOver;
  }

  /** Whether all that was written has been taken. */
  get isIdle(): boolean {
    return !this.#isWriting;
  }

  /** Begins to read. */
  start(): void {
    void this.#read();
  }

  /**
   * Writes bytes; `canWrite` must be true.
   *
   * @param bytes Must not change any more: the stream may keep them after it has taken them.
   */
  write(bytes: Uint8Array): void {
    this.#isWriting = true;
    this.#writer.write(bytes).then(() => {
      this.#isWriting = false;
      if (!this.#isOver) this.#tell(() => this.#handler.onWritten());
    }, (error) => this.#fail(error));
  }

  /** Closes the writing half, after all that was written; doing so twice is harmless. */
  finish(): void {
    if (this.#isFinished || this.#isOver) return;
    this.#isFinished = true;
    this.#writer.close().catch((error) => this.#fail(error));
  }

  /** Ends the stream in order: what was written still goes out, what comes is of no interest. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#letGo();
  }

  /** Cuts the stream at once: what is on its way may be lost. */
  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#writer.abort().catch(ignore);
    this.#letGo();
  }

  async #read(): Promise<void> {
    for (;;) {
      let bytes: Uint8Array | undefined;
      try {
        bytes = (await this.#reader.read()).value;
      } catch (error) {
        return this.#fail(error);
      }
      if (this.#isOver) return;
      const come = bytes;
      if (come === undefined) return this.#tell(() => this.#handler.onEnd());
      this.#tell(() => this.#handler.onBytes(come));
      // Whatever is done with the bytes may have closed it.
      if (this.#isOver) return;
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#writer.abort().catch(ignore);
    this.#letGo();
    this.#tell(() => this.#handler.onFailure(error));
  }

  #tell(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#handler.onFault(error);
    }
  }

  #letGo(): void {
    try {
      this.#socket.close();
    } catch {
      // A stream that somebody else has made may refuse to be closed twice, as Deno's does after its end.
    }
    // A read that waits would wait for ever where a closed stream gives no end.
    this.#reader.cancel().catch(ignore);
  }
}

function ignore(): void {}
