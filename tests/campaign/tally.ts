/**
 * Counts what a campaign has done, so that one which never does something is seen.
 */

/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** It has happened once more. */
  add(name: string, count = 1): void {
    this.#counts.set(name, this.count(name) + count);
  }

  /** How often it has happened. */
  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Adds all that another one has counted. */
  addAll(other: Tally): void {
    for (const [name, count] of other.#counts) this.add(name, count);
  }

  /** All of it, the most frequent of each kind first; a kind stands before the colon of a name. */
  toString(): string {
    const kinds = new Map<string, [string, number][]>();
    for (const [name, count] of this.#counts) {
      const [kind = "", ...rest] = name.split(": ");
      kinds.set(kind, [...kinds.get(kind) ?? [], [rest.join(": "), count]]);
    }
    return [...kinds].sort(([a], [b]) => a < b ? -1 : 1).map(([kind, counts]) =>
      `${kind}: ${
        counts.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
          .map(([name, count]) => `${name} ${count}`).join(", ")
      }`
    ).join("\n");
  }
}
