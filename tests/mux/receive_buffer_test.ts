import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { equalBytes } from "../../src/bytes.ts";
import { ReceiveBudget } from "../../src/mux/receive_budget.ts";
import { ReceiveBuffer } from "../../src/mux/receive_buffer.ts";
import { saltedBytes } from "../support/salted_bytes.ts";

const MIB = 2 ** 20;
const SEGMENT = 1_330;
const WHOLE = new Uint8Array(SEGMENT);

/** Gives a buffer segments in order until it refuses one; returns how many it took. */
function fill(buffer: ReceiveBuffer, payload = WHOLE): number {
  for (let count = 0;; count++) {
    buffer.raiseLimit();
    if (buffer.insert(buffer.next, payload) === "refused") return count;
  }
}

/** Bytes that a new session may hold. */
const SESSION = new ReceiveBudget().free;

test("insert() puts segments in order, each once, whatever order they come in", () => {
  const order = fc.integer({ min: 1, max: 60 }).chain((count) =>
    fc.array(fc.nat(count - 1), { maxLength: 4 * count }).map((extra) => ({ count, extra }))
  );
  fc.assert(fc.property(order, ({ count, extra }) => {
    const budget = new ReceiveBudget();
    const buffer = new ReceiveBuffer(budget);
    const has = new Set<number>();
    for (const sequence of [...extra, ...Array(count).keys()]) {
      const expected = has.has(sequence) ? "duplicate" : "accepted";
      const payload = saltedBytes(sequence * 10, 10, 0);
      assert.equal(buffer.insert(sequence, payload), expected);
      payload.fill(0);
      has.add(sequence);
      let next = 0;
      while (has.has(next)) next++;
      assert.equal(buffer.next, next);
      assert.equal(buffer.readable, next * 10);
      assert.equal(buffer.hasHoles, has.size > next);
    }
    const into = new Uint8Array(count * 10 + 1);
    assert.equal(buffer.read(into), count * 10);
    assert.ok(equalBytes(into.subarray(0, count * 10), saltedBytes(0, count * 10, 0)));
    assert.equal(budget.free, SESSION);
  }));
});

test("insert() refuses what does not fit into 8 MiB a stream", () => {
  const budget = new ReceiveBudget();
  const buffer = new ReceiveBuffer(budget);
  const count = fill(buffer);
  assert.ok(count * SEGMENT <= 8 * MIB, `${count * SEGMENT}`);
  assert.ok(count * SEGMENT > 7.9 * MIB, `${count * SEGMENT}`);
  assert.equal(buffer.insert(buffer.next + 1, WHOLE), "refused");
  assert.equal(buffer.read(new Uint8Array(100 * SEGMENT)), 100 * SEGMENT);
  assert.ok(fill(buffer) >= 90);
});

test("insert() refuses what does not fit into 32 MiB a session", () => {
  const budget = new ReceiveBudget();
  for (let i = 0; i < 1_000; i++) fill(new ReceiveBuffer(budget));
  const overdraft = 1_000 * SEGMENT;
  assert.ok(budget.free >= -overdraft, `${budget.free}`);
  assert.ok(budget.free < MIB, `${budget.free}`);
});

test("ReceiveBuffer never uses up the session's budget for readers that have stopped", () => {
  const budget = new ReceiveBudget();
  for (let i = 0; i < 6; i++) fill(new ReceiveBuffer(budget));
  assert.ok(fill(new ReceiveBuffer(budget)) > 100);
});

test("insert() always takes the segment that a waiting reader needs next", () => {
  const budget = new ReceiveBudget();
  budget.use(SESSION);
  const buffer = new ReceiveBuffer(budget);
  assert.equal(buffer.insert(1, WHOLE), "refused");
  for (let sequence = 0; sequence < 10; sequence++) {
    assert.ok(buffer.raiseLimit() > sequence);
    assert.equal(buffer.insert(sequence, WHOLE), "accepted");
    assert.equal(buffer.insert(sequence + 1, WHOLE), "refused");
    assert.equal(buffer.read(new Uint8Array(SEGMENT)), SEGMENT);
  }
});

