import { test } from "node:test";
import assert from "node:assert/strict";
import { repairWish } from "../../src/mux/repair_wish.ts";
import { STREAM_MESSAGES } from "../../src/wire/message.ts";

const types = (isTail: boolean, rtt: number) =>
  STREAM_MESSAGES.filter((type) => repairWish(type, isTail, rtt) > 0);

test("repairWish() wants openings and ends repaired, and data of a tail, for a round trip", () => {
  assert.deepEqual(types(false, 50), ["syn", "synAck", "fin", "finAck", "rst"]);
  assert.deepEqual(types(true, 50), ["syn", "synAck", "data", "fin", "finAck", "rst"]);
  assert.equal(repairWish("data", true, 50), 50);
});

test("repairWish() wants nothing repaired where a round trip is 40 ms or shorter", () => {
  assert.deepEqual(types(true, 40), []);
});
