/**
 * Checks what callers pass in: a mistake is told at once and exactly.
 *
 * @module
 */
import { repairSettings } from "../repair/options.ts";
import type { DatagramRepairOptions } from "./contract.ts";

// Tuning.

/**
 * How long a session may be silent before it ends, ms: long enough for a pause, and soon enough to
 * give back what it costs.
 */
export const IDLE_TIMEOUT = 600_000;

/** Longest time that may be set, ms: timers of the runtimes go no further than 2^31. */
const MOST_TIME = 2 ** 30;

/** Highest age at which a datagram may be of use, ms: no body is kept for longer. */
const MOST_AGE = 60_000;

/** Most shards of a client: the original's has as many, and its server takes no more at once. */
const MOST_SHARDS = 16;

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

/** The repair of datagrams must be possible. */
export function checkRepair(repair: DatagramRepairOptions | false | undefined): void {
  if (!repair) return;
  repairSettings(repair);
  checkMaxAge(repair.maxAge);
}

/** The age up to which a datagram is of use. */
export function checkMaxAge(maxAge: number | undefined): void {
  if (maxAge !== undefined && !(maxAge >= 0 && maxAge <= MOST_AGE)) {
    throw new RangeError(`maxAge must be 0 to ${MOST_AGE} ms, got ${maxAge}`);
  }
}

/** A limit must be a positive integer. */
export function checkLimit(name: string, limit: number): void {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`${name} must be an integer of at least 1, got ${limit}`);
  }
}

/** Shards are few. */
export function checkShards(shards: number): void {
  if (!Number.isInteger(shards) || shards < 1 || shards > MOST_SHARDS) {
    throw new RangeError(`shards must be an integer from 1 to ${MOST_SHARDS}, got ${shards}`);
  }
}

/** A host name must be there. */
export function checkHostname(hostname: unknown): void {
  if (typeof hostname !== "string" || hostname === "") {
    throw new TypeError("hostname must be a host name or an IP address");
  }
}
