import { test } from "node:test";
import assert from "node:assert/strict";
import { Fifo } from "../../src/sim/fifo.ts";
import { seededFraction } from "../support/seeded_random.ts";

test("Fifo gives what an array with shift() gives", () => {
  const next = seededFraction(8);
  const fifo = new Fifo<number>();
  const twin: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    // Long stretches of growing and of shrinking.
    if (next() < (i % 4_000 < 2_000 ? 0.7 : 0.3)) {
      fifo.push(i);
      twin.push(i);
    } else assert.equal(fifo.take(), twin.shift());
    assert.equal(fifo.length, twin.length);
  }
});

test("Fifo.clear() forgets all", () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 5; i++) fifo.push(i);
  fifo.take();
  fifo.clear();
  assert.equal(fifo.length, 0);
  assert.equal(fifo.take(), undefined);
  fifo.push(9);
  assert.equal(fifo.take(), 9);
});