test("insert() takes the missing segment also when those behind it have used up the budget", () => {
  const large = new Uint8Array(1_900);
  const buffer = new ReceiveBuffer(new ReceiveBudget());
  let sequence = 1;
  while (buffer.insert(sequence, large) === "accepted") sequence++;
  assert.equal(buffer.insert(0, large), "accepted");
  assert.equal(buffer.readable, sequence * large.length);
});

test("insert() counts what a segment that waits costs besides its bytes", () => {
  const budget = new ReceiveBudget();
  const buffer = new ReceiveBuffer(budget);
  for (let sequence = 1; sequence <= 100; sequence++) buffer.insert(sequence, new Uint8Array(0));
  assert.equal(SESSION - budget.free, 100 * 128);
  buffer.insert(0, new Uint8Array(0));
  assert.equal(budget.free, SESSION);
});

test("raiseLimit() tells the first segment that would be refused, and never goes back", () => {
  const budget = new ReceiveBudget();
  const buffer = new ReceiveBuffer(budget);
  const limit = buffer.raiseLimit();
  assert.ok(limit * SEGMENT > 7 * MIB);
  assert.equal(buffer.insert(limit, WHOLE), "refused");
  for (let sequence = limit - 1; sequence >= 0; sequence--) {
    assert.equal(buffer.insert(sequence, WHOLE), "accepted", `${sequence}`);
  }
  assert.equal(buffer.insert(buffer.next, WHOLE), "refused");
  let last = buffer.raiseLimit();
  assert.ok(last >= limit);
  budget.use(20 * MIB);
  for (let i = 0; i < 100; i++) {
    buffer.read(new Uint8Array(50_000));
    const raised = buffer.raiseLimit();
    assert.ok(raised >= last);
    last = raised;
  }
});

test("isLimitWorthTelling turns true when 2 MiB have been read since the limit was told", () => {
  const buffer = new ReceiveBuffer(new ReceiveBudget());
  fill(buffer);
  buffer.raiseLimit();
  assert.equal(buffer.isLimitWorthTelling, false);
  buffer.read(new Uint8Array(1.5 * MIB));
  assert.equal(buffer.isLimitWorthTelling, false);
  buffer.read(new Uint8Array(0.7 * MIB));
  assert.equal(buffer.isLimitWorthTelling, true);
  buffer.raiseLimit();
  assert.equal(buffer.isLimitWorthTelling, false);
});

test("setEnd() completes the stream once everything below has come", () => {
  const buffer = new ReceiveBuffer(new ReceiveBudget());
  assert.equal(buffer.end, Infinity);
  assert.equal(buffer.setEnd(2), true);
  assert.equal(buffer.isComplete, false);
  buffer.insert(1, WHOLE);
  assert.equal(buffer.isComplete, false);
  buffer.insert(0, WHOLE);
  assert.equal(buffer.isComplete, true);
  assert.equal(buffer.insert(2, WHOLE), "refused");
  assert.equal(new ReceiveBuffer(new ReceiveBudget()).setEnd(0), true);
});

test("setEnd() returns false when that contradicts what the sender said or sent before", () => {
  const buffer = new ReceiveBuffer(new ReceiveBudget());
  buffer.insert(0, WHOLE);
  buffer.insert(5, WHOLE);
  assert.equal(buffer.setEnd(0), false);
  assert.equal(buffer.setEnd(5), false);
  assert.equal(buffer.setEnd(6), true);
  assert.equal(buffer.setEnd(6), true);
  assert.equal(buffer.setEnd(7), false);
});

