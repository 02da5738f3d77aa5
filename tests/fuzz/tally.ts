/**
 * What became of each kind of input.
 */

/** A tally of one campaign. */
export class Tally {
  readonly #counts = new Map<string, { made: number; taken: number; refused: number }>();

  /** An input was made, and taken, refused, or not looked at. */
  add(kind: string, isTaken: boolean | undefined): void {
    let counts = this.#counts.get(kind);
    if (counts === undefined) {
      counts = { made: 0, taken: 0, refused: 0 };
      this.#counts.set(kind, counts);
    }
    counts.made++;
    if (isTaken === true) counts.taken++;
    if (isTaken === false) counts.refused++;
  }

  /** How many inputs of a kind were taken. */
  taken(kind: string): number {
    return this.#counts.get(kind)?.taken ?? 0;
  }

  /** A line for each kind: how many were made, and of those that were looked at how many were taken. */
  lines(): string[] {
    return [...this.#counts].sort(([a], [b]) => a < b ? -1 : 1).map(([kind, counts]) => {
      const { made, taken, refused } = counts;
      const share = taken + refused === 0
        ? "-"
        : `${Math.round(taken / (taken + refused) * 100)} %`;
      return `  ${kind.padEnd(16)} ${String(made).padStart(10)} made ${share.padStart(6)} taken`;
    });
  }
}
