/**
 * Numbers for people.
 *
 * @module
 */

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Writes a number of bytes: `17 B`, `1.5 KiB`, `32.0 MiB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < SIZES.length - 1) {
    value /= 1024;
    step++;
  }
  return `${step === 0 ? value : value.toFixed(1)} ${SIZES[step]}`;
}

/** How fast that was, in millions of bits a second; 0 when no time has passed. */
export function megabitsPerSecond(bytes: number, seconds: number): number {
  return seconds > 0 ? bytes * 8 / 1e6 / seconds : 0;
}

/** Writes a rate: `0.3 Mbit/s`, `120 Mbit/s`. */
export function formatRate(megabits: number): string {
  return `${megabits < 10 ? megabits.toFixed(1) : megabits.toFixed(0)} Mbit/s`;
}

/** Writes a time: `0.42 s`, `12.3 s`, `2 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
