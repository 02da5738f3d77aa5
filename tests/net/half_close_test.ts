import { test } from "node:test";
import assert from "node:assert/strict";
import { concatenate } from "../../src/bytes.ts";
import { SosistabError } from "../../src/errors.ts";
import type { Closure, RelConn } from "../../src/net/contract.ts";
import { pattern } from "../support/pattern.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const DELAY = 20;
const LOSSES = [0, 0.3];
const SEEDS = [1, 2, 3];

/** When the server's end begins to do what it does, ms after the client's. */
const LEADS = [-70, 0, 70];

/** Until everything has been told to everybody, ms: an end that nobody answers is repeated for that long. */
const SETTLED = 60_000;

/** What an end saw. */
interface Seen {
  readonly written: number;
  readonly read: Uint8Array;
  /** How reading ended: by the end, in an error, or because it was given up here. */
  readonly reading: "end" | "error" | "given up";
  readonly closure: Closure;
}

/** What an end does with its stream after it has written, and how it reads. */
interface Ending {
  readonly isCut: boolean;
  run(
    conn: RelConn,
    read: () => Promise<Seen["reading"]>,
    pause: () => Promise<void>,
  ): Promise<Seen["reading"]>;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  "closeWrite(), then reads to the end": {
    isCut: false,
    run(conn, read) {
      conn.closeWrite();
      return read();
    },
  },
  "reads to the end, then closeWrite()": {
    isCut: false,
    async run(conn, read) {
      const reading = await read();
      conn.closeWrite();
      return reading;
    },
  },
  "close()": {
    isCut: false,
    async run(conn) {
      await conn.close();
      return "given up";
    },
  },
  "cancels reading, then closeWrite()": {
    isCut: false,
    async run(conn) {
      await conn.readable.cancel();
      conn.closeWrite();
      return "given up";
    },
  },
  "reset()": {
    isCut: true,
    run(conn) {
      conn.reset(1);
      return Promise.resolve("given up");
    },
  },
  "closeWrite(), then reset() in a while": {
    isCut: true,
    async run(conn, read, pause) {
      conn.closeWrite();
      const reading = read();
      await pause();
      conn.reset(2);
      return await reading;
    },
  },
};

/** Neither would ever begin. */
const DEADLOCK = "reads to the end, then closeWrite()";

async function play(
  conn: RelConn,
  ending: Ending,
  written: number,
  pause: () => Promise<void>,
): Promise<Seen> {
  const parts: Uint8Array[] = [];
  const read = async (): Promise<Seen["reading"]> => {
    const into = new Uint8Array(700);
    try {
      for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
        parts.push(into.slice(0, count));
      }
      return "end";
    } catch (error) {
      assert.ok(error instanceof SosistabError, `${error}`);
      return "error";
    }
  };
  // What is cut may be cut before it was written.
  await conn.write(pattern(written)).catch((error) => assert.ok(error instanceof SosistabError));
  const reading = await ending.run(conn, read, pause);
  return { written, read: concatenate(parts), reading, closure: await conn.closed };
}

/** What one end must have seen, whatever was lost. */
function check(own: Seen, other: Seen, isCut: boolean, label: string): void {
  assert.deepEqual(own.read, pattern(other.written).subarray(0, own.read.length), label);
  // The end comes after all that was written, and never instead of it.
  if (own.reading === "end") assert.equal(own.read.length, other.written, label);
  if (isCut) return;
  assert.notEqual(own.reading, "error", label);
  assert.equal(own.closure.error, undefined, label);
}

for (const loss of LOSSES) {
  test(`L3: whatever either end does first, half-closed streams lose nothing and end at both ends, at ${100 * loss} % loss`, async () => {
    for (const seed of SEEDS) {
      const pair = new VirtualPair({ delay: DELAY, loss }, seed, { crypto: "none" });
      const { listener, client, server } = await pair.multiplexes();
      const games: Promise<void>[] = [];
      for (const [near, nearEnding] of Object.entries(ENDINGS)) {
        for (const [far, farEnding] of Object.entries(ENDINGS)) {
          if (near === DEADLOCK && far === DEADLOCK) continue;
          for (const lead of LEADS) {
            const label = `client ${near}; server ${far}; ${lead} ms; seed ${seed}`;
            const conns = await pair.run(Promise.all([client.openConn(), server.acceptConn()]));
            const pause = (time: number) =>
              new Promise<void>((resolve) => void pair.network.at(pair.now + time, resolve));
            const later = async (conn: RelConn, ending: Ending, delay: number, length: number) => {
              await pause(delay);
              return await play(conn, ending, length, () => pause(2 * DELAY));
            };
            const length = (games.length * 1_237) % 5_000;
            const isCut = nearEnding.isCut || farEnding.isCut;
            games.push(
              Promise.all([
                later(conns[0], nearEnding, Math.max(0, -lead), length),
                later(conns[1], farEnding, Math.max(0, lead), length * 2),
              ]).then(([nearSeen, farSeen]) => {
                check(nearSeen, farSeen, isCut, label);
                check(farSeen, nearSeen, isCut, label);
              }),
            );
          }
        }
      }
      await pair.run(Promise.all(games), SETTLED);
      await pair.pass(SETTLED);
      assert.deepEqual([client.stats().streams, server.stats().streams], [0, 0]);
      await pair.run(client.close());
      await pair.run(listener.close());
      assert.equal(pair.network.openSockets, 0);
    }
  });
}
