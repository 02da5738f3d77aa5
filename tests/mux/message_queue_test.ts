import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
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

test("MessageQueue keeps 256 messages; when it is full the oldest goes, and is counted", () => {
  const queue = new MessageQueue();
  for (let i = 0; i < 300; i++) queue.add(Uint8Array.of(i >> 8, i & 0xff));
  assert.equal(queue.length, 256);
  assert.equal(queue.dropped, 44);
  for (let i = 44; i < 300; i++) assert.deepEqual(queue.take(), Uint8Array.of(i >> 8, i & 0xff));
  assert.equal(queue.length, 0);
});

test("MessageQueue agrees with an array, for any order of adding and taking", () => {
  const runs = fc.array(fc.tuple(fc.nat(300), fc.nat(300)), { maxLength: 8 });
  fc.assert(fc.property(runs, (steps) => {
    const queue = new MessageQueue();
    const model: number[] = [];
    let next = 0;
    let dropped = 0;
    for (const [added, taken] of steps) {
      for (let i = 0; i < added; i++) {
        model.push(next % 256);
        queue.add(Uint8Array.of(next++ % 256));
        if (model.length > 256) {
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
