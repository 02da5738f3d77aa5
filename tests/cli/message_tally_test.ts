import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageTally } from "../../src/cli/message_tally.ts";

test("MessageTally tells what arrived, what came after a later one, and what never came", () => {
  const tally = new MessageTally();
  for (const sequence of [0, 2, 1, 4]) tally.take(sequence, 10);
  assert.equal(tally.known, 5);
  assert.deepEqual(tally.settle(5), ["arrived", "rebuilt", "arrived", "lost", "arrived"]);
  assert.deepEqual(tally.counts, { settled: 5, lost: 1, rebuilt: 1 });
  assert.deepEqual(tally.settle(5), []);
});

test("MessageTally waits for what is not settled", () => {
  const tally = new MessageTally();
  tally.take(1, 10);
  assert.deepEqual(tally.settle(0), []);
  tally.take(0, 30);
  assert.deepEqual(tally.settle(2), ["rebuilt", "arrived"]);
});

test("MessageTally counts a message that came before, or was given up, no more", () => {
  const tally = new MessageTally();
  tally.take(1, 10);
  tally.take(1, 10);
  assert.deepEqual(tally.settle(2), ["lost", "arrived"]);
  tally.take(0, 900);
  assert.deepEqual(tally.counts, { settled: 2, lost: 1, rebuilt: 0 });
  assert.equal(tally.delays.count, 1);
});

test("MessageTally settles what was never heard of as lost, at the end", () => {
  const tally = new MessageTally();
  assert.deepEqual(tally.settle(3), ["lost", "lost", "lost"]);
  assert.equal(tally.known, 0);
});
