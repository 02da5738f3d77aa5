/**
 * Words for command lines that people paste into a shell.
 *
 * @module
 */

/** Writes a word so that a shell takes it as it is: in quotes where it must be. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
