/**
 * Which hellos a listener has answered, over all its carriers and also before its start.
 *
 * What is answered is told to the replay store at once, and not waited for: the core stays
 * synchronous, and a store that hangs holds nobody up. When many writes are under way, as after a
 * burst, what comes then waits and is written together. A store that falls behind even so, or fails, is
 * written anew as a whole as soon as it can be, so one that has recovered lacks nothing. It is written anew
 * too when half of it is no longer of use. Another listener may share it: what that one has added is
 * taken over before.
 *
 * @module
 */
import { HelloFilter, type HelloRecord } from "../handshake/hello_filter.ts";
import { HelloJournal, MOST_RECORDS } from "../handshake/hello_journal.ts";
import type { Host, ReplayStore } from "../host.ts";
import { Random } from "../random.ts";
import { unlessAborted } from "../transport/unless_aborted.ts";
import { Alarm } from "./alarm.ts";

// Tuning.

/** Writes under way at the most: what comes then goes together in the next one. */
const MOST_WRITES = 64;

/** How long to leave a store alone that failed, ms: a full disk stays full for a while. */
const RETRY_DELAY = 1_000;

/** Bytes that the store may hold before it is written anew: some 1,500 hellos. */
const LEAST_SIZE = 65_536;

/** By how much it may grow before it is: it costs as much as it saves then. */
const MOST_GROWTH = 2;

/** How long the end of a listener waits for writes, ms. */
const CLOSE_TIMEOUT = 1_000;

/** What a listener knows of the hellos that it, or another listener with its key, has answered. */
export interface HelloStats {
  /**
   * What was known at the start. `"all"`: every hello that was answered before; `"nothing"`, or nothing
   * of that minute; `"damaged"`: a part of the replay store could not be read. Unless it is `"all"`
   * only hellos of minutes are answered that began after the start.
   */
  readonly past: "all" | "nothing" | "damaged";
  /** Hellos that got no answer because nobody knows whether they had one before. */
  readonly refused: number;
  /** Hellos that are remembered now. */
  readonly remembered: number;
  /** Calls of the replay store that failed. What they were to write is written later. */
  readonly storeErrors: number;
}

/** Settings of a {@linkcode HelloMemory}. */
export interface HelloMemoryOptions {
  /** The server's, 32 bytes. */
  readonly secretKey: Uint8Array;
  /** Instead of the host's. */
  readonly replayStore?: ReplayStore;
  /** Whether nothing was ever answered under the key. */
  readonly freshKey?: boolean;
  /** Ends the wait for the store. */
  readonly signal?: AbortSignal;
}

/** Remembers hellos. Made by {@linkcode HelloMemory.open}. */
export class HelloMemory {
  readonly #host: Host;
  readonly #store: ReplayStore | undefined;
  readonly #filter: HelloFilter;
  readonly #journal: HelloJournal;
  readonly #alarm: Alarm;
  readonly #writes = new Set<Promise<void>>();
  /** What is to be written as soon as a write has settled. */
  #waiting: HelloRecord[] = [];
  #past: HelloStats["past"] = "nothing";
  /** Bytes in the store, and how many are too many. */
  #size = 0;
  #mostSize = Infinity;
  #storeErrors = 0;
  /** Whether the store lacks something. */
  #isBehind = false;
  #isRewriting = false;
  #isClosed = false;
  /** Whether the end does not wait any more: another listener may have the store now. */
  #isOver = false;
  #notBefore = -Infinity;

  /** Reads the store, if there is one. Rejects with what that rejects with, or the signal's reason. */
  static async open(host: Host, options: HelloMemoryOptions): Promise<HelloMemory> {
    const memory = new HelloMemory(host, options);
    await memory.#begin(options);
    return memory;
  }

  private constructor(host: Host, { secretKey, replayStore }: HelloMemoryOptions) {
    this.#host = host;
    this.#store = checkStore(replayStore ?? host.replayStore);
    this.#filter = new HelloFilter(secretKey);
    this.#journal = new HelloJournal(secretKey, new Random(host.random));
    this.#alarm = new Alarm(host, () => this.#catchUp());
  }

