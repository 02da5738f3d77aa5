import { test } from "node:test";
import assert from "node:assert/strict";
import { VirtualClock } from "../../src/sim/clock.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import { Link } from "../../src/sim/link.ts";

const SEED = 20_260_301;
const LENGTH = 1_200;

/** A packet that came out of a link. */
interface Arrival {
  readonly number: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What came out of a link. */
interface Run {
  readonly clock: VirtualClock;
  readonly link: Link;
  readonly arrivals: Arrival[];
}

function packet(number: number, length = LENGTH): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function start(conditions: LinkConditions, seed: number | string = SEED): Run {
  const clock = new VirtualClock();
  return { clock, link: new Link(clock, seed, conditions), arrivals: [] };
}

/** Sends one packet. */
function send({ clock, link, arrivals }: Run, number: number, length = LENGTH): void {
  link.send(packet(number, length), (bytes) => {
    arrivals.push({ number, at: clock.now, bytes: bytes.slice() });
  });
}

/** Sends `count` packets, one each ms, and waits until all have come that will come. */
function run(conditions: LinkConditions, count = 20_000, length = 40, seed?: string): Run {
  const result = start(conditions, seed);
  for (let n = 0; n < count; n++) result.clock.at(n, () => send(result, n, length));
  result.clock.run(count + 100_000);
  return result;
}

function numbers({ arrivals }: Run): number[] {
  return arrivals.map(({ number }) => number);
}

/** The numbers of the packets that did not come. */
function lost(result: Run): number[] {
  const arrived = new Set(numbers(result));
  return Array.from({ length: result.link.counts.sent }, (_, n) => n)
    .filter((n) => !arrived.has(n));
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`);
}

test("Link lets everything pass at once where no condition is set, and never synchronously", () => {
  const result = start({});
  send(result, 0);
  assert.equal(result.arrivals.length, 0);
  result.clock.run(0);
  assert.deepEqual(result.arrivals, [{ number: 0, at: 0, bytes: packet(0) }]);
  assert.deepEqual(result.link.counts, {
    sent: 1,
    bytesSent: LENGTH + 28,
    lost: 0,
    blackedOut: 0,
    overflowed: 0,
    tooLong: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    delivered: 1,
    bytesDelivered: LENGTH + 28,
  });
});

test("Link sends a copy, and lends what it delivers until the call returns", () => {
  const { clock, link } = start({ delay: 5, duplicate: 1 });
  const bytes = packet(7);
  const seen: Uint8Array[] = [];
  link.send(bytes, (arrived) => {
    seen.push(arrived.slice());
    arrived.fill(255);
  });
  bytes.fill(9);
  clock.run(10);
  assert.deepEqual(seen, [packet(7), packet(7)]);
});

test("Link decides the same from the same seed, and otherwise from another", () => {
  const conditions = { loss: 0.1, duplicate: 0.1, reorder: 0.1, jitter: 20, corrupt: 0.1 };
  assert.deepEqual(run(conditions, 2_000).arrivals, run(conditions, 2_000).arrivals);
  assert.notDeepEqual(
    run(conditions, 2_000).arrivals,
    run(conditions, 2_000, 40, "other").arrivals,
  );
});

test("Link leaves the fates under one condition as they were when others are switched on", () => {
  const all: LinkConditions = {
    delay: 10,
    jitter: 9,
    loss: 0.1,
    burst: 2,
    reorder: 0.3,
    duplicate: 0.5,
    corrupt: 0.2,
    rate: 50,
  };
  assert.deepEqual(lost(run({ loss: 0.1, burst: 2 })), lost(run(all)));
  const kept = new Set(numbers(run(all)));
  const twice = (result: Run) => {
    const list = numbers(result).sort((a, b) => a - b);
    return list.filter((number, i) => number === list[i - 1] && kept.has(number));
  };
  assert.deepEqual(twice(run({ duplicate: 0.5 })), twice(run(all)));
});

test("Link loses, duplicates, holds back and corrupts as often as it was told", () => {
  const conditions = { loss: 0.1, duplicate: 0.2, reorder: 0.05, corrupt: 0.02 };
  const { counts } = run(conditions, 100_000).link;
  assertNear(counts.lost, 10_000, 400);
  assertNear(counts.duplicated, 18_000, 600);
  assertNear(counts.reordered, 4_500, 300);
  assertNear(counts.corrupted, 1_800, 200);
  assert.equal(counts.delivered, counts.sent - counts.lost + counts.duplicated);
});

test("Link loses in rows of the mean length `burst`, and `loss` of all", () => {
  for (const [loss, burst] of [[0.05, 5], [0.1, 3], [0.3, 2], [0.6, 3]] as const) {
    const numbers = lost(run({ loss, burst }, 100_000));
    const rows = numbers.filter((number, i) => number !== (numbers[i - 1] ?? -2) + 1).length;
    assertNear(numbers.length / 100_000, loss, 0.12 * loss);
    assertNear(numbers.length / rows, burst, 0.1 * burst);
  }
});

test("Link loses independently where burst is 1: rows are as long as chance makes them", () => {
  const numbers = lost(run({ loss: 0.2 }, 100_000));
  const rows = numbers.filter((number, i) => number !== (numbers[i - 1] ?? -2) + 1).length;
  assertNear(numbers.length / rows, 1 / 0.8, 0.03);
});

test("Link loses everything at a loss of 1, and nothing at 0, whatever the burst", () => {
  assert.equal(run({ loss: 1, burst: 4 }, 100).arrivals.length, 0);
  assert.equal(run({ loss: 0, burst: 4 }, 100).arrivals.length, 100);
});

test("Link takes losses from a trace, and begins it again at its end", () => {
  const expected = [1, 2, 6, 7, 11];
  assert.deepEqual(lost(run({ trace: ".xx.." }, 12)), expected);
  assert.deepEqual(lost(run({ trace: "01100" }, 12)), expected);
  assert.deepEqual(lost(run({ trace: [false, true, true, false, false] }, 12)), expected);
});

test("Link delays by `delay`, and by up to `jitter` more without changing the order", () => {
  const result = run({ delay: 50, jitter: 40 });
  const delays = result.arrivals.map(({ number, at }) => at - number);
  assert.deepEqual(numbers(result), Array.from({ length: 20_000 }, (_, n) => n));
  assert.ok(delays.every((delay) => delay >= 50 && delay <= 90));
  assert.ok(Math.max(...delays) > 89);
  assert.ok(new Set(delays).size > 1_000);
});

test("Link lets jitter change the order where `keepsOrder` is false", () => {
  const order = numbers(run({ delay: 50, jitter: 40, keepsOrder: false }));
  const swaps = order.filter((number, i) => number < (order[i - 1] ?? 0)).length;
  assert.ok(swaps > 5_000, `${swaps}`);
});

test("Link holds some packets back by up to `reorderDelay`, and only those", () => {
  const { arrivals, link } = run({ delay: 20, reorder: 0.2, reorderDelay: 30 });
  const late = arrivals.map(({ number, at }) => at - number - 20).filter((delay) => delay > 0);
  assert.equal(late.length, link.counts.reordered);
  assertNear(late.length, 4_000, 200);
  assert.ok(late.every((delay) => delay <= 30));
  assertNear(late.reduce((sum, delay) => sum + delay, 0) / late.length, 15, 0.5);
});

test("Link turns over exactly one bit of a corrupted packet", () => {
  for (const { number, bytes } of run({ corrupt: 1 }, 500, LENGTH).arrivals) {
    const clean = packet(number);
    let bits = 0;
    for (let i = 0; i < LENGTH; i++) {
      for (let rest = bytes[i]! ^ clean[i]!; rest > 0; rest >>>= 1) bits += rest & 1;
    }
    assert.equal(bits, 1);
  }
});

test("Link sends at its rate, where a packet counts with 28 bytes more", () => {
  const result = start({ rate: 8, delay: 10 });
  for (let n = 0; n < 3; n++) send(result, n, 972);
  result.clock.run(1_000);
  assert.deepEqual(result.arrivals.map(({ at }) => at), [11, 12, 13]);
});

test("Link changes its rate for the next packet that leaves the queue", () => {
  const result = start({ rate: 8 });
  for (let n = 0; n < 4; n++) send(result, n, 972);
  result.clock.run(1.5);
  result.link.change({ rate: 4 });
  result.clock.run(1_000);
  assert.deepEqual(result.arrivals.map(({ at }) => at), [1, 2, 4, 6]);
  assert.deepEqual(result.link.conditions, { rate: 4 });
});

test("Link looks at its conditions when a packet gets there: a change holds for what is queued", () => {
  const result = start({ rate: 8, delay: 10 });
  for (let n = 0; n < 4; n++) send(result, n, 972);
  result.clock.run(1);
  result.link.change({ delay: 50 });
  result.clock.run(2);
  result.link.change({ isDown: true });
  result.clock.run(3);
  result.link.change({ isDown: false, delay: 0, keepsOrder: false });
  result.clock.run(100);
  assert.deepEqual(result.arrivals.map(({ number, at }) => [number, at]), [[3, 4], [0, 11], [
    1,
    52,
  ]]);
});

test("Link drops what comes to a full queue of `queue` packets, the one on its way included", () => {
  const result = start({ rate: 8, queue: 3 });
  for (let n = 0; n < 5; n++) send(result, n, 972);
  assert.equal(result.link.queueLength, 3);
  result.clock.run(1);
  send(result, 5, 972);
  send(result, 6, 972);
  result.clock.run(100);
  assert.deepEqual(numbers(result), [0, 1, 2, 5]);
  assert.equal(result.link.counts.overflowed, 3);
  assert.equal(result.link.queueLength, 0);
});

test("Link holds no more than takes `queueTime` to send", () => {
  const result = start({ rate: 8, queueTime: 2.5 });
  for (let n = 0; n < 5; n++) send(result, n, 972);
  result.clock.run(100);
  assert.deepEqual(numbers(result), [0, 1]);
  assert.equal(result.link.counts.overflowed, 3);
});

test("Link measures how long packets waited before they were sent", () => {
  const result = start({ rate: 8, delay: 50 });
  for (let n = 0; n < 5; n++) send(result, n, 972);
  result.clock.run(100);
  const { waits } = result.link;
  assert.deepEqual([waits.count, waits.mean], [5, 2]);
  assertNear(waits.percentile(1), 4, 0.11);
  result.link.resetCounts();
  assert.deepEqual([waits.count, result.link.counts.sent], [0, 0]);
});

test("Link loses ahead of the bottleneck or behind it", () => {
  const conditions = { loss: 0.5, rate: 8, queue: 10 };
  const ahead = run({ ...conditions, lossAt: "ahead" }, 10_000, LENGTH).link.counts;
  const behind = run({ ...conditions, lossAt: "behind" }, 10_000, LENGTH).link.counts;
  // 1,228 bytes take 1.23 ms, and one comes each ms: only without the losses it is too much.
  assert.equal(ahead.overflowed, 0);
  assertNear(behind.overflowed, 10_000 * (1 - 1 / 1.228), 200);
  assertNear(ahead.lost, 5_000, 200);
  assertNear(behind.lost, 5_000 / 1.228, 200);
});

test("Link drops packets longer than `mtu`, headers counted", () => {
  const result = start({ mtu: 1_000 });
  send(result, 0, 972);
  send(result, 1, 973);
  result.clock.run(1);
  assert.deepEqual(numbers(result), [0]);
  assert.equal(result.link.counts.tooLong, 1);
});

test("Link delivers only at multiples of `clump`, in order", () => {
  const result = run({ delay: 3, clump: 10 }, 1_000);
  assert.ok(result.arrivals.every(({ number, at }) => at === Math.ceil((number + 3) / 10) * 10));
  assert.deepEqual(numbers(result), Array.from({ length: 1_000 }, (_, n) => n));
});

test("Link lets nothing pass in a blackout, and again each time it comes", () => {
  const result = run(
    { blackouts: [{ from: 10, until: 20 }, { from: 50, until: 52, every: 25 }] },
    110,
  );
  assert.deepEqual(lost(result), [
    10,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    50,
    51,
    75,
    76,
    100,
    101,
  ]);
  assert.equal(result.link.counts.blackedOut, 16);
  assert.equal(result.link.counts.lost, 0);
});

test("Link lets nothing pass while it is down", () => {
  const result = start({});
  result.link.change({ isDown: true });
  send(result, 0);
  result.clock.run(1);
  result.link.change({ isDown: undefined });
  send(result, 1);
  result.clock.run(2);
  assert.deepEqual(numbers(result), [1]);
});

test("Link.change() refuses what makes no sense, and changes nothing then", () => {
  const { link } = start({ delay: 5 });
  assert.throws(
    () => link.change({ delay: 7, loss: -1 }),
    new RangeError("loss must be 0 to 1, got -1"),
  );
  assert.deepEqual(link.conditions, { delay: 5 });
});

test("Link carries packets of any length", () => {
  const result = start({ corrupt: 1, delay: 1 });
  send(result, 0, 60_000);
  result.link.send(new Uint8Array(0), ({ length }) => {
    result.arrivals.push({ number: 1, at: result.clock.now, bytes: new Uint8Array(length) });
  });
  result.clock.run(2);
  assert.deepEqual(result.arrivals.map(({ bytes }) => bytes.length), [60_000, 0]);
});

test("Link keeps the standing queue near 5 ms with CoDel, where drop-tail fills it", () => {
  const overload = (discipline: "drop-tail" | "codel") => {
    const result = start({ rate: 8, queue: 400, discipline });
    // 20 % more than the link takes, from a sender that answers each drop with a pause of 20 ms.
    let pausedUntil = 0;
    let drops = 0;
    for (let at = 0; at < 20_000; at += 1.02) {
      result.clock.at(at, () => {
        const { overflowed } = result.link.counts;
        if (overflowed > drops) pausedUntil = at + 20;
        drops = overflowed;
        if (at >= pausedUntil) send(result, 0);
      });
    }
    result.clock.run(5_000);
    result.link.resetCounts();
    result.clock.run(20_000);
    return result.link;
  };
  const codel = overload("codel");
  const dropTail = overload("drop-tail");
  assert.ok(dropTail.waits.percentile(0.5) > 400, `${dropTail.waits.percentile(0.5)}`);
  assert.ok(codel.waits.percentile(0.5) < 15, `${codel.waits.percentile(0.5)}`);
  assert.ok(codel.waits.percentile(0.99) < 60, `${codel.waits.percentile(0.99)}`);
  assert.ok(codel.counts.bytesDelivered / 15_000 / 1_000 > 0.9);
});
