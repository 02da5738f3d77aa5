/**
 * R16: what one hostile packet costs a recoverer, counted in shards that are added to one another.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { MAX_EQUATIONS } from "../../src/fec/joint_solver.ts";
import { LinearForm } from "../../src/fec/linear_form.ts";
import { MAX_DATA_COUNT, MAX_PARITY_COUNT, Recoverer } from "../../src/fec/recoverer.ts";
import { Shard } from "../../src/fec/shard.ts";
import { seededFraction } from "../support/seeded_random.ts";

const PAD_SIZE = 1_402;

/** Additions of shards, each some hundred words; and of forms, each up to some hundred bytes. */
let shards = 0;
let forms = 0;

function count(owner: object, name: string, onCall: () => void): void {
  const method: unknown = Reflect.get(owner, name);
  assert.ok(typeof method === "function");
  Reflect.set(owner, name, function (this: unknown, ...parameters: unknown[]) {
    onCall();
    return Reflect.apply(method, this, parameters);
  });
}
count(Shard.prototype, "add", () => shards++);
count(LinearForm.prototype, "add", () => forms++);

/** Somebody with the session's keys, who chooses what a recoverer has to do. */
class Attacker {
  readonly recoverer = new Recoverer();
  mostShards = 0;
  mostForms = 0;
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededFraction(seed);
  }

  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  data(frame: number): void {
    this.#measure(() => this.recoverer.onData(frame, new Uint8Array(PAD_SIZE - 2)));
  }

  parity(runStart: number, dataCount: number, parityIndex: number): void {
    const body = Uint8Array.from({ length: PAD_SIZE }, () => this.below(256));
    const parity = { runStart, dataCount, parityCount: MAX_PARITY_COUNT, parityIndex };
    this.#measure(() => this.recoverer.onParity({ ...parity, padSize: PAD_SIZE, body }));
  }

  #measure(call: () => void): void {
    [shards, forms] = [0, 0];
    call();
    while (this.recoverer.pollBody() !== undefined);
    this.mostShards = Math.max(this.mostShards, shards);
    this.mostForms = Math.max(this.mostForms, forms);
  }
}

/** The known bodies of a run; each open equation, twice, once to be cleared and once to clear; solutions. */
const MOST_SHARDS = MAX_DATA_COUNT + 3 * (MAX_EQUATIONS + 1);
const MOST_FORMS = 2 * (MAX_EQUATIONS + 1);

test("R16: a packet costs at most a few hundred additions of shards, whatever overlaps whatever", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const attacker = new Attacker(seed);
    let top = 0;
    for (let packet = 0; packet < 1_500; packet++) {
      const kind = attacker.below(20);
      if (kind === 0) attacker.data(top += attacker.below(3));
      else if (kind === 1) attacker.data(Math.max(0, top - attacker.below(256)));
      else {
        const start = Math.max(0, top - 128 + attacker.below(256));
        const length = seed % 2 === 0 ? MAX_DATA_COUNT : 1 + attacker.below(MAX_DATA_COUNT);
        attacker.parity(start, length, attacker.below(MAX_PARITY_COUNT));
      }
    }
    assert.ok(attacker.mostShards <= MOST_SHARDS, `seed ${seed}: ${attacker.mostShards} shards`);
    assert.ok(attacker.mostForms <= MOST_FORMS, `seed ${seed}: ${attacker.mostForms} forms`);
    assert.ok(attacker.mostShards > 60, `seed ${seed}: no attack at all`);
  }
});

test("R16: nor does the packet that solves as many equations as there may be", () => {
  const attacker = new Attacker(7);
  // Two runs that were lost whole, of which all parity but one comes: the last solves each of them.
  for (let index = 0; index < MAX_DATA_COUNT - 1; index++) {
    attacker.parity(0, MAX_DATA_COUNT, index);
    attacker.parity(MAX_DATA_COUNT, MAX_DATA_COUNT, index);
  }
  attacker.parity(0, MAX_DATA_COUNT, MAX_DATA_COUNT - 1);
  attacker.parity(MAX_DATA_COUNT, MAX_DATA_COUNT, MAX_DATA_COUNT - 1);
  assert.ok(attacker.mostShards > MAX_DATA_COUNT, `${attacker.mostShards} shards`);
  assert.ok(attacker.mostShards <= MOST_SHARDS, `${attacker.mostShards} shards`);
  assert.ok(attacker.mostForms <= MOST_FORMS, `${attacker.mostForms} forms`);
});
