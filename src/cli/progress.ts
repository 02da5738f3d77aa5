/**
 * How far something has come: a bar that is redrawn on a terminal, a line now and then elsewhere.
 *
 * @module
 */
import type { Reporter } from "./reporter.ts";
import { formatBytes, formatRate, megabitsPerSecond } from "./units.ts";

// Tuning.

/** How often to draw, ms: often enough to move, on a terminal; a line a second is enough to read. */
const BAR_INTERVAL = 100;
const LINE_INTERVAL = 1_000;

const BAR_WIDTH = 30;

/** Where progress is shown. */
export interface ProgressOptions {
  /** Who is told. */
  readonly reporter: Reporter;
  /** Bytes that there are in all; `undefined`: nobody knows. */
  readonly total: number | undefined;
  /** Draws over the line that was drawn before; without it there are lines. */
  readonly redraw: ((line: string) => void) | undefined;
}

/** The progress of one transfer, of which it is told as often as there is news. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #interval: number;
  #shownAt = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#interval = options.redraw ? BAR_INTERVAL : LINE_INTERVAL;
  }

  /** @param seconds Since the beginning. */
  update(bytes: number, seconds: number): void {
    if (seconds * 1000 - this.#shownAt < this.#interval) return;
    this.#shownAt = seconds * 1000;
    const { reporter, total, redraw } = this.#options;
    const line = formatProgress(bytes, total, seconds, redraw !== undefined);
    if (redraw) redraw(line);
    else reporter.event("progress", { bytes, total, seconds }, line);
  }

  /** Takes the bar away. */
  end(): void {
    this.#options.redraw?.("");
  }
}

/**
 * Writes how far a transfer has come, how fast it is and how long it will take.
 *
 * @param hasBar Whether to draw a bar.
 */
export function formatProgress(
  bytes: number,
  total: number | undefined,
  seconds: number,
  hasBar: boolean,
): string {
  const rate = formatRate(megabitsPerSecond(bytes, seconds));
  if (total === undefined) return `  ${formatBytes(bytes)}  ${rate}`;
  const part = total > 0 ? Math.min(1, bytes / total) : 1;
  const bar = hasBar ? `${drawBar(part)} ` : "";
  const left = bytes > 0 ? `  ${Math.ceil(seconds / bytes * (total - bytes))} s left` : "";
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  return `  ${bar}${percent}  ${formatBytes(bytes)} of ${formatBytes(total)}  ${rate}${left}`;
}

function drawBar(part: number): string {
  const full = Math.floor(part * BAR_WIDTH);
  return "█".repeat(full) + "░".repeat(BAR_WIDTH - full);
}
