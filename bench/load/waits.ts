/**
 * A ledger of the waits that are under way: none may outlive its documented time.
 *
 * @module
 */

interface Wait {
  readonly what: string;
  readonly until: number;
}

/** What waits. */
export class Waits {
  readonly #open = new Set<Wait>();

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** What they wait for, each once. */
  get names(): string[] {
    return [...new Set([...this.#open].map(({ what }) => what))].sort();
  }

  /**
   * Notes a wait until it has settled.
   *
   * @param limit How long it may take, ms.
   */
  async of<T>(what: string, promise: Promise<T>, limit: number = Infinity): Promise<T> {
    const wait = { what, until: performance.now() + limit };
    this.#open.add(wait);
    try {
      return await promise;
    } finally {
      this.#open.delete(wait);
    }
  }

  /** Takes those out that have taken too long, and says what they waited for. */
  takeOverdue(): string[] {
    const now = performance.now();
    const overdue = [...this.#open].filter(({ until }) => until < now);
    for (const wait of overdue) this.#open.delete(wait);
    return overdue.map(({ what }) => what);
  }
}
