import { test } from "node:test";
import assert from "node:assert/strict";
import {
  ACK,
  decodeSegment,
  encodeSegment,
  FIN,
  MOST_PAYLOAD,
  SYN,
} from "../../src/sim/segment.ts";

test("encodeSegment() and decodeSegment() are inverse to one another", () => {
  const segments = [
    { flags: SYN, window: 0, sequence: 0, acked: 0, payload: new Uint8Array(0) },
    {
      flags: ACK | FIN,
      window: 2 ** 24 - 1,
      sequence: 2 ** 52,
      acked: 7,
      payload: Uint8Array.of(1),
    },
    { flags: ACK, window: 9, sequence: 1, acked: 2, payload: new Uint8Array(MOST_PAYLOAD).fill(3) },
  ];
  for (const segment of segments) {
    const bytes = encodeSegment(segment);
    assert.equal(bytes.length, 24 + segment.payload.length);
    assert.deepEqual(decodeSegment(bytes), segment);
  }
});

test("decodeSegment() returns undefined for every truncation and every turned bit", () => {
  const payload = Uint8Array.of(1, 2, 3, 4, 5);
  const bytes = encodeSegment({ flags: ACK, window: 5, sequence: 6, acked: 7, payload }).slice();
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeSegment(bytes.subarray(0, length)), undefined);
  }
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = bytes.slice();
    damaged[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeSegment(damaged), undefined, `bit ${bit}`);
  }
});
