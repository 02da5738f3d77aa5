/**
 * Who is to be called when, of many who change their minds all the time.
 *
 * A binary heap in which everybody stands once. Most deadlines only move away: whoever puts off a call
 * is left where it stands, and asked again when its turn has come. So putting off costs nothing, and
 * everything else the logarithm of how many there are.
 *
 * @module
 */

interface Entry<T> {
  readonly item: T;
  at: number;
  place: number;
}

/** The deadlines of many. All times in ms. */
export class DeadlineHeap<T> {
  /** Each is due no later than the two behind it: those of place p stand at 2p + 1 and 2p + 2. */
  readonly #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();

  /** When the first is due, or a little before; Infinity: nobody waits. */
  get deadline(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Somebody wants to be called then; Infinity: not at all. */
  set(item: T, at: number): void {
    const entry = this.#entries.get(item);
    if (at === Infinity) {
      if (entry !== undefined) this.#remove(entry);
    } else if (entry === undefined) {
      const added = { item, at, place: this.#heap.length };
      this.#entries.set(item, added);
      this.#heap.push(added);
      this.#rise(added);
    } else if (at < entry.at) {
      entry.at = at;
      this.#rise(entry);
    }
  }

  /** Takes out all whose time has come. */
  takeDue(now: number): T[] {
    const due: T[] = [];
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#remove(first);
      due.push(first.item);
    }
    return due;
  }

  #remove(entry: Entry<T>): void {
    this.#entries.delete(entry.item);
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, entry.place);
    this.#rise(last);
    this.#sink(last);
  }

  #put(entry: Entry<T>, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }

  #rise(entry: Entry<T>): void {
    while (entry.place > 0) {
      const { place } = entry;
      const above = this.#heap[place - 1 >> 1]!;
      if (above.at <= entry.at) return;
      this.#put(entry, above.place);
      this.#put(above, place);
    }
  }

  #sink(entry: Entry<T>): void {
    for (;;) {
      const { place } = entry;
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const least = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (least === undefined || least.at >= entry.at) return;
      this.#put(entry, least.place);
      this.#put(least, place);
    }
  }
}
