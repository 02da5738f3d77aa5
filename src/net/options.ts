/**
 * Checks what callers pass in: a mistake is told at once and exactly.
 *
 * @module
 */

// Tuning.

/** Longest time that may be set, ms: timers of the runtimes go no further than 2^31. */
const MOST_TIME = 2 ** 30;

/** A key must be 32 bytes. */
export function checkKey(name: string, key: unknown): void {
  if (!(key instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
  if (key.length !== 32) throw new RangeError(`${name} must be 32 bytes, got ${key.length}`);
}

/** A port must be an integer in range. */
export function checkPort(port: number, least: number): void {
  if (!Number.isInteger(port) || port < least || port > 65_535) {
    throw new RangeError(`port must be an integer from ${least} to 65535, got ${port}`);
  }
}

/** A time must be positive, and short enough for a timer. */
export function checkTime(name: string, time: number): void {
  if (!(time >= 1 && time <= MOST_TIME)) {
    throw new RangeError(`${name} must be 1 to ${MOST_TIME} ms, got ${time}`);
  }
}

/** A limit must be a positive integer. */
export function checkLimit(name: string, limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`${name} must be an integer of at least 1, got ${limit}`);
  }
}

/** A host name must be there. */
export function checkHostname(hostname: unknown): void {
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("hostname must be a host name or an IP address");
  }
}
