/** Counters by name. */
export type Counts = Readonly<Record<string, number>>;

/** What has been counted between two looks, without what stayed as it was. */
export function grown(before: Counts, after: Counts): Counts {
  const names = Object.keys(after).filter((name) => after[name] !== before[name]);
  return Object.fromEntries(names.map((name) => [name, after[name]! - before[name]!]));
}
