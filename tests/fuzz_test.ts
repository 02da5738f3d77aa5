import { test } from "node:test";
import assert from "node:assert/strict";
import { runCampaign } from "./fuzz/campaign.ts";
import { TARGETS } from "./fuzz/targets.ts";
import { RUNTIME } from "./support/current_host.ts";

/** All campaigns together, ms: a minute on one runtime, and a look on the others. */
const TIME = RUNTIME === "deno" ? 60_000 : 12_000;

/** The targets that stand for others have less of it: their inputs are slow, or few of them differ. */
const SHARES: Readonly<Record<string, number>> = { "session-server": 5, "session-client": 4 };

/** Inputs of a target at the least: a tenth of what a busy machine does in a look. */
const LEAST = 100;

const SEED = 1;

const whole = Object.keys(TARGETS).reduce((sum, name) => sum + (SHARES[name] ?? 1), 0);

for (const [name, target] of Object.entries(TARGETS)) {
  const ms = TIME * (SHARES[name] ?? 1) / whole;
  test(`fuzz ${name}: nothing is thrown, nothing grows, and what is beside goes on`, async (t) => {
    const startedAt = performance.now();
    const { inputs, tally } = await runCampaign(target, { name, seed: SEED, ms });
    const rate = Math.round(inputs / (performance.now() - startedAt) * 1000);
    t.diagnostic([`${inputs} inputs, ${rate} a second`, ...tally.lines()].join("\n"));
    assert.ok(inputs >= LEAST, `${inputs} inputs`);
  });
}
