import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { DatagramGate } from "../../src/adapters/datagram_gate.ts";
import { MAX_WAITING_SENDS, SendQueue } from "../../src/adapters/send_queue.ts";
import { LOOPBACK, Mailbox } from "../support/mailbox.ts";

const TO = { hostname: "192.0.2.1", port: 7 };

/** A queue, and a runtime that is done with a datagram when it is told so. */
class Bench {
  readonly mailbox = new Mailbox();
  readonly gate = new DatagramGate(this.mailbox, LOOPBACK);
  /** What was given to the runtime: the bytes and the port. */
  readonly given: [number[], number][] = [];
  #done: ((error?: unknown) => void) | undefined;

  readonly queue = new SendQueue(this.gate, (memory, length, { port }, done) => {
    assert.equal(this.#done, undefined, "a second datagram before the first was done");
    this.given.push([[...memory.subarray(0, length)], port]);
    this.#done = done;
  });

  /** Whether the runtime has a datagram. */
  get busy(): boolean {
    return this.#done !== undefined;
  }

  /** The runtime is done with the one that it has. */
  done(error?: unknown): void {
    const done = this.#done;
    assert.ok(done);
    this.#done = undefined;
    done(error);
  }
}

test("SendQueue sends at once when nothing waits", () => {
  const bench = new Bench();
  for (let i = 0; i < 3; i++) {
    assert.equal(bench.queue.push(Uint8Array.of(i, i), TO), true);
    assert.equal(bench.given.length, i + 1);
    bench.done();
  }
});

test("SendQueue sends copies, one at a time and in order, for any order of events", () => {
  fc.assert(fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 300 }), (events) => {
    const bench = new Bench();
    const expected: [number[], number][] = [];
    const memory = new Uint8Array(9);
    for (const [i, size] of events.entries()) {
      if (size < 4 && bench.busy) {
        bench.done();
        continue;
      }
      memory.fill(i);
      expected.push([[...memory.subarray(0, size)], i]);
      assert.equal(bench.queue.push(memory.subarray(0, size), { ...TO, port: i }), true);
      memory.fill(0xee);
    }
    while (bench.busy) bench.done();
    assert.deepEqual(bench.given, expected);
  }));
});

test("SendQueue refuses a datagram when 512 are waiting, and takes it again later", () => {
  const bench = new Bench();
  assert.equal(MAX_WAITING_SENDS, 512);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 512; i++) assert.equal(bench.queue.push(Uint8Array.of(i), TO), true);
    assert.equal(bench.queue.push(Uint8Array.of(1), TO), false);
    bench.done();
    assert.equal(bench.queue.push(Uint8Array.of(2), TO), true);
    assert.equal(bench.queue.push(Uint8Array.of(3), TO), false);
    while (bench.busy) bench.done();
    assert.equal(bench.given.length, (round + 1) * 513);
  }
});

test("SendQueue tries a datagram twice before the next one, and tells the handler then", () => {
  const bench = new Bench();
  const error = new Error("an ICMP answer");
  for (const byte of [1, 2, 3]) bench.queue.push(Uint8Array.of(byte), TO);
  bench.done(error);
  bench.done();
  assert.deepEqual(bench.mailbox.errors, []);
  bench.done(error);
  bench.done(error);
  assert.deepEqual(bench.mailbox.errors, [error]);
  bench.done();
  assert.deepEqual(bench.given.map(([[byte]]) => byte), [1, 1, 2, 2, 3]);
});

test("SendQueue sends nothing more once the gate is closed", () => {
  const bench = new Bench();
  for (const byte of [1, 2]) bench.queue.push(Uint8Array.of(byte), TO);
  bench.gate.close();
  assert.equal(bench.queue.push(Uint8Array.of(3), TO), false);
  bench.done(new Error("closed"));
  assert.equal(bench.given.length, 1);
  assert.deepEqual(bench.mailbox.errors, []);
});

test("SendQueue may be pushed to by the handler that it tells of an error", () => {
  const bench = new Bench();
  const queue: SendQueue = new SendQueue(
    new DatagramGate({
      onDatagram() {},
      onError: () => void queue.push(Uint8Array.of(9), TO),
    }, LOOPBACK),
    (memory, _length, _to, done) => {
      bench.given.push([[memory[0]!], 0]);
      if (memory[0] === 1) queueMicrotask(() => done(new Error()));
    },
  );
  queue.push(Uint8Array.of(1), TO);
  return Promise.resolve().then(() => {}).then(() => {}).then(() => {
    assert.deepEqual(bench.given.map(([[byte]]) => byte), [1, 1, 9]);
  });
});
