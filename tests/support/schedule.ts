interface Entry {
  readonly at: number;
  readonly number: number;
  readonly run: () => void;
}

/** Does things at given times of `performance.now()`, in the order of those times, with one timer. */
export class Schedule {
  /** A binary heap: an entry stands before the two at twice its place. */
  readonly #heap: Entry[] = [];
  #numbered = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;

  /** How many things are waiting. */
  get size(): number {
    return this.#heap.length;
  }

  /** Adds something; what has the same time runs in the order in which it was added. */
  add(at: number, run: () => void): void {
    const heap = this.#heap;
    const entry = { at, number: this.#numbered++, run };
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (isBefore(heap[parent]!, entry)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = entry;
    this.#arm();
  }

  /** Forgets everything that is waiting. */
  clear(): void {
    this.#heap.length = 0;
    this.#arm();
  }

  #arm(): void {
    const at = this.#heap[0]?.at ?? Infinity;
    if (at === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at < Infinity) {
      const wait = Math.max(0, at - performance.now());
      this.#timer = setTimeout(() => this.#wake(), wait);
    }
  }

  #wake(): void {
    this.#timerAt = Infinity;
    const now = performance.now();
    for (let next = this.#heap[0]; next && next.at <= now; next = this.#heap[0]) {
      this.#removeFirst();
      next.run();
    }
    this.#arm();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (child >= heap.length || isBefore(last, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
