/**
 * Many streams, of many multiplexes, to a server that sends all back.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Multiplex, RelConn } from "../../mod.ts";
import { fillStream } from "./soak_deal.ts";

/** Longest chunk that is written or read, bytes. */
const CHUNK = 16_384;

/** The longest that a stream may take in all, ms. */
const HANG_LIMIT = 60_000;

/** What came of echoes. */
export interface EchoResult {
  /** Streams whose bytes came back as they were, by their hashes. */
  readonly right: number;
  /** All of them, ms. */
  readonly took: number;
}

/** Opens so many streams on each, all of which stay open. */
export async function openStreams(
  muxes: readonly Multiplex[],
  each: number,
): Promise<RelConn[]> {
  const conns = await Promise.all(
    muxes.flatMap((mux) => Array.from({ length: each }, () => mux.openConn())),
  );
  return conns;
}

/** Sends bytes over each, all at the same time, and compares what comes back. */
export async function echoOverAll(
  conns: readonly RelConn[],
  length: number,
): Promise<EchoResult> {
  const startedAt = performance.now();
  const echoes = await Promise.all(conns.map((conn, number) => echoesAll(conn, number, length)));
  return { right: echoes.filter(Boolean).length, took: performance.now() - startedAt };
}

/** What came of churning. */
export interface ChurnResult {
  /** Streams that were opened, used and closed. */
  done: number;
  /** Those that failed. */
  failed: number;
  /** Those that took too long. */
  hung: number;
  /** Times that a stream got the number of another one that was open. */
  collisions: number;
}

/**
 * Opens, uses and closes streams, some at a time on each multiplex.
 *
 * @param count Streams in all.
 */
export async function churn(
  muxes: readonly Multiplex[],
  count: number,
  atOnce: number,
  length: number,
): Promise<ChurnResult> {
  const result: ChurnResult = { done: 0, failed: 0, hung: 0, collisions: 0 };
  let left = count;
  const work = async (mux: Multiplex, ids: Set<number>) => {
    while (left-- > 0) await churnOnce(mux, ids, length, result);
  };
  await Promise.all(muxes.flatMap((mux) => {
    const ids = new Set<number>();
    return Array.from({ length: atOnce }, () => work(mux, ids));
  }));
  return result;
}

async function churnOnce(
  mux: Multiplex,
  ids: Set<number>,
  length: number,
  result: ChurnResult,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<"hung">((resolve) => {
    timer = setTimeout(() => resolve("hung"), HANG_LIMIT);
  });
  const use = async (): Promise<"done" | "failed"> => {
    const conn = await mux.openConn();
    if (ids.has(conn.id)) result.collisions++;
    ids.add(conn.id);
    const isRight = await echoesAll(conn, result.done, length);
    const { error } = await conn.closed;
    ids.delete(conn.id);
    return isRight && error === undefined ? "done" : "failed";
  };
  const outcome = await Promise.race([use().catch(() => "failed" as const), limit]);
  result[outcome]++;
  clearTimeout(timer);
}

/** Sends bytes of its own over a stream, and compares the hash of what comes back. */
async function echoesAll(conn: RelConn, number: number, length: number): Promise<boolean> {
  const [sent, received] = await Promise.all([sendAll(conn, number, length), hashOf(conn, length)]);
  return sent === received;
}

async function sendAll(conn: RelConn, number: number, length: number): Promise<string> {
  const hash = createHash("sha256");
  const memory = new Uint8Array(Math.min(CHUNK, length));
  for (let start = 0; start < length; start += memory.length) {
    const chunk = memory.subarray(0, length - start);
    fillStream(chunk, number, start);
    hash.update(chunk);
    await conn.write(chunk);
  }
  conn.closeWrite();
  return hash.digest("hex");
}

async function hashOf(conn: RelConn, length: number): Promise<string> {
  const hash = createHash("sha256");
  const memory = new Uint8Array(Math.min(CHUNK, length));
  for (let count = await conn.read(memory); count !== null; count = await conn.read(memory)) {
    hash.update(memory.subarray(0, count));
  }
  return hash.digest("hex");
}
