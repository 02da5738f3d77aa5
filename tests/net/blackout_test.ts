import { test } from "node:test";
import assert from "node:assert/strict";
import { FaultFlow, SendMeter } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-BLACK: a path that goes off in the middle of a transfer. Times in ms. */
const RTT = 40;
const PATH = { delay: RTT / 2, rate: 20, queue: 100 };
const AMOUNT = 3_000_000;
const BREAK_AT = 500;
const DEAD_AFTER = 180_000;
const SEEDS = [1, 2, 3];

/** How soon data must flow again. */
const MOST_WAIT = RTT + 500;
const MOST_WAIT_LONG = 2_000;

/** When the silence is measured: what was under way at its beginning does not count. */
const SETTLING = 5_000;
const LONG_SILENCE = 30_000;

/**
 * What an end may send into the silence: packets and bytes a second in its first half minute, and
 * after it. The client asks by the hellos that look for its server, and now and then shows where it
 * is; after half a minute it tries hellos for other clocks once, too. Rounds of probes of the
 * packet length have come to their end by then.
 */
const MOST_SENT = {
  client: [{ packets: 3.5, bytes: 1_200 }, { packets: 2, bytes: 600 }],
  server: [{ packets: 2.7, bytes: 300 }, { packets: 0.7, bytes: 100 }],
} as const;

for (const direction of ["up", "down"] as const) {
  for (const off of [2_000, 10_000, 30_000, 120_000]) {
    test(`F-BLACK, ${direction}: the path is off for ${off / 1_000} s in mid-transfer`, async (context) => {
      for (const seed of SEEDS) {
        const pair = new VirtualPair(PATH, seed, { crypto: "none", timers: "coarse" });
        const { listener, client, server } = await pair.conns("", DEAD_AFTER);
        const [from, to] = direction === "up" ? [client, server] : [server, client];
        const flow = new FaultFlow(from, to, AMOUNT, () => pair.now);
        await pair.pass(BREAK_AT);
        assert.ok(flow.total > 0 && flow.total < AMOUNT);
        pair.blackout(true);
        await pair.pass(SETTLING);
        const meters = {
          client: new SendMeter(pair.up, pair.now),
          server: new SendMeter(pair.down, pair.now),
        };
        const parts = [Math.min(off, LONG_SILENCE) - SETTLING, off - LONG_SILENCE];
        for (const [i, time] of parts.entries()) {
          if (time <= 0) continue;
          await pair.pass(time);
          for (const end of ["client", "server"] as const) {
            const { packets, bytes } = meters[end].read(pair.now);
            const [most, text] = [
              MOST_SENT[end][i]!,
              `${packets.toFixed(1)} packets, ${bytes.toFixed(0)} bytes`,
            ];
            context.diagnostic(
              `seed ${seed}: into ${
                i === 0 ? "the" : "the long"
              } silence the ${end} sends ${text} a second`,
            );
            assert.ok(packets <= most.packets && bytes <= most.bytes, `${end}: ${text}`);
          }
        }
        pair.blackout(false);
        const backAt = pair.now;
        await pair.run(flow.done, 60_000);
        const wait = flow.timeUntil(1, backAt);
        context.diagnostic(
          `seed ${seed}: the first bytes came ${
            wait.toFixed(0)
          } ms after the path was back, 100 kB after ${
            flow.timeUntil(100_000, backAt).toFixed(0)
          } ms`,
        );
        assert.ok(wait <= (off > LONG_SILENCE ? MOST_WAIT_LONG : MOST_WAIT), `${wait} ms`);
        await pair.run(listener.close());
      }
    });
  }
}
