import { test } from "node:test";
import assert from "node:assert/strict";
import { testEachSeed } from "../support/each_seed.ts";
import { MuxPair } from "../support/mux_pair.ts";
import { finishExchange, startExchange } from "../support/stream_traffic.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";

const PATHS: readonly (readonly [string, LinkConditions])[] = [
  ["a clean path", { delay: 25 }],
  ["a path without delay", {}],
  ["1 % of loss", { delay: 25, loss: 0.01 }],
  ["10 % of loss", { delay: 25, loss: 0.1 }],
  ["30 % of loss", { delay: 25, loss: 0.3 }],
  ["losses in bursts of 5", { delay: 25, loss: 0.05, burst: 5 }],
  ["losses in bursts of 20", { delay: 25, loss: 0.1, burst: 20 }],
  ["half of all packets twice", { delay: 25, duplicate: 0.5 }],
  ["jitter that reorders everything", { delay: 25, jitter: 60, keepsOrder: false }],
  ["half of all packets held back", { delay: 25, reorder: 0.5, reorderDelay: 500 }],
  ["corrupt packets", { delay: 25, corrupt: 0.2 }],
  ["a short queue", { delay: 25, rate: 2, queue: 10 }],
  ["a long queue", { delay: 25, rate: 2, queue: 2_000 }],
  ["all of it", {
    delay: 25,
    jitter: 20,
    keepsOrder: false,
    corrupt: 0.05,
    loss: 0.1,
    burst: 3,
    duplicate: 0.3,
    reorder: 0.2,
    reorderDelay: 50,
    rate: 8,
    queue: 50,
  }],
];

for (const [name, link] of PATHS) {
  testEachSeed({
    name: `MuxMachine gives every byte once and in order over ${name}`,
    file: import.meta.url,
    seeds: 6,
    run: (seed) => {
      for (const [streams, length] of [[1, 200_000], [5, 20_000], [20, 100]] as const) {
        const pair = new MuxPair({ seed, link });
        const exchange = startExchange(pair, streams, length);
        assert.doesNotThrow(
          () => finishExchange(pair, exchange, streams, 120_000),
          `seed ${seed}, ${streams} streams`,
        );
      }
    },
  });
}

testEachSeed({
  name: "MuxMachine gives every byte once and in order over the real session",
  file: import.meta.url,
  seeds: 3,
  run: (seed) => {
    for (const link of [{ delay: 25 }, PATHS.at(-1)![1]]) {
      const pair = new MuxPair({ seed, link, isSession: true });
      finishExchange(pair, startExchange(pair, 3, 30_000, 60_000), 3, 120_000);
    }
  },
});

test("MuxMachine gives every byte once and in order when its first frame is not the session's", () => {
  for (const firstFrame of [1, 1_000, 2 ** 31]) {
    const pair = new MuxPair({ firstFrame, link: { delay: 25, loss: 0.1 } });
    finishExchange(pair, startExchange(pair, 3, 50_000), 3, 60_000);
  }
});

test("MuxMachine gets everything across when 90 % of what comes back is lost", () => {
  const pair = new MuxPair({ link: { delay: 25 }, back: { delay: 25, loss: 0.9 } });
  finishExchange(pair, startExchange(pair, 1, 100_000, 0), 1, 60_000);
});

test("MuxMachine goes on after a blackout, as soon as the path is back", () => {
  for (const outage of [2_000, 10_000, 25_000]) {
    const pair = new MuxPair({ link: { delay: 25, rate: 2, queue: 10 } });
    const exchange = startExchange(pair, 1, 1_000_000, 0);
    pair.run(1_000);
    pair.blackout(true);
    pair.run(outage);
    const before = exchange.readers[1]!.bytes;
    pair.blackout(false);
    pair.run(50 + 500);
    assert.ok(exchange.readers[1]!.bytes > before, `after ${outage} ms`);
    finishExchange(pair, exchange, 1, 60_000);
  }
});

test("MuxMachine keeps a blackout quiet: one small probe each 500 ms", () => {
  const pair = new MuxPair({ link: { delay: 25, rate: 2, queue: 100 } });
  startExchange(pair, 1, 1_000_000, 0);
  pair.run(1_000);
  pair.blackout(true);
  pair.run(5_000);
  const before = pair.client.packetsSent;
  pair.run(20_000);
  assert.ok(pair.client.packetsSent - before <= 5 * 40 + 10, `${pair.client.packetsSent - before}`);
});

test("MuxMachine survives a path that becomes twenty times as long", () => {
  const pair = new MuxPair({ link: { delay: 25, rate: 4, queue: 200 } });
  const exchange = startExchange(pair, 1, 500_000, 0);
  pair.run(500);
  pair.up.change({ delay: 500 });
  pair.down.change({ delay: 500 });
  finishExchange(pair, exchange, 1, 60_000);
  assert.ok(pair.client.rtt.smoothed > 900);
  assert.ok(pair.client.mux.stats.needless < 500, `${pair.client.mux.stats.needless}`);
});

testEachSeed({
  name: "MuxMachine shares the path evenly between 32 streams, segment by segment",
  file: import.meta.url,
  seeds: 3,
  run: (seed) => {
    const pair = new MuxPair({ seed, link: { delay: 25, rate: 4, queue: 100, loss: 0.01 } });
    const exchange = startExchange(pair, 32, 1_000_000, 0);
    pair.run(1_000);
    const before = exchange.readers.slice(32).map((reader) => reader.bytes);
    pair.run(10_000);
    const bytes = exchange.readers.slice(32).map((reader, i) => reader.bytes - before[i]!);
    assert.equal(bytes.length, 32);
    const mean = bytes.reduce((sum, count) => sum + count, 0) / 32;
    assert.ok(mean > 50_000);
    for (const count of bytes) assert.ok(Math.abs(count - mean) < 0.15 * mean, `${bytes}`);
  },
});

test("MuxMachine passes unreliable messages, each at most once", () => {
  const pair = new MuxPair({ link: { delay: 25, loss: 0.1, duplicate: 0.5, reorder: 0.3 } });
  for (let i = 0; i < 200; i++) {
    pair.client.mux.sendUnreliable(Uint8Array.of(i));
    pair.client.flush();
    pair.run(5);
  }
  pair.run(1_000);
  const seen: number[] = [];
  const { mux } = pair.server;
  for (let message = mux.takeUnreliable(); message; message = mux.takeUnreliable()) {
    assert.equal(message.length, 1);
    seen.push(message[0]!);
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.length > 160 && seen.length < 200, `${seen.length}`);
});
