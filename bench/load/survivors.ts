/**
 * Counts objects that have been made and not yet been collected.
 *
 * @module
 */

/** How many objects of each kind there are still, garbage included that nobody has collected. */
export class Survivors {
  readonly #counts = new Map<string, number>();
  readonly #registry = new FinalizationRegistry<string>((kind) => this.#add(kind, -1));

  /** Watches an object. */
  watch<T extends object>(kind: string, object: T): T {
    this.#registry.register(object, kind);
    this.#add(kind, 1);
    return object;
  }

  /** How many of each kind are left. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #add(kind: string, change: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + change);
  }
}
