import { test } from "node:test";
import assert from "node:assert/strict";
import { Codel, type CodelQueue } from "../../src/sim/codel.ts";

/** A queue of instants at which packets entered; one packet leaves each ms. */
class Queue implements CodelQueue<number> {
  readonly packets: number[] = [];
  readonly drops: number[] = [];
  now = 0;
  isShort = false;

  take(): number | undefined {
    return this.packets.shift();
  }

  enteredAt(packet: number): number {
    return packet;
  }

  drop(): void {
    this.drops.push(this.now);
  }
}

/** Takes one packet each ms that has waited as long as `wait` says; returns when packets were dropped. */
function drops(duration: number, wait: (now: number) => number, isShort = false): number[] {
  const codel = new Codel();
  const queue = new Queue();
  queue.isShort = isShort;
  for (queue.now = 0; queue.now < duration; queue.now++) {
    const enteredAt = queue.now - wait(queue.now);
    queue.packets.length = 0;
    queue.packets.push(enteredAt, enteredAt, enteredAt);
    assert.notEqual(codel.take(queue, queue.now), undefined);
  }
  return queue.drops;
}

test("Codel drops nothing while packets wait less than 5 ms", () => {
  assert.deepEqual(drops(5_000, () => 4.9), []);
});

test("Codel drops nothing while one packet in each 100 ms waits less than 5 ms", () => {
  assert.deepEqual(drops(5_000, (now) => now % 100 === 0 ? 1 : 50), []);
});

test("Codel drops nothing from a queue of one packet", () => {
  assert.deepEqual(drops(5_000, () => 50, true), []);
});

test("Codel drops after 100 ms, and then at intervals that shrink with the square root", () => {
  const at = drops(700, () => 20);
  // 100, + 100, + 100 / sqrt(2), + 100 / sqrt(3) and so on, each rounded up to the next packet.
  const expected: number[] = [100];
  for (let next = 200, count = 1; next < 700; next += 100 / Math.sqrt(++count)) {
    expected.push(Math.ceil(next));
  }
  assert.deepEqual(at, expected);
});

test("Codel stops as soon as a packet waits less than 5 ms, and begins where it was soon after", () => {
  const at = drops(2_000, (now) => now === 1_000 ? 1 : 20);
  const before = at.filter((time) => time < 1_000);
  const after = at.filter((time) => time > 1_000);
  assert.equal(after[0], 1_101);
  // Of the drops of the last time all but the first count: the next one does not take 100 ms.
  assert.ok(after[1]! - after[0]! < 40, `${after[1]! - after[0]!}`);
  assert.ok(before.length > 15);
});

test("Codel takes nothing from an empty queue", () => {
  assert.equal(new Codel().take(new Queue(), 0), undefined);
});