test("discard() drops what has come and what comes, but takes it, whatever others hold", () => {
  const budget = new ReceiveBudget();
  const buffer = new ReceiveBuffer(budget);
  buffer.insert(0, WHOLE);
  buffer.insert(2, WHOLE);
  buffer.discard();
  assert.equal(buffer.readable, 0);
  assert.equal(buffer.insert(1, WHOLE), "accepted");
  assert.equal(buffer.next, 3);
  assert.equal(buffer.readable, 0);
  assert.equal(budget.free, SESSION);
  budget.use(SESSION);
  for (let sequence = 3; sequence < 10_000; sequence++) {
    assert.equal(buffer.insert(sequence, WHOLE), "accepted");
  }
});

test("cut() drops what waits for a missing segment, and keeps what can be read", () => {
  const budget = new ReceiveBudget();
  const buffer = new ReceiveBuffer(budget);
  buffer.insert(0, WHOLE);
  buffer.insert(2, WHOLE);
  buffer.cut();
  assert.equal(buffer.hasHoles, false);
  assert.equal(SESSION - budget.free, SEGMENT);
  assert.equal(buffer.read(new Uint8Array(2 * SEGMENT)), SEGMENT);
  assert.equal(budget.free, SESSION);
});

test("release() gives everything back", () => {
  const budget = new ReceiveBudget();
  const buffer = new ReceiveBuffer(budget);
  buffer.insert(0, WHOLE);
  buffer.insert(2, WHOLE);
  buffer.release();
  assert.equal(budget.free, SESSION);
  assert.equal(buffer.readable, 0);
});

test("accepted counts each byte once that was taken, of all streams of the session", () => {
  const budget = new ReceiveBudget();
  const [one, two] = [new ReceiveBuffer(budget), new ReceiveBuffer(budget)];
  one.insert(0, new Uint8Array(10));
  one.insert(0, new Uint8Array(10));
  one.insert(2, new Uint8Array(20));
  two.insert(0, new Uint8Array(5));
  two.read(new Uint8Array(5));
  two.insert(99_999, new Uint8Array(7));
  assert.equal(budget.accepted, 35);
});

test("insert() refuses what does not fit into what the process may hold, and counts it everywhere", () => {
  const whole = new ByteBudget(4 * MIB);
  const [one, two] = [MIB, 32 * MIB].map((limit) => {
    const bytes = new ByteBudget(limit, whole);
    return { bytes, budget: new ReceiveBudget({ bytes }) };
  });
  fill(new ReceiveBuffer(one!.budget));
  assert.ok(one!.bytes.used <= MIB && one!.bytes.used > 0.45 * MIB);
  assert.equal(whole.refusals, 0);
  assert.ok(one!.budget.refused > 0 && one!.bytes.refusals > 0);
  const greedy = new ReceiveBuffer(two!.budget);
  fill(greedy);
  assert.ok(whole.used < 4 * MIB);
  assert.ok(whole.refusals > 0);
  const late = new ReceiveBuffer(new ReceiveBudget({ bytes: new ByteBudget(MIB, whole) }));
  assert.ok(fill(late) > 100, "who comes late finds something free");
});

test("F-BIDI, insert(): a waiting reader gets the next segment when the process holds all that it may", () => {
  const whole = new ByteBudget(MIB);
  whole.use(MIB);
  const buffer = new ReceiveBuffer(new ReceiveBudget({ bytes: new ByteBudget(MIB, whole) }));
  for (let sequence = 0; sequence < 10; sequence++) {
    assert.ok(buffer.raiseLimit() > sequence);
    assert.equal(buffer.insert(sequence + 1, WHOLE), "refused");
    assert.equal(buffer.insert(sequence, WHOLE), "accepted");
    assert.equal(buffer.read(new Uint8Array(SEGMENT)), SEGMENT);
  }
});

test("insert() takes as many bytes a stream as were set", () => {
  const buffer = new ReceiveBuffer(new ReceiveBudget({ mostOfStream: MIB }));
  const count = fill(buffer);
  assert.ok(count * SEGMENT <= MIB && count * SEGMENT > 0.99 * MIB, `${count * SEGMENT}`);
  buffer.raiseLimit();
  buffer.read(new Uint8Array(MIB / 2));
  assert.equal(buffer.isLimitWorthTelling, true);
});
