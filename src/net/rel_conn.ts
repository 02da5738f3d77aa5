/**
 * A stream as programs see it.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { ReliableLane } from "../mux/reliable_lane.ts";
import type { StreamMachine } from "../mux/stream_machine.ts";
import { MOST_RESET_CODE, type ResetCause } from "../wire/reset_cause.ts";
import type { Closure, RelConn, WaitOptions } from "./contract.ts";
import type { SessionDriver } from "./driver.ts";
import { Waiters } from "./waiters.ts";

// Tuning.

/** Largest chunk of `readable`, bytes: a web stream costs the same for a byte and for 64 KiB. */
const CHUNK = 65_536;

/**
 * Chunks that follow one another within this time, ms, are collected for a millisecond: bulk then
 * comes in big chunks, and a single message without delay.
 */
const BULK_GAP = 2;
const COLLECT_DELAY = 1;

/** A {@linkcode RelConn} on a stream machine. */
export class DrivenRelConn implements RelConn {
  readonly closed: Promise<Closure>;
  readonly info: string;
  readonly #stream: StreamMachine;
  readonly #lane: ReliableLane;
  readonly #driver: SessionDriver;
  readonly #resolveClosed: (closure: Closure) => void;
  /** At most one each; woken at every change, they look for themselves. */
  readonly #readers = new Waiters<void>();
  readonly #writers = new Waiters<void>();
  readonly #openers = new Waiters<void>();
  #isReading = false;
  #isWriting = false;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  constructor(stream: StreamMachine, lane: ReliableLane, driver: SessionDriver) {
    const { promise, resolve } = Promise.withResolvers<Closure>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.info = stream.info;
    this.#stream = stream;
    this.#lane = lane;
    this.#driver = driver;
  }

  get id(): number {
    return this.#stream.id;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= this.#makeReadable();
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream({
      write: (chunk) => this.write(chunk),
      close: () => this.closeWrite(),
      abort: () => this.reset(),
    });
  }

  async read(into: Uint8Array, { signal }: WaitOptions = {}): Promise<number | null> {
    if (into.length === 0) throw new RangeError("into must hold at least one byte");
    if (this.#isReading) throw new TypeError("another read of this stream is under way");
    this.#isReading = true;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const count = this.#lane.read(this.#stream, into, this.#now());
        if (count > 0) {
          this.#driver.flush();
          return count;
        }
        if (this.#stream.isReadToEnd) return null;
        const end = this.#stream.end;
        if (end?.error !== undefined) throw end.error;
        await this.#readers.wait(signal);
      }
    } finally {
      this.#isReading = false;
    }
  }

  async write(chunk: Uint8Array, { signal }: WaitOptions = {}): Promise<void> {
    if (this.#isWriting) throw new TypeError("another write to this stream is under way");
    this.#isWriting = true;
    try {
      let rest = chunk;
      for (;;) {
        signal?.throwIfAborted();
        this.#assertWritable();
        const count = this.#lane.write(this.#stream, rest, this.#now());
        if (count > 0) this.#driver.flush();
        rest = rest.subarray(count);
        if (rest.length === 0) return;
        if (this.#stream.sending.room === 0) await this.#writers.wait(signal);
      }
    } finally {
      this.#isWriting = false;
    }
  }

  closeWrite(): void {
    if (this.#stream.end !== undefined) return;
    this.#lane.finish(this.#stream, this.#now());
    this.#writers.resolveFirst();
    this.#driver.flush();
  }

  async close(): Promise<void> {
    this.closeWrite();
    this.#discard();
    await this.closed;
  }

  reset(code?: number): void {
    if (code === undefined) return this.cut();
    if (!Number.isInteger(code) || code < 0 || code > MOST_RESET_CODE) {
      throw new RangeError(`code must be an integer from 0 to ${MOST_RESET_CODE}, got ${code}`);
    }
    this.cut({ kind: "program", code });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Cuts the stream; the other end is told the cause. */
  cut(cause?: ResetCause): void {
    if (this.#stream.end !== undefined) return;
    const error = new SosistabError("closed", "the stream was cut at this end");
    this.#lane.reset(this.#stream, { by: "local", error }, this.#now(), cause);
    this.#driver.flush();
  }

  /** Waits until the other end has agreed to the stream. */
  async whenOpen(signal: AbortSignal | undefined): Promise<void> {
    while (this.#stream.phase === "opening") await this.#openers.wait(signal);
    const error = this.#stream.end?.error;
    if (error !== undefined) throw error;
  }

  /** From the multiplex: something about the stream has changed. */
  onChange(): void {
    const stream = this.#stream;
    const end = stream.end;
    if (stream.receiving.readable > 0 || stream.isReadToEnd || end) this.#readers.resolveFirst();
    if (stream.sending.room > 0 || end) this.#writers.resolveFirst();
    if (stream.phase !== "opening") this.#openers.resolveFirst();
    if (end !== undefined) this.#resolveClosed(end);
  }

  #makeReadable(): ReadableStream<Uint8Array> {
    let lastAt = -Infinity;
    const memory = new Uint8Array(CHUNK);
    return new ReadableStream({
      pull: async (controller) => {
        if (this.#now() - lastAt < BULK_GAP && this.#stream.receiving.readable < CHUNK) {
          await this.#collect();
        }
        const count = await this.read(memory);
        lastAt = this.#now();
        if (count === null) controller.close();
        else controller.enqueue(memory.slice(0, count));
      },
      cancel: () => this.#discard(),
    }, { highWaterMark: 0 });
  }

  /** Nobody reads any more. What waits is given back even when the stream has ended by itself. */
  #discard(): void {
    this.#lane.discard(this.#stream, this.#now());
    this.#driver.flush();
  }

  #collect(): Promise<void> {
    const { host } = this.#driver.options;
    return new Promise((resolve) => void host.setAlarm(host.now() + COLLECT_DELAY, resolve));
  }

  #assertWritable(): void {
    const end = this.#stream.end;
    if (end !== undefined) throw end.error ?? new SosistabError("reset", "the stream has ended");
    if (this.#stream.sending.isFinished) {
      throw new SosistabError("closed", "the writing half of this stream was ended");
    }
  }

  #now(): number {
    return this.#driver.options.host.now();
  }
}
