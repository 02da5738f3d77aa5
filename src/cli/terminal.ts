/**
 * Drawing over what was drawn before.
 *
 * @module
 */

/** What is needed of `process.stderr`. */
export interface Screen {
  readonly isTTY?: boolean;
  /** Takes text at once. */
  write(text: string): unknown;
}

/**
 * Makes what draws some lines over those that it drew before.
 *
 * @returns `undefined` where there is no terminal.
 */
export function drawOver(screen: Screen): ((lines: readonly string[]) => void) | undefined {
  if (screen.isTTY !== true) return undefined;
  let drawn = 0;
  return (lines) => {
    const up = drawn > 0 ? `\x1b[${drawn}A` : "";
    drawn = lines.length;
    // Cleared line by line and not at once, or it would flicker.
    screen.write(`${up}\r${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
  };
}
