import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { FragmentCutter } from "../../src/session/fragment_cutter.ts";
import { FragmentJoiner } from "../../src/session/fragments.ts";
import {
  decodeOwnBody,
  deriveOwnTag,
  FRAGMENT_OVERHEAD,
  MOST_FRAGMENTS,
} from "../../src/session/own_body.ts";

const TAG = deriveOwnTag(new Uint8Array(32).fill(3));

/** A fragment in the frame of that number. */
interface Sent {
  readonly frame: number;
  readonly index: number;
  readonly count: number;
  readonly piece: Uint8Array;
}

function cut(body: Uint8Array, room: number, firstFrame: number): Sent[] {
  const cutter = new FragmentCutter(TAG);
  assert.equal(cutter.begin(body, room), true);
  const sent: Sent[] = [];
  for (let bytes = cutter.next(); bytes !== undefined; bytes = cutter.next()) {
    assert.ok(bytes.length <= room, `${bytes.length} bytes`);
    const own = decodeOwnBody(TAG, bytes);
    assert.ok(own?.kind === "fragment");
    const { index, count } = own;
    sent.push({ frame: firstFrame + sent.length, index, count, piece: own.piece.slice() });
  }
  return sent;
}

function take(joiner: FragmentJoiner, { frame, index, count, piece }: Sent) {
  return joiner.take(frame, index, count, piece);
}

test("FragmentJoiner: pieces may come in any order, with others lost between them: each whole body comes once, and as it was", () => {
  const plans = fc.array(
    fc.record({
      length: fc.integer({ min: 1, max: 2_048 }),
      room: fc.integer({ min: 300, max: 1_300 }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  const fates = fc.infiniteStream(fc.record({ order: fc.nat(), isLost: fc.boolean() }));
  fc.assert(fc.property(plans, fates, (bodies, fate) => {
    const joiner = new FragmentJoiner();
    let frame = 0;
    const sent = bodies.map(({ length, room }, i) => {
      const body = new Uint8Array(length).map((_, at) => i * 7 + at);
      const pieces = cut(body, room, frame);
      frame += pieces.length;
      return { body, pieces };
    });
    const all = sent.flatMap(({ body, pieces }, i) =>
      pieces.map((piece) => {
        const { order, isLost } = fate.next().value;
        return { body, piece, i, order, isLost };
      })
    );
    const whole = new Set(sent.keys());
    for (const { i, isLost } of all) if (isLost) whole.delete(i);
    const came: number[] = [];
    for (const { i, body, piece, isLost } of all.sort((a, b) => a.order - b.order)) {
      if (isLost) continue;
      const joined = take(joiner, piece);
      if (joined === undefined) continue;
      assert.deepEqual(joined, body);
      came.push(i);
    }
    assert.deepEqual(came.sort((a, b) => a - b), [...whole]);
  }));
});

test("FragmentCutter cuts pieces of one length but for the last, and the fewest that fit", () => {
  for (let length = 1; length <= 2_048; length += 13) {
    for (const room of [300, 487, 1_200]) {
      const pieces = cut(new Uint8Array(length), room, 0);
      assert.equal(pieces.length, Math.ceil(length / (room - FRAGMENT_OVERHEAD)));
      const lengths = new Set(pieces.slice(0, -1).map(({ piece }) => piece.length));
      assert.ok(lengths.size <= 1);
    }
  }
});

test("FragmentCutter.begin() refuses a body that would take too many pieces, and a room that holds none", () => {
  const cutter = new FragmentCutter(TAG);
  const body = new Uint8Array(100 * MOST_FRAGMENTS);
  assert.equal(cutter.begin(body, 100 + FRAGMENT_OVERHEAD), true);
  for (const room of [99 + FRAGMENT_OVERHEAD, FRAGMENT_OVERHEAD, 1, 0, -5]) {
    assert.equal(cutter.begin(body, room), false, `${room}`);
    assert.equal(cutter.next(), undefined);
  }
});

test("FragmentJoiner: a piece that contradicts an earlier one makes an end of that body", () => {
  const piece = new Uint8Array(10);
  const joiner = new FragmentJoiner();
  assert.equal(joiner.take(10, 0, 2, piece), undefined);
  assert.equal(joiner.take(11, 1, 3, piece), undefined, "another count");
  assert.equal(joiner.incomplete, 0);
  assert.equal(joiner.take(10, 0, 2, piece), undefined);
  assert.equal(joiner.take(10, 0, 2, piece), undefined, "the same again");
  assert.equal(joiner.incomplete, 0);
  const long = new Uint8Array(1_100);
  assert.equal(joiner.take(20, 0, 2, long), undefined);
  assert.equal(joiner.take(21, 1, 2, long), undefined, "longer than any body");
  assert.equal(joiner.incomplete, 0);
});

test("FragmentJoiner: a piece whose body would begin before the first frame is no piece", () => {
  const joiner = new FragmentJoiner();
  assert.equal(joiner.take(0, 1, 2, new Uint8Array(1)), undefined);
  assert.equal(joiner.incomplete, 0);
});

test("FragmentJoiner: of incomplete bodies a few dozen are kept, and the oldest gives way", () => {
  const joiner = new FragmentJoiner();
  const piece = new Uint8Array(1_000);
  for (let body = 0; body < 10_000; body++) joiner.take(2 * body, 0, 2, piece);
  assert.equal(joiner.incomplete, 64);
  assert.equal(joiner.take(2 * 9_935 + 1, 1, 2, piece), undefined, "this one gave way");
  assert.equal(joiner.take(2 * 9_999 + 1, 1, 2, piece)?.length, 2_000);
});

test("FragmentJoiner keeps copies: what it was lent may change", () => {
  const joiner = new FragmentJoiner();
  const lent = new Uint8Array(3).fill(1);
  joiner.take(0, 0, 2, lent);
  lent.fill(9);
  assert.deepEqual(joiner.take(1, 1, 2, Uint8Array.of(2)), Uint8Array.of(1, 1, 1, 2));
});

test("FragmentJoiner survives any numbers", () => {
  const joiner = new FragmentJoiner();
  fc.assert(fc.property(
    fc.nat(200),
    fc.nat(MOST_FRAGMENTS - 1),
    fc.integer({ min: 1, max: MOST_FRAGMENTS }),
    fc.uint8Array({ maxLength: 1_400 }),
    (frame, index, count, piece) => {
      if (index >= count) return;
      joiner.take(frame, index, count, piece);
      assert.ok(joiner.incomplete <= 64);
    },
  ));
});

test("FragmentJoiner: fewer incomplete bodies are kept when memory is short, but always one", () => {
  const budget = new ByteBudget(10_000);
  const joiner = new FragmentJoiner();
  joiner.budget = budget;
  const piece = new Uint8Array(1_000);
  for (let body = 0; body < 64; body++) joiner.take(2 * body, 0, 2, piece);
  assert.ok(joiner.incomplete < 10 && joiner.incomplete > 3, `${joiner.incomplete}`);
  assert.ok(budget.used <= 10_000);
  assert.ok(budget.refusals > 50);
  assert.equal(joiner.take(2 * 63 + 1, 1, 2, piece)?.length, 2_000);
  budget.use(10_000);
  joiner.take(500, 0, 3, piece);
  joiner.take(501, 1, 3, piece);
  assert.equal(joiner.incomplete, 1);
  assert.equal(joiner.take(502, 2, 3, Uint8Array.of(1))?.length, 2_001);
  assert.equal(budget.used, 10_000);
  joiner.take(600, 0, 2, piece);
  joiner.clear();
  assert.equal(budget.used, 10_000);
});
