/**
 * Virtual time: events in order, run as fast as the machine allows.
 */

/** A pending event. */
interface Entry {
  readonly at: number;
  readonly order: number;
  run: () => void;
  isCancelled: boolean;
}

/** A queue of events. Events of the same time run in the order in which they were added. */
export class VirtualClock {
  #now = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  get now(): number {
    return this.#now;
  }

  /** How many events wait. */
  get pending(): number {
    return this.#heap.filter((entry) => !entry.isCancelled).length;
  }

  at(time: number, run: () => void): Disposable {
    const entry: Entry = {
      at: Math.max(time, this.#now),
      order: this.#order++,
      run,
      isCancelled: false,
    };
    this.#push(entry);
    return {
      [Symbol.dispose]: () => {
        entry.isCancelled = true;
        // The entry stays until its time has come; what it would have done need not.
        entry.run = NOTHING;
      },
    };
  }

  /** Runs the next event, if it is due by `until`; returns whether there was one. */
  step(until: number): boolean {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.at > until) break;
      this.#pop();
      if (first.isCancelled) continue;
      this.#now = first.at;
      first.run();
      return true;
    }
    this.#now = Math.max(this.#now, until);
    return false;
  }

  /** Runs everything that is due by `until`, promises not waited for. */
  run(until: number): void {
    while (this.step(until));
  }

  /** The same, and lets promises settle after each event. */
  async runAsync(until: number): Promise<void> {
    await settle();
    while (this.step(until)) await settle();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

const NOTHING = () => {};

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Lets everything that is ready to run, run: several turns of the microtask queue. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await null;
}
