/**
 * Programs on the two ends of a stream: one writes bytes that tell their place, one checks them.
 */
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import type { MuxEnd, MuxPair } from "./mux_pair.ts";
import { saltedByte, saltedBytes } from "./salted_bytes.ts";

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
      const bytes = saltedBytes(this.written, room, this.#salt);
      // To write may call this again.
      this.written += room;
      this.#end.write(this.#stream, bytes);
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
  #isPumping = false;

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
    if (this.#isPumping || this.isPaused) return;
    this.#isPumping = true;
    while (this.#stream.receiving.readable > 0) {
      for (const byte of this.#end.read(this.#stream)) {
        if (byte !== saltedByte(this.bytes++, this.#salt)) this.isGood = false;
      }
    }
    this.#isPumping = false;
    if (this.#stream.isReadToEnd) this.endedAt ??= this.#end.now;
  }
}

/** Bytes that go both ways over some streams at once. */
export interface Exchange {
  readonly writers: StreamWriter[];
  readonly readers: StreamReader[];
  readonly streams: StreamMachine[];
}

/** The client opens streams, and both ends write so many bytes on each and read all. */
export function startExchange(pair: MuxPair, count: number, up: number, down = up): Exchange {
  const exchange: Exchange = { writers: [], readers: [], streams: [] };
  const join = (end: MuxEnd, stream: StreamMachine, length: number, salt: number) => {
    exchange.streams.push(stream);
    exchange.readers.push(new StreamReader(end, stream, salt ^ 1));
    exchange.writers.push(new StreamWriter(end, stream, length, salt));
  };
  pair.server.onIncoming = (stream) => join(pair.server, stream, down, 2 * Number(stream.info) + 1);
  for (let i = 0; i < count; i++) join(pair.client, pair.client.open(`${i}`), up, 2 * i);
  return exchange;
}

/** Runs until both ends have closed all streams and wait for nothing; fails when they do not. */
export function finishExchange(
  pair: MuxPair,
  exchange: Exchange,
  count: number,
  limit: number,
): void {
  const { readers, writers, streams } = exchange;
  const ends = [pair.client, pair.server];
  const isDone = () =>
    readers.length === 2 * count && readers.every(({ endedAt }) => endedAt !== undefined) &&
    ends.every(({ mux }) => mux.stats.streams === 0);
  if (!pair.run(limit, isDone)) {
    const found = readers.map(({ bytes, endedAt }) => `${bytes} ${endedAt ?? "open"}`);
    throw new Error(`not done after ${limit} ms: ${found.join(", ")}`);
  }
  for (const [i, reader] of readers.entries()) {
    const { written } = writers[(i + count) % (2 * count)]!;
    if (!reader.isGood || reader.bytes !== written) throw new Error(`stream ${i} is wrong`);
  }
  for (const { end } of streams) if (end?.error !== undefined) throw end.error;
  assertQuiet(pair);
}

/** Fails unless both ends have come to rest within minutes: a ping may have to be repeated. */
export function assertQuiet(pair: MuxPair): void {
  pair.run(300_000);
  for (const { mux } of [pair.client, pair.server]) {
    const { streams } = mux.stats;
    if (streams > 0) throw new Error(`${streams} streams are left`);
    if (mux.deadline < Infinity) throw new Error(`waits for ${mux.deadline}`);
  }
}
