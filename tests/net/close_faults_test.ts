import { test } from "node:test";
import assert from "node:assert/strict";
import { pattern } from "../support/pattern.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

/** F-CLOSE: a stream is closed while three of ten packets are lost, either way. Times in ms. */
const LOSS = 0.3;
const MOST_WAIT = 2_000;

const SEEDS = 15;
const STREAMS = 10;

/** A few segments: whoever closes has just written them. */
const LENGTH = 3_000;

for (const delay of [15, 50]) {
  for (const end of ["client", "server"] as const) {
    test(`F-CLOSE: the peer of a ${end} sees the end within 2 s at the 99th percentile, all bytes first, round trip ${2 * delay} ms`, async (context) => {
      const waits: number[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) {
        const pair = new VirtualPair({ delay, loss: LOSS }, seed, { crypto: "none" });
        const { listener, client, server } = await pair.multiplexes();
        const bytes = pattern(LENGTH);
        for (let i = 0; i < STREAMS; i++) {
          const [near, far] = await pair.run(Promise.all([client.openConn(), server.acceptConn()]));
          const [own, other] = end === "client" ? [near, far] : [far, near];
          const reading = readAll(other);
          await own.write(bytes);
          const closedAt = pair.now;
          const closing = own.close();
          assert.deepEqual(await pair.run(reading), bytes, `seed ${seed}`);
          waits.push(pair.now - closedAt);
          await pair.run(Promise.all([closing, other.close()]));
        }
        await pair.run(client.close());
        await pair.run(listener.close());
        assert.equal(pair.network.openSockets, 0);
      }
      waits.sort((a, b) => a - b);
      const at = (share: number) => waits[Math.floor(share * (waits.length - 1))]!;
      context.diagnostic(
        `${waits.length} ends: median ${at(0.5).toFixed(0)} ms, ` +
          `99th percentile ${at(0.99).toFixed(0)} ms, worst ${at(1).toFixed(0)} ms`,
      );
      assert.ok(at(0.99) <= MOST_WAIT, `${at(0.99)} ms`);
    });
  }
}
