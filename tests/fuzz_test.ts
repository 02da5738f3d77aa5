import { test } from "node:test";
import { runCampaign } from "./fuzz/campaign.ts";
import { type TargetName, TARGETS } from "./fuzz/targets.ts";

/** Inputs of each kind; `deno task fuzz` throws more. */
const INPUTS = 20_000;

const SEED = 1;

const NAMES: Readonly<Record<TargetName, string>> = {
  "random-listener": "random datagrams at a listener: no answer, no growth, and sessions go on",
  "random-client": "random datagrams at a client: no answer, no growth, and its session goes on",
  "random-connecting": "random datagrams at a client that connects: no hello more, and it connects",
  "mutants-listener": "damaged packets at a listener: no answer, no growth, and sessions go on",
  "mutants-client": "damaged packets at a client: no answer, no growth, and its session goes on",
  "mutants-connecting": "damaged answers at a client that connects: no hello more, and it connects",
  "frames-listener": "mad frames at a server's session: nothing thrown, bounded, and it goes on",
  "frames-client": "mad frames at a client's session: nothing thrown, bounded, and it goes on",
};

for (const [name, sentence] of Object.entries(NAMES)) {
  test(`${INPUTS} ${sentence}`, async () => {
    if (isTarget(name)) await runCampaign(name, INPUTS, SEED);
  });
}

function isTarget(name: string): name is TargetName {
  return name in TARGETS;
}
