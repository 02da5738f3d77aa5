/**
 * Time on Deno, Bun and Node: the clocks, and alarms that ring at an instant of the monotonic one.
 *
 * An armed alarm keeps the process alive, as a bound socket does and as every timer of these
 * runtimes does: whoever waits for a time-out wants it to come. Nothing else here does; a program
 * ends by itself once what it opened is closed and the alarms are disposed of.
 *
 * @module
 */

// Tuning.

/**
 * The longest distance given to a timer, ms. Above 2^31 - 1 the runtimes ring at once and print a
 * warning; a longer distance is gone in several steps.
 */
const MAX_TIMER_DELAY = 2 ** 30;

/** Milliseconds on the monotonic clock, with fractions. */
export function now(): number {
  return performance.now();
}

/** Seconds since 1970 on the wall clock, with fractions. */
export function epochSeconds(): number {
  return Date.now() / 1000;
}

/**
 * Calls `wake` once, soon after {@linkcode now} has reached `at`, and never synchronously.
 *
 * @param at An instant, ms. In the past: as soon as possible. `Infinity`: never.
 * @returns Disposing it cancels the alarm; doing so twice, or after it rang, is harmless.
 */
export function setAlarm(at: number, wake: () => void): Disposable {
  if (Number.isNaN(at)) throw new RangeError("at must be an instant, got NaN");
  let timer = arm();

  function arm(): ReturnType<typeof setTimeout> {
    // Rounded up, since timers count whole milliseconds: cut down, the last one would ring early.
    const delay = Math.max(0, Math.ceil(at - now()));
    return setTimeout(ring, Math.min(delay, MAX_TIMER_DELAY));
  }

  function ring(): void {
    // Early all the same: a step of a long way, or a runtime that counts its milliseconds from
    // the start of the event loop's turn.
    if (now() < at) timer = arm();
    else wake();
  }

  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
