/**
 * The streams of a session: their ids, their timers, and whose turn it is.
 *
 * Both ends draw ids from one space of 65,536. The original draws at random; ours takes even ids as
 * client and odd ones as server, one after another, so that two ends of our kind never open the same
 * one and an id rests for as long as possible before it is used again.
 *
 * @module
 */
import type { Random } from "../random.ts";
import { ClosedStreams } from "./closed_streams.ts";
import { DeadlineHeap } from "./deadline_heap.ts";
import type { StreamContext } from "./stream_context.ts";
import { StreamMachine } from "./stream_machine.ts";

// Protocol constants.

const IDS = 65_536;

// Tuning.

/** Streams that the other side may have open: a browser has some hundred. */
export const MOST_STREAMS = 1_024;

/** All live streams. All times in ms. */
export class StreamTable {
  readonly #context: StreamContext;
  readonly #mostIncoming: number;
  readonly #streams = new Map<number, StreamMachine>();
  readonly #incoming = new Set<StreamMachine>();
  readonly #closed: ClosedStreams;
  readonly #timed = new DeadlineHeap<StreamMachine>();
  /** Streams that owe a message, and streams that have data: a Set keeps the order of turns. */
  readonly #owing = new Set<StreamMachine>();
  readonly #sending = new Set<StreamMachine>();
  #nextId: number;

  /** @param mostIncoming Streams that the other side may have open. */
  constructor(
    role: "client" | "server",
    random: Random,
    context: StreamContext,
    mostIncoming: number = MOST_STREAMS,
  ) {
    this.#context = context;
    this.#mostIncoming = mostIncoming;
    this.#closed = new ClosedStreams((bytes) => context.budget.use(bytes));
    this.#nextId = random.between(0, IDS / 2 - 1) * 2 + (role === "server" ? 1 : 0);
  }

  /** Streams open now. */
  get size(): number {
    return this.#streams.size;
  }

  /** All of them. */
  values(): IterableIterator<StreamMachine> {
    return this.#streams.values();
  }

  /** The stream of that id. */
  get(id: number): StreamMachine | undefined {
    return this.#streams.get(id);
  }

  /** Whether the id belonged to a stream that has ended lately. */
  isResting(id: number, now: number): boolean {
    return this.#closed.has(id, now);
  }

  /** Where the other side's half of a stream ended that was closed lately by both ends. */
  endOf(id: number, now: number): number | undefined {
    return this.#closed.endOf(id, now);
  }

  /** Whether a Rst for a stream that is not there is to be answered: our own kind repeats it until it is. */
  get answersRsts(): boolean {
    return this.#context.isOwnKind;
  }

  /** Opens a stream at this end; `undefined` when no id is free. */
  open(info: string, now: number): StreamMachine | undefined {
    const id = this.#freeId(now);
    return id === undefined ? undefined : this.#add(id, info, true, now);
  }

  /** Opens a stream that the other side asked for; `undefined` when there is no room for it. */
  accept(id: number, info: string, now: number): StreamMachine | undefined {
    const hasRoom = this.#incoming.size < this.#mostIncoming &&
      this.#context.budget.hasRoomForStream();
    if (!hasRoom) return undefined;
    const stream = this.#add(id, info, false, now);
    this.#incoming.add(stream);
    return stream;
  }

  /** Gives a stream another id: the other side has opened one with the same. */
  renumber(stream: StreamMachine, now: number): void {
    const id = this.#freeId(now);
    this.#streams.delete(stream.id);
    if (id === undefined) return this.#context.budget.onStreamClosed();
    stream.renumber(id);
    this.#streams.set(id, stream);
    this.schedule(stream, now);
  }

  /** To be called after anything about a stream has changed. */
  schedule(stream: StreamMachine, now: number): void {
    const owes = stream.owed !== undefined;
    if (owes) this.#owing.add(stream);
    if (stream.phase === "closed" && !owes) {
      this.#remove(stream, now);
      return;
    }
    if (stream.hasData || stream.room.isDue) this.#sending.add(stream);
    this.#timed.set(stream, stream.deadline);
  }

  /** When {@linkcode handleTimeout} wants to be called; may be too early. */
  get deadline(): number {
    return Math.min(this.#timed.deadline, this.#closed.deadline);
  }

  /** Deadlines may have passed; tells of each stream whose deadline has. */
  handleTimeout(now: number, onStream: (stream: StreamMachine) => void): void {
    if (now >= this.#closed.deadline) this.#closed.handleTimeout(now);
    for (const stream of this.#timed.takeDue(now)) {
      if (now < stream.deadline) {
        this.#timed.set(stream, stream.deadline);
        continue;
      }
      stream.handleTimeout(now);
      this.schedule(stream, now);
      onStream(stream);
    }
  }

  /** The stream that has owed a message for longest. */
  nextOwing(): StreamMachine | undefined {
    return takeFirst(this.#owing, (stream) => stream.owed !== undefined);
  }

  /** The stream with data whose turn it is. */
  nextSending(): StreamMachine | undefined {
    return takeFirst(this.#sending, (stream) => stream.hasData || stream.room.isDue);
  }

  /** Whether any stream has data. */
  get hasData(): boolean {
    return this.#sending.size > 0;
  }

  /** Segments of so many bytes still to be sent for the first time, on all streams; at most `most`. */
  segmentsLeft(length: number, most: number): number {
    let sum = 0;
    for (const stream of this.#sending) {
      sum += Math.max(1, Math.ceil(stream.sending.unsent / length));
      if (sum >= most) return most;
    }
    return sum;
  }

  #add(id: number, info: string, isOpener: boolean, now: number): StreamMachine {
    const stream = new StreamMachine(id, info, isOpener, this.#context, now);
    this.#streams.set(id, stream);
    this.#context.budget.onStreamOpened();
    this.schedule(stream, now);
    return stream;
  }

  #remove(stream: StreamMachine, now: number): void {
    this.#timed.set(stream, Infinity);
    this.#sending.delete(stream);
    this.#incoming.delete(stream);
    if (this.#streams.get(stream.id) !== stream) return;
    this.#streams.delete(stream.id);
    this.#context.budget.onStreamClosed();
    const { isComplete, end } = stream.receiving;
    const isAtPeace = isComplete && stream.end?.error === undefined;
    this.#closed.add(stream.id, isAtPeace ? end : undefined, now);
  }

  #freeId(now: number): number | undefined {
    for (let tries = 0; tries < IDS / 2; tries++) {
      const id = this.#nextId;
      this.#nextId = (this.#nextId + 2) % IDS;
      if (!this.#streams.has(id) && !this.#closed.has(id, now)) return id;
    }
    return undefined;
  }
}

function takeFirst(
  streams: Set<StreamMachine>,
  isWanted: (stream: StreamMachine) => boolean,
): StreamMachine | undefined {
  for (const stream of streams) {
    streams.delete(stream);
    if (isWanted(stream)) return stream;
  }
  return undefined;
}
