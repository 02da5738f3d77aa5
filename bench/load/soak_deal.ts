/**
 * What the two ends of a stream agree on in a soak, and the check of every byte of it.
 *
 * Each byte is made of the stream's own number and of where it stands, so a byte that is lost, comes
 * twice, in the wrong place or from another stream is found where it is read.
 *
 * @module
 */
import type { RelConn } from "../../mod.ts";
import type { Waits } from "./waits.ts";

/** What passes over one stream. */
export interface Deal {
  /** Tells it from all others; an unsigned 32-bit integer. */
  readonly number: number;
  /** Bytes from the client to the server. */
  readonly up: number;
  /** Bytes back. */
  readonly down: number;
}

/** Which half of a deal an end plays. */
export type Side = "client" | "server";

/** Something that must never happen, whatever the path does. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** Longest chunk that is written or read, bytes. */
const CHUNK = 16_384;

/** The longest that a wait of a stream may take, ms: the dead are noticed in 30 s. */
const WAIT_LIMIT = 120_000;

/** A deal as the info of its stream. */
export function formatDeal({ number, up, down }: Deal): string {
  return `${number} ${up} ${down}`;
}

/** The reverse of {@linkcode formatDeal}. */
export function parseDeal(info: string): Deal {
  const [number = NaN, up = NaN, down = NaN] = info.split(" ").map(Number);
  if (![number, up, down].every(Number.isInteger)) {
    throw new Violation(`a stream came as "${info}"`);
  }
  return { number, up, down };
}

/** Fills memory with the bytes of one direction of a stream as they stand from `start` on. */
export function fillStream(into: Uint8Array, seed: number, start: number): void {
  for (let i = 0; i < into.length; i++) {
    into[i] = Math.imul((start + i) ^ seed, 0x9e3779b1) >>> 24;
  }
}

/** What an end has sent and received, as it goes on. */
export interface DealProgress {
  /** Bytes that were written. */
  sent: number;
  /** Bytes that came, and were right. */
  received: number;
}

/**
 * Plays one end of a deal until the stream has ended in both directions.
 *
 * @returns Rejects with a {@linkcode Violation}, or with what broke the stream, once both directions
 * have come to an end.
 */
export async function keepDeal(
  conn: RelConn,
  deal: Deal,
  side: Side,
  waits: Waits,
  progress: DealProgress = { sent: 0, received: 0 },
): Promise<void> {
  const [sending, receiving] = side === "client" ? [deal.up, deal.down] : [deal.down, deal.up];
  const ends = await Promise.allSettled([
    sendAll(conn, seedOf(deal, side), sending, waits, progress),
    receiveAll(conn, seedOf(deal, other(side)), receiving, waits, progress),
  ]);
  const failures = ends.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
  if (failures.length > 0) {
    conn.reset();
    throw failures.find((failure) => failure instanceof Violation) ?? failures[0];
  }
  const { error } = await waits.of("a stream that ends", conn.closed, WAIT_LIMIT);
  if (error !== undefined) throw error;
}

async function sendAll(
  conn: RelConn,
  seed: number,
  length: number,
  waits: Waits,
  progress: DealProgress,
): Promise<void> {
  const memory = new Uint8Array(Math.min(CHUNK, length));
  for (let start = 0; start < length; start += memory.length) {
    const chunk = memory.subarray(0, length - start);
    fillStream(chunk, seed, start);
    await waits.of("a write", conn.write(chunk), WAIT_LIMIT);
    progress.sent += chunk.length;
  }
  conn.closeWrite();
}

async function receiveAll(
  conn: RelConn,
  seed: number,
  length: number,
  waits: Waits,
  progress: DealProgress,
): Promise<void> {
  const into = new Uint8Array(CHUNK);
  const expected = new Uint8Array(CHUNK);
  let start = 0;
  for (;;) {
    const count = await waits.of("a read", conn.read(into), WAIT_LIMIT);
    if (count === null) break;
    const right = expected.subarray(0, count);
    fillStream(right, seed, start);
    const wrong = right.findIndex((byte, i) => byte !== into[i]);
    if (wrong >= 0) {
      throw new Violation(`byte ${start + wrong} of ${length} is wrong: ${conn.info}`);
    }
    start += count;
    progress.received += count;
  }
  if (start !== length) {
    throw new Violation(`${start} of ${length} bytes, then the end: ${conn.info}`);
  }
}

function other(side: Side): Side {
  return side === "client" ? "server" : "client";
}

/** The directions differ in all their bits, so that no echo passes for an answer. */
function seedOf({ number }: Deal, side: Side): number {
  return side === "client" ? number : ~number;
}
