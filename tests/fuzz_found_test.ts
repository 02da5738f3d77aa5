import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FuzzFailure, runCampaign } from "./fuzz/campaign.ts";
import { Draw } from "./fuzz/draw.ts";
import { fails, load, save } from "./fuzz/finding.ts";
import type { Life, Target } from "./fuzz/life.ts";
import { TARGETS } from "./fuzz/targets.ts";

// What campaigns have found: each file is a test from then on.
for (const [name, finding] of load()) {
  test(`found ${name}: "${finding.error}" does not happen any more`, async () => {
    const target = TARGETS[finding.target];
    assert.ok(target !== undefined, `there is no target ${finding.target}`);
    assert.equal(await fails(target, finding), undefined);
  });
}

/** Breaks when 1 has come, then 7 ms have passed at once, then 2 has come. */
class Planted implements Life {
  readonly isOver = false;
  readonly #draw: Draw;
  readonly #isMended: boolean;
  #came: number[] = [];

  constructor(seed: number, isMended: boolean) {
    this.#draw = new Draw(seed);
    this.#isMended = isMended;
  }

  next() {
    const bytes = Uint8Array.of(this.#draw.between(0, 9), 255);
    return { kind: bytes[0]! < 5 ? "small" : "big", bytes };
  }

  take([first = 0]: Uint8Array): boolean {
    this.#came.push(first);
    const [one, waited] = [this.#came.indexOf(1), this.#came.lastIndexOf(1_000)];
    const isBroken = one >= 0 && waited > one && first === 2;
    if (isBroken && !this.#isMended) throw new Error(`planted after ${this.#came.length} steps`);
    return first < 5;
  }

  check(ms: number): void {
    if (ms >= 5) this.#came.push(1_000);
  }

  end(): void {}
}

const planted = (isMended: boolean): Target => ({
  inputsPerLife: 2_000,
  mostHeld: 4e6,
  mustTake: ["small"],
  begin: (seed) => new Planted(seed, isMended),
});

async function failureOf(target: Target): Promise<FuzzFailure> {
  try {
    await runCampaign(target, { name: "planted", seed: 3, count: 20_000 });
  } catch (error) {
    assert.ok(error instanceof FuzzFailure);
    return error;
  }
  throw new Error("the campaign has found nothing");
}

test("runCampaign() finds a planted bug, shortens it to what it takes, and keeps it as a test", async () => {
  const { finding } = await failureOf(planted(false));
  const steps = finding.steps.map((step) => typeof step === "number" ? "time" : step[0]);
  assert.deepEqual(steps, [1, "time", 2]);
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  try {
    assert.match(save(finding, folder), /planted_[0-9a-f]{8}\.json$/);
    save(finding, folder);
    const [kept, ...others] = load(folder).values();
    assert.deepEqual([kept, others], [finding, []]);
    assert.match(await fails(planted(false), kept!) ?? "", /^Error: planted after \d+ steps$/);
    assert.equal(await fails(planted(true), kept!), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("runCampaign() fails when a kind that must be taken never is", async () => {
  const target: Target = { ...planted(true), mustTake: ["small", "big"] };
  const options = { name: "planted", seed: 1, count: 20_000 };
  await assert.rejects(runCampaign(target, options), /planted: no big was ever taken/);
});

test("runCampaign() tells how many of each kind were made and taken", async () => {
  const { inputs, tally } = await runCampaign(planted(true), { name: "", seed: 1, count: 1_000 });
  assert.equal(inputs, 1_000);
  const [big = "", small = ""] = tally.lines();
  assert.match(big, /^ {2}big +\d+ made +0 % taken$/);
  assert.match(small, /^ {2}small +\d+ made +100 % taken$/);
});

test("runCampaign() fails when a life hoards memory", async () => {
  const hoard: Uint8Array[] = [];
  const target: Target = {
    inputsPerLife: 3_000,
    mostHeld: 4e6,
    mustTake: [],
    begin: (seed) => {
      const life = new Planted(seed, true);
      const take = life.take.bind(life);
      life.take = (input) => {
        hoard.push(new Uint8Array(2_000).fill(1));
        return take(input);
      };
      return life;
    },
  };
  const options = { name: "planted", seed: 1, count: 10_000 };
  await assert.rejects(runCampaign(target, options), /the memory has grown by \d+ bytes/);
});
