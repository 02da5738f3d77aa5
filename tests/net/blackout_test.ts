import { test } from "node:test";
import assert from "node:assert/strict";
import { FaultFlow, SendMeter } from "../support/fault_flow.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-BLACK: a path in the middle of a transfer. */
const RTT = 40;
const PATH = { delay: RTT / 2, rate: 20, queue: 100 };
const AMOUNT = 3_000_000;
const DEAD_AFTER = 180_000;
const SEEDS = [1, 2, 3];

/** When the path goes off, ms after the start; what is under way then is not counted. */
const BREAK_AT = 500;
const SETTLING = 2_000;
const LONG_SILENCE = 30_000;

/** Bytes after which data flows again: more than one window's probes. */
const FLOWING = 100_000;

for (const direction of ["up", "down"] as const) {
  for (const off of [2, 10, 30, 120]) {
    test(`F-BLACK, ${direction}: the path is off for ${off} s in mid-transfer`, async (context) => {
      for (const seed of SEEDS) {
        const pair = new VirtualPair(PATH, seed, { crypto: "none", timers: "coarse" });
        const { listener, client, server } = await pair.conns("", DEAD_AFTER);
        const [from, to] = direction === "up" ? [client, server] : [server, client];
        const flow = new FaultFlow(from, to, AMOUNT, () => pair.now);
        await pair.pass(BREAK_AT);
        assert.ok(flow.total > 0 && flow.total < AMOUNT);
        pair.blackout(true);
        await pair.pass(SETTLING);
        const meters = [pair.up, pair.down].map((link) => new SendMeter([link], pair.now));
        const said: string[] = [];
        const silences = [
          Math.min(off * 1_000, LONG_SILENCE) - SETTLING,
          off * 1_000 - LONG_SILENCE,
        ];
        for (const silence of silences) {
          if (silence <= 0) continue;
          await pair.pass(silence);
          said.push(
            meters.map((m) => m.read(pair.now)).map(({ packets, bytes }) =>
              `${packets.toFixed(1)}/s ${bytes.toFixed(0)} B/s`
            ).join(" up, ") + " down",
          );
        }
        pair.blackout(false);
        const backAt = pair.now;
        await pair.run(flow.done, 60_000);
        const first = flow.timeUntil(1, backAt);
        const flowing = flow.timeUntil(FLOWING, backAt);
        context.diagnostic(
          `seed ${seed}: first ${first.toFixed(0)}, flowing ${flowing.toFixed(0)}; silence: ${
            said.join("; then ")
          }`,
        );
        await listener.close();
      }
    });
  }
}
