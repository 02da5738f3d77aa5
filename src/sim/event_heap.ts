/**
 * What is to happen, in order: by time, and at equal times as it was added.
 *
 * @module
 */

// Tuning.

/** Below so many entries nothing is gained by sweeping out those that were cancelled. */
const SWEEP_FROM = 1024;

/** Something that is to happen. Disposing it takes it back; doing so afterwards is harmless. */
export class ScheduledEvent implements Disposable {
  /** When, ms. */
  readonly at: number;
  /** Decides at equal times. */
  readonly order: number;
  #run: (() => void) | undefined;

  /** Made by the heap. */
  constructor(at: number, order: number, run: () => void) {
    this.at = at;
    this.order = order;
    this.#run = run;
  }

  /** Whether it was taken back, or has happened. */
  get isOver(): boolean {
    return this.#run === undefined;
  }

  /** Lets it happen. */
  happen(): void {
    const run = this.#run;
    this.#run = undefined;
    run?.();
  }

  [Symbol.dispose](): void {
    this.#run = undefined;
  }
}

/** A binary heap of events: each stands before the two at twice its place. */
export class EventHeap {
  #heap: ScheduledEvent[] = [];
  #order = 0;
  #sweepAt = SWEEP_FROM;

  /** How many were not taken back. */
  get size(): number {
    return this.#heap.filter((event) => !event.isOver).length;
  }

  /** How many entries it holds, those that were taken back and not swept out yet included. */
  get entries(): number {
    return this.#heap.length;
  }

  /** The first event that was not taken back. */
  get first(): ScheduledEvent | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || !first.isOver) return first;
      this.removeFirst();
    }
  }

  /** Adds an event. */
  add(at: number, run: () => void): ScheduledEvent {
    if (this.#heap.length >= this.#sweepAt) this.#sweep();
    const event = new ScheduledEvent(at, this.#order++, run);
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      const above = heap[parent]!;
      if (isBefore(above, event)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
    return event;
  }

  /** Removes the first entry. */
  removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    const { length } = heap;
    if (last === undefined || length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      const below = heap[child]!;
      if (isBefore(last, below)) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  }

  /** Forgets everything. */
  clear(): void {
    this.#heap = [];
  }

  /** An alarm that is set again and again leaves many entries behind that lie far away. */
  #sweep(): void {
    // In order they are a heap too.
    this.#heap = this.#heap.filter((event) => !event.isOver)
      .sort((a, b) => a.at - b.at || a.order - b.order);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * this.#heap.length);
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
