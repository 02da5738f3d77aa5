import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { MessageQueue } from "../../src/mux/message_queue.ts";

test("add() adds a copy of a message, and take() takes the oldest", () => {
  const queue = new MessageQueue();
  const message = Uint8Array.of(1);
  queue.add(message);
  message[0] = 2;
  queue.add(message);
  assert.deepEqual(queue.take(), Uint8Array.of(1));
  assert.deepEqual(queue.take(), Uint8Array.of(2));
  assert.equal(queue.take(), undefined);
});

test("MessageQueue keeps 2,048 messages; when it is full the oldest goes, and is counted", () => {
  const queue = new MessageQueue();
  for (let i = 0; i < 2_100; i++) queue.add(Uint8Array.of(i >> 8, i & 0xff));
  assert.equal(queue.length, 2_048);
  assert.equal(queue.dropped, 52);
  for (let i = 52; i < 2_100; i++) assert.deepEqual(queue.take(), Uint8Array.of(i >> 8, i & 0xff));
  assert.equal(queue.length, 0);
});

test("MessageQueue keeps a MiB; when it is full as many of the oldest go as make room", () => {
  const queue = new MessageQueue();
  const part = 2 ** 20 / 8;
  for (let i = 0; i < 8; i++) queue.add(new Uint8Array(part).fill(i));
  assert.equal(queue.dropped, 0);
  queue.add(new Uint8Array(part + 1).fill(8));
  assert.equal(queue.length, 7);
  assert.equal(queue.dropped, 2);
  assert.equal(queue.take()?.[0], 2);
  for (let i = 0; i < 6; i++) queue.take();
  assert.equal(queue.length, 0);
  // What was taken counts no more.
  for (let i = 0; i < 8; i++) queue.add(new Uint8Array(part));
  assert.equal(queue.dropped, 2);
});

test("MessageQueue agrees with an array, for any order of adding and taking", () => {
  const runs = fc.array(fc.tuple(fc.nat(1_500), fc.nat(1_500)), { maxLength: 8 });
  fc.assert(fc.property(runs, (steps) => {
    const queue = new MessageQueue();
    const model: number[] = [];
    let next = 0;
    let dropped = 0;
    for (const [added, taken] of steps) {
      for (let i = 0; i < added; i++) {
        model.push(next % 256);
        queue.add(Uint8Array.of(next++ % 256));
        if (model.length > 2_048) {
          model.shift();
          dropped++;
        }
      }
      for (let i = 0; i < taken; i++) assert.equal(queue.take()?.[0], model.shift());
      assert.equal(queue.length, model.length);
      assert.equal(queue.dropped, dropped);
    }
  }));
});

test("MessageQueue gives way to others when memory is short, but always takes one message", () => {
  const whole = new ByteBudget(10_000);
  const queue = new MessageQueue(whole);
  for (let i = 0; i < 20; i++) queue.add(new Uint8Array(1_000).fill(i));
  assert.ok(whole.used <= 10_000 && whole.used > 8_000, `${whole.used}`);
  assert.equal(queue.length + queue.dropped, 20);
  assert.equal(whole.refusals, queue.dropped);
  assert.equal(queue.take()?.[0], 20 - queue.length - 1, "the oldest went");
  whole.use(10_000);
  queue.add(new Uint8Array(1_000).fill(77));
  assert.equal(queue.length, 1);
  assert.equal(queue.take()?.[0], 77);
  whole.use(-10_000);
  assert.equal(whole.used, 0);
});