  /**
   * Whether a hello may be answered: it has not been seen before. From now on it has.
   *
   * @param id Bytes of the hello that its sender drew at random, and sealed.
   * @param minute That of the key which opened it, since 1970.
   * @param epochSeconds The clock by which it was opened.
   */
  isFresh(id: Uint8Array, minute: number, now: number, epochSeconds: number): boolean {
    const digest = this.#filter.accept(id, minute, now, epochSeconds);
    if (digest === undefined) return false;
    const store = this.#store;
    if (store === undefined) return true;
    if (!this.#isBehind) this.#waiting.push({ minute, digest });
    if (this.#writes.size < MOST_WRITES) this.#append(store);
    if (this.#waiting.length > MOST_RECORDS) this.#isBehind = true;
    if (this.#isBehind) this.#catchUp();
    return true;
  }

  /** What is known, and what has been counted. */
  stats(): HelloStats {
    const { size: remembered, refused } = this.#filter;
    return { past: this.#past, refused, remembered, storeErrors: this.#storeErrors };
  }

  /** Writes no more, and waits a little for what is being written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#alarm.cancel();
    if (this.#store !== undefined) this.#append(this.#store);
    if (this.#writes.size > 0) {
      const timeout = Promise.withResolvers<void>();
      const alarm = this.#host.setAlarm(this.#host.now() + CLOSE_TIMEOUT, timeout.resolve);
      await Promise.race([Promise.allSettled(this.#writes), timeout.promise]);
      alarm[Symbol.dispose]();
    }
    this.#isOver = true;
  }

  async #begin({ freshKey: isKeyFresh = false, signal }: HelloMemoryOptions): Promise<void> {
    const stored = await unlessAborted(this.#load(), signal);
    const epochSeconds = this.#host.epochSeconds();
    const isRead = stored !== undefined && this.#journal.read(stored, this.#filter);
    if (isRead || isKeyFresh) {
      // One who did not know either may have begun in this very minute.
      this.#past = this.#filter.isClosed(Math.floor(epochSeconds / 60)) ? "nothing" : "all";
    } else {
      this.#past = stored === undefined ? "nothing" : "damaged";
      this.#filter.distrust(this.#host.now(), epochSeconds);
    }
    if (this.#store === undefined) return;
    if (isRead && stored.length <= LEAST_SIZE) this.#setSize(stored.length);
    else await unlessAborted(this.#replace(this.#store), signal);
  }

  async #load(): Promise<Uint8Array | undefined> {
    const stored: unknown = await this.#store?.load();
    if (stored === undefined || stored instanceof Uint8Array) return stored;
    throw new TypeError("replayStore.load() must give a Uint8Array or undefined");
  }

  /** Adds what waits, unless all is to be written anew. */
  #append(store: ReplayStore): void {
    if (this.#waiting.length === 0 || this.#isBehind) return;
    const bytes = this.#journal.add(this.#waiting);
    this.#waiting = [];
    this.#size += bytes.length;
    this.#track(() => store.append(bytes));
    if (this.#size > this.#mostSize && !this.#isClosed) this.#rewrite(store);
  }

  async #replace(store: ReplayStore): Promise<void> {
    this.#isBehind = false;
    this.#waiting = [];
    const bytes = this.#journal.write(this.#filter);
    this.#setSize(bytes.length);
    await store.replace(bytes);
  }

  #setSize(size: number): void {
    this.#size = size;
    this.#mostSize = Math.max(LEAST_SIZE, size * MOST_GROWTH);
  }

  /** What the store lacks is written as soon as it is left alone no longer. */
  #catchUp(): void {
    if (this.#store === undefined || this.#isClosed) return;
    if (this.#host.now() < this.#notBefore) this.#alarm.set(this.#notBefore);
    else this.#rewrite(this.#store);
  }

  #rewrite(store: ReplayStore): void {
    if (this.#isRewriting) return;
    this.#isRewriting = true;
    this.#track(async () => {
      try {
        const stored = await this.#load();
        // What others have added since would be lost.
        if (this.#isOver) return;
        if (stored !== undefined) this.#journal.read(stored, this.#filter);
        await this.#replace(store);
      } finally {
        this.#isRewriting = false;
      }
    });
  }

  /** The part of a write that is synchronous has been done when this returns. */
  #track(write: () => Promise<void>): void {
    const writing = (async () => {
      try {
        await write();
      } catch {
        this.#storeErrors++;
        this.#isBehind = true;
        this.#notBefore = this.#host.now() + RETRY_DELAY;
      }
    })().finally(() => {
      this.#writes.delete(writing);
      if (this.#isBehind) this.#catchUp();
      else if (this.#store !== undefined && !this.#isOver) this.#append(this.#store);
    });
    this.#writes.add(writing);
  }
}

function checkStore(store: ReplayStore | undefined): ReplayStore | undefined {
  for (const name of ["load", "append", "replace"] as const) {
    if (store !== undefined && typeof store[name] !== "function") {
      throw new TypeError(`replayStore must have a function ${name}`);
    }
  }
  return store;
}
