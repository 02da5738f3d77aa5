/**
 * Rebuilds lost bodies out of what has come.
 *
 * The sender numbers its data frames and groups them into *runs*. A parity frame tells which run it
 * belongs to, and holds one parity shard of it. The rules:
 *
 *  - a run is rebuilt as soon as its data and parity are as many as its data frames, whichever of
 *    them comes last;
 *  - a body is given out once, and never one that came by itself: none is given out that lies
 *    below the window of bodies that are kept, as nobody knows any more whether it came;
 *  - a run is done when all of its bodies are there. When rebuilding gave a shard that cannot be
 *    one, the parity was wrong: it is forgotten, so that a liar pays for each try with new frames;
 *  - when too many runs are open the oldest gives way, by number: parity frames are not protected
 *    against replay, and what is replayed is old.
 *
 * Whatever is in a parity frame was sent by the other end of an authenticated session, and may
 * still be nonsense. It is ignored then.
 *
 * @module
 */
import { BODY_WINDOW, BodyWindow } from "./body_window.ts";
import { type ParityShard, rebuildBodies } from "./reed_solomon.ts";

// Tuning.

/** Data frames in a run, at most: four times what the original sends. */
const MAX_DATA_COUNT = 64;

/** Parity frames of a run, at most: twice what the original sends. */
const MAX_PARITY_COUNT = 64;

/** Bytes of a shard: a length prefix alone, up to what fits into a packet. */
const LEAST_PAD_SIZE = 2;
const MAX_PAD_SIZE = 1500;

/** How far above the highest frame number a run may begin: the whole of it may have been lost. */
const MAX_AHEAD = 256;

/** Runs remembered, open and done. The original remembers 10. */
const MAX_RUNS = 16;

/** Bodies that wait to be polled, at most: more than one call can give. */
const MAX_READY = BODY_WINDOW + MAX_AHEAD + MAX_DATA_COUNT;

/** The part of a parity frame that a {@linkcode Recoverer} reads. */
export interface Parity {
  /** The frame number of the first data frame in the run. */
  readonly runStart: number;
  /** Data frames in the run. */
  readonly dataCount: number;
  /** Parity frames that the run has. */
  readonly parityCount: number;
  /** Which of those this one is. */
  readonly parityIndex: number;
  /** Length of each shard. */
  readonly padSize: number;
  /** The parity shard. */
  readonly body: Uint8Array;
}

/** A body that did not come by itself. */
export interface RecoveredBody {
  /** The number of the data frame that was lost. */
  readonly frameNumber: number;
  /** What it carried. Belongs to the caller. */
  readonly body: Uint8Array;
}

/** Parity with the same four numbers belongs to the same run. */
interface Run {
  readonly runStart: number;
  readonly dataCount: number;
  readonly parityCount: number;
  readonly padSize: number;
  /** Of different indices; fewer than `dataCount`; none when the run is done. */
  shards: ParityShard[];
  done: boolean;
}

/**
 * Whether the numbers of a parity frame fit one another, and the limits that keep rebuilding
 * cheap. The sender of the original stays far inside them.
 */
export function isSoundParity(parity: Parity): boolean {
  const { runStart, dataCount, parityCount, parityIndex, padSize, body } = parity;
  return isWithin(dataCount, 1, MAX_DATA_COUNT) &&
    isWithin(parityCount, 1, MAX_PARITY_COUNT) &&
    isWithin(parityIndex, 0, parityCount - 1) &&
    isWithin(padSize, LEAST_PAD_SIZE, MAX_PAD_SIZE) && padSize === body.length &&
    isWithin(runStart, 0, Number.MAX_SAFE_INTEGER - dataCount + 1);
}

/** Recovery of one direction of one session. */
export class Recoverer {
  readonly #bodies = new BodyWindow();
  readonly #runs: Run[] = [];
  readonly #ready: RecoveredBody[] = [];
  #polled = 0;
  #recovered = 0;

  /** How many bodies have been rebuilt. */
  get recovered(): number {
    return this.#recovered;
  }

