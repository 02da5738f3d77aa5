import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeOwnBody,
  deriveOwnTag,
  encodeOwnBody,
  FRAGMENT_OVERHEAD,
  isOwnBody,
  MOST_ANSWERS,
  MOST_FRAGMENTS,
  type OwnBody,
} from "../../src/session/own_body.ts";

const TAG = deriveOwnTag(Uint8Array.from({ length: 32 }, (_, i) => i));
const memory = new Uint8Array(2048);

function encoded(body: OwnBody): Uint8Array {
  return memory.slice(0, encodeOwnBody(TAG, body, memory));
}

const bodies: fc.Arbitrary<OwnBody> = fc.oneof(
  fc.record({
    kind: fc.constant("fragment" as const),
    index: fc.nat(MOST_FRAGMENTS - 1),
    count: fc.constant(MOST_FRAGMENTS),
    piece: fc.uint8Array({ maxLength: 1_400 }),
  }),
  fc.record({ kind: fc.constant("probe" as const), id: fc.nat(65_535) }),
  fc.record({
    kind: fc.constant("answer" as const),
    ids: fc.array(fc.nat(65_535), { maxLength: MOST_ANSWERS }),
  }),
);

test("decodeOwnBody() takes what encodeOwnBody() wrote", () => {
  fc.assert(fc.property(bodies, (body) => {
    const bytes = encoded(body);
    assert.ok(isOwnBody(TAG, bytes));
    assert.deepEqual({ ...decodeOwnBody(TAG, bytes) }, { ...body });
  }));
});

test("encodeOwnBody() makes a fragment FRAGMENT_OVERHEAD bytes longer than its piece", () => {
  for (const length of [0, 1, 1_000]) {
    const body = { kind: "fragment", index: 0, count: 1, piece: new Uint8Array(length) } as const;
    assert.equal(encoded(body).length, length + FRAGMENT_OVERHEAD);
  }
});

test("decodeOwnBody() returns undefined for another tag, other kinds, truncations and impossible counts", () => {
  const fragment = encoded({ kind: "fragment", index: 1, count: 2, piece: new Uint8Array(0) });
  const probe = encoded({ kind: "probe", id: 7 });
  for (const bytes of [fragment, probe]) {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeOwnBody(TAG, bytes.subarray(0, length)), undefined, `${length} bytes`);
    }
    for (let at = 0; at < TAG.length; at++) {
      const other = bytes.slice();
      other[at]! ^= 1;
      assert.equal(isOwnBody(TAG, other), false);
      assert.equal(decodeOwnBody(TAG, other), undefined);
    }
  }
  const tagged = (...header: number[]) => Uint8Array.of(...TAG, ...header);
  assert.notEqual(decodeOwnBody(TAG, tagged(0, 0, 1)), undefined);
  for (
    const header of [[0, 0, 0], [0, 1, 1], [0, 0, MOST_FRAGMENTS + 1], [0, 255, 255], [3, 0, 1]]
  ) {
    assert.equal(decodeOwnBody(TAG, tagged(...header)), undefined, `${header}`);
  }
});

test("decodeOwnBody() reads no more than MOST_ANSWERS answers, and half a one not at all", () => {
  const many = Uint8Array.of(...TAG, 2, ...new Array<number>(1_001).fill(1));
  const own = decodeOwnBody(TAG, many);
  assert.equal(own?.kind === "answer" && own.ids.length, MOST_ANSWERS);
  assert.deepEqual(decodeOwnBody(TAG, Uint8Array.of(...TAG, 2, 5, 0, 9)), {
    kind: "answer",
    ids: [5],
  });
});

test("decodeOwnBody() survives any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (rest) => {
    decodeOwnBody(TAG, rest);
    decodeOwnBody(TAG, Uint8Array.of(...TAG, ...rest));
  }));
});

test("deriveOwnTag() gives each session a tag of its own", () => {
  const tags = new Set<string>();
  for (let i = 0; i < 64; i++) {
    tags.add(deriveOwnTag(new Uint8Array(32).fill(i)).join());
  }
  assert.equal(tags.size, 64);
});
