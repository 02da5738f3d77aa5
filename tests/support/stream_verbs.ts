/**
 * What the two ends of a stream do, by the verb in its info: our side of the Rust peer's
 * `streams.rs`, where the table of verbs stands.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Multiplex, RelConn } from "../../src/net/contract.ts";
import { fillPattern, PatternChecker } from "./pattern.ts";

/** What came over a stream. */
export interface StreamResult {
  readonly info: string;
  readonly bytes: number;
  readonly good: boolean;
  /** Of what came, or was said to have come; empty where nothing did. */
  readonly sha256: string;
}

const CHUNK = 65_536;

/** Bytes of a sink's answer: a count, a verdict and a hash. */
const ANSWER_LENGTH = 41;

/** Opens a stream and plays the opener's part. */
export async function openVerb(mux: Multiplex, info: string): Promise<StreamResult> {
  const [verb, count] = split(info);
  const conn = await mux.openConn(info);
  switch (verb) {
    case "source":
      return await drain(conn, info);
    case "sink":
    case "stall": {
      await writePattern(conn, Number(info.split(" ").at(-1)));
      const answer = await readSome(conn, ANSWER_LENGTH);
      await conn.close();
      const view = new DataView(answer.buffer);
      const bytes = Number(view.getBigUint64(0));
      return { info, bytes, good: answer[8] === 1, sha256: hex(answer.subarray(9)) };
    }
    case "drain":
      await writePattern(conn, count);
      await conn.close();
      return { info, bytes: count, good: true, sha256: "" };
    case "call": {
      await serveVerb(await mux.acceptConn());
      const text = new TextDecoder().decode(await readSome(conn, Infinity));
      await conn.close();
      return { info, ...JSON.parse(text) };
    }
    default: {
      const total = verb === "echo" ? count : 1000;
      const reading = readPattern(conn, total);
      await writePattern(conn, total);
      const result = await reading;
      await conn.close();
      return { info, ...result };
    }
  }
}

/** Serves a stream that the other end has opened. */
export async function serveVerb(conn: RelConn): Promise<StreamResult> {
  const { info } = conn;
  const [verb, count] = split(info);
  switch (verb) {
    case "source":
      await writePattern(conn, count);
      await conn.close();
      return { info, bytes: count, good: true, sha256: "" };
    case "sink": {
      const result = await readPattern(conn, count);
      const answer = new Uint8Array(ANSWER_LENGTH);
      new DataView(answer.buffer).setBigUint64(0, BigInt(result.bytes));
      answer[8] = result.good ? 1 : 0;
      answer.set(
        Uint8Array.from(result.sha256.match(/../g) ?? [], (byte) => parseInt(byte, 16)),
        9,
      );
      await conn.write(answer);
      await conn.close();
      return { info, ...result };
    }
    case "drain":
      return await drain(conn, info);
    default: {
      const hash = createHash("sha256");
      const into = new Uint8Array(CHUNK);
      let bytes = 0;
      for (let length = await conn.read(into); length !== null; length = await conn.read(into)) {
        bytes += length;
        hash.update(into.subarray(0, length));
        // The stream is cut by an original that has all it wanted.
        await conn.write(into.slice(0, length)).catch(() => {});
      }
      await conn.close();
      return { info, bytes, good: true, sha256: hash.digest("hex") };
    }
  }
}

/** Serves all streams of a multiplex, and echoes its unreliable messages, until it ends. */
export function serveAll(
  mux: Multiplex,
  onResult: (result: StreamResult) => void = () => {},
): void {
  void (async () => {
    try {
      for (;;) mux.sendUrel(await mux.receiveUrel());
    } catch {
      // The multiplex has ended.
    }
  })();
  void (async () => {
    for await (const conn of mux) {
      void serveVerb(conn).then(onResult, () => {});
    }
  })();
}

/** Writes the first `total` bytes of the pattern. */
export async function writePattern(conn: RelConn, total: number): Promise<void> {
  const chunk = new Uint8Array(CHUNK);
  for (let sent = 0; sent < total; sent += CHUNK) {
    const length = Math.min(CHUNK, total - sent);
    fillPattern(chunk.subarray(0, length), sent);
    await conn.write(chunk.subarray(0, length));
  }
}

async function drain(conn: RelConn, info: string): Promise<StreamResult> {
  const result = await readPattern(conn, Infinity);
  await conn.close();
  return { info, ...result };
}

async function readPattern(conn: RelConn, total: number): Promise<Omit<StreamResult, "info">> {
  const checker = new PatternChecker();
  const into = new Uint8Array(CHUNK);
  while (checker.bytes < total) {
    const length = await conn.read(into.subarray(0, Math.min(CHUNK, total - checker.bytes)));
    if (length === null) break;
    checker.take(into.subarray(0, length));
  }
  return { bytes: checker.bytes, good: checker.good, sha256: checker.sha256() };
}

async function readSome(conn: RelConn, most: number): Promise<Uint8Array> {
  const parts: number[] = [];
  const into = new Uint8Array(CHUNK);
  while (parts.length < most) {
    const length = await conn.read(into.subarray(0, Math.min(CHUNK, most - parts.length)));
    if (length === null) break;
    parts.push(...into.subarray(0, length));
  }
  return Uint8Array.from(parts);
}

function split(info: string): [string, number] {
  const [verb = "", count = ""] = info.split(" ");
  return [verb, Number(count)];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