  /**
   * A data frame has come, for the first time.
   *
   * @param body At most as long as a packet; a copy is kept.
   */
  onData(frameNumber: number, body: Uint8Array): void {
    if (!this.#bodies.keep(frameNumber, body)) return;
    if (this.#runs.some((run) => !run.done && contains(run, frameNumber))) this.#rebuildRuns();
  }

  /** A parity frame has come. Its body is copied when it is of use. */
  onParity(parity: Parity): void {
    if (!isSoundParity(parity)) return;
    if (parity.runStart > this.#bodies.highest + MAX_AHEAD) return;
    if (!this.#bodies.covers(parity.runStart)) return;
    const run = this.#runOf(parity);
    if (run === undefined || run.done) return;
    if (this.#missingOf(run) === 0) {
      run.done = true;
      return;
    }
    const index = parity.parityIndex;
    if (run.shards.some((shard) => shard.index === index)) return;
    run.shards.push({ index, bytes: parity.body.slice() });
    this.#rebuildRuns();
  }

  /** The next rebuilt body, or `undefined`. To be asked until then after each call. */
  pollBody(): RecoveredBody | undefined {
    const next = this.#ready[this.#polled];
    if (next === undefined) {
      this.#ready.length = 0;
      this.#polled = 0;
    } else {
      this.#polled++;
    }
    return next;
  }

  /** The run of a parity frame, which may be a new one; `undefined` when there is no place. */
  #runOf({ runStart, dataCount, parityCount, padSize }: Parity): Run | undefined {
    let oldest = 0;
    for (const [i, run] of this.#runs.entries()) {
      if (
        run.runStart === runStart && run.dataCount === dataCount &&
        run.parityCount === parityCount && run.padSize === padSize
      ) {
        return run;
      }
      if (run.runStart < this.#runs[oldest]!.runStart) oldest = i;
    }
    const fresh: Run = { runStart, dataCount, parityCount, padSize, shards: [], done: false };
    if (this.#runs.length < MAX_RUNS) this.#runs.push(fresh);
    else if (runStart > this.#runs[oldest]!.runStart) this.#runs[oldest] = fresh;
    else return undefined;
    return fresh;
  }

  /** Rebuilds what can be, again after each success: runs may overlap and help one another. */
  #rebuildRuns(): void {
    while (this.#runs.some((run) => !run.done && this.#rebuild(run)));
  }

  /** Tries to complete a run; returns whether there are new bodies. */
  #rebuild(run: Run): boolean {
    const missing = this.#missingOf(run);
    if (missing === 0) {
      this.#finish(run);
      return false;
    }
    if (run.shards.length < missing) return false;
    const bodies = Array.from(
      { length: run.dataCount },
      (_, i) => this.#bodies.get(run.runStart + i),
    );
    const shards = run.shards.slice(0, missing);
    run.shards = [];
    const room = run.padSize - LEAST_PAD_SIZE;
    if (bodies.some((body) => body !== undefined && body.length > room)) return false;
    let found = 0;
    for (const { index, body } of rebuildBodies(bodies, shards)) {
      if (body !== undefined && this.#deliver(run.runStart + index, body)) found++;
    }
    if (found === missing) this.#finish(run);
    return found > 0;
  }

  #finish(run: Run): void {
    run.done = true;
    run.shards = [];
  }

  #deliver(frameNumber: number, body: Uint8Array): boolean {
    if (this.#ready.length >= MAX_READY || !this.#bodies.keep(frameNumber, body)) return false;
    this.#ready.push({ frameNumber, body });
    this.#recovered++;
    return true;
  }

  #missingOf({ runStart, dataCount }: Run): number {
    let missing = 0;
    for (let i = 0; i < dataCount; i++) if (!this.#bodies.has(runStart + i)) missing++;
    return missing;
  }
}

function contains({ runStart, dataCount }: Run, frameNumber: number): boolean {
  return frameNumber >= runStart && frameNumber < runStart + dataCount;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
