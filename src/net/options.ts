/**
 * Checks what callers pass in: a mistake is told at once and exactly.
 *
 * @module
 */
import { repairSettings } from "../repair/options.ts";
import type { DatagramRepairOptions, KeyLimits, SessionLimits } from "./contract.ts";

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

/** Streams may have no time at all to finish. */
export function checkDrain(drain: number): void {
  if (!(drain >= 0 && drain <= MOST_TIME)) {
    throw new RangeError(`drain must be 0 to ${MOST_TIME} ms, got ${drain}`);
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

/** Room for a few of the longest segments: with less no stream would get anywhere. */
const LEAST_BYTES = 2 ** 14;

/** Most streams: their ids have 16 bits. */
const MOST_STREAMS = 65_536;

/** Room for sessions must be enough for one to go on. */
export function checkBytes(name: string, bytes: number | undefined): void {
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes >= LEAST_BYTES)) {
    throw new RangeError(
      `${name} must be an integer of at least ${LEAST_BYTES} bytes, got ${bytes}`,
    );
  }
}

/**
 * What the other end may cost.
 *
 * @param name What the limits are called where they were set.
 */
export function checkSessionLimits(name: string, limits: SessionLimits = {}): void {
  const { streams = 1, bytes, bytesPerStream } = limits;
  if (!Number.isInteger(streams) || streams < 1 || streams > MOST_STREAMS) {
    throw new RangeError(
      `${name}.streams must be an integer from 1 to ${MOST_STREAMS}, got ${streams}`,
    );
  }
  checkBytes(`${name}.bytes`, bytes);
  checkBytes(`${name}.bytesPerStream`, bytesPerStream);
}

/** Keys last for some packets, and some time. */
export function checkKeyLimits({ packets, age }: KeyLimits): void {
  if (packets !== undefined) checkLimit("keyLimits.packets", packets);
  if (packets !== undefined && packets > 2 ** 31) {
    throw new RangeError(`keyLimits.packets must be at most 2^31, got ${packets}`);
  }
  if (age !== undefined) checkTime("keyLimits.age", age);
}

/** A share must be more than nothing, and no more than all. */
export function checkShare(name: string, share: number): void {
  if (!(share > 0 && share <= 1)) {
    throw new RangeError(`${name} must be above 0 and at most 1, got ${share}`);
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
