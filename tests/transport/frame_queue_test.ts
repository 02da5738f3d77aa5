import { test } from "node:test";
import assert from "node:assert/strict";
import { FrameQueue, type FrameSink } from "../../src/transport/frame_queue.ts";

/** A sink that takes when it is told to, and writes down what it got. */
class Sink implements FrameSink {
  canWrite = true;
  readonly writes: number[] = [];
  rooms = 0;

  write(frames: Uint8Array): void {
    assert.equal(this.canWrite, true);
    this.canWrite = false;
    this.writes.push(frames.length);
  }

  onRoom(): void {
    this.rooms++;
  }
}

/** Lets the turn end. */
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

const DATAGRAM = new Uint8Array(1022);

test("what is appended in one turn goes out together, at its end", async () => {
  const sink = new Sink();
  const queue = new FrameQueue(sink);
  for (let n = 0; n < 5; n++) assert.equal(queue.append(DATAGRAM), true);
  assert.deepEqual(sink.writes, []);
  await turn();
  assert.deepEqual(sink.writes, [5 * 1024]);
});

test("64 KiB go at once, before the turn ends", () => {
  const sink = new Sink();
  const queue = new FrameQueue(sink);
  for (let n = 0; n < 63; n++) queue.append(DATAGRAM);
  assert.deepEqual(sink.writes, []);
  queue.append(DATAGRAM);
  assert.deepEqual(sink.writes, [64 * 1024]);
  assert.equal(queue.isFull, false);
});

test("append() does not call onRoom, which follows when the sink has taken what went at once", () => {
  const sink = new Sink();
  const queue = new FrameQueue(sink);
  for (let n = 0; n < 64; n++) queue.append(DATAGRAM);
  assert.deepEqual([sink.writes.length, sink.rooms], [1, 0]);
  sink.canWrite = true;
  queue.flush();
  assert.deepEqual([sink.writes.length, sink.rooms], [1, 1]);
});

test("while the sink takes none, more gathers, and goes out in one write", async () => {
  const sink = new Sink();
  const queue = new FrameQueue(sink);
  queue.append(DATAGRAM);
  await turn();
  for (let n = 0; n < 10; n++) {
    queue.append(DATAGRAM);
    await turn();
  }
  assert.deepEqual(sink.writes, [1024]);
  sink.canWrite = true;
  queue.flush();
  assert.deepEqual(sink.writes, [1024, 10 * 1024]);
});

test("isFull is true above 16 KiB, and onRoom follows when that has gone", () => {
  const sink = new Sink();
  sink.canWrite = false;
  const queue = new FrameQueue(sink);
  for (let n = 0; n < 16; n++) queue.append(DATAGRAM);
  assert.equal(queue.isFull, false);
  queue.append(DATAGRAM);
  assert.equal(queue.isFull, true);
  queue.flush();
  assert.equal(sink.rooms, 0);
  sink.canWrite = true;
  queue.flush();
  assert.equal(sink.rooms, 1);
  assert.equal(queue.isFull, false);
  // It was not full this time.
  queue.append(DATAGRAM);
  sink.canWrite = true;
  queue.flush();
  assert.equal(sink.rooms, 1);
});

test("append() drops above 128 KiB, and says and counts it", () => {
  const sink = new Sink();
  sink.canWrite = false;
  const queue = new FrameQueue(sink);
  for (let n = 0; n < 128; n++) assert.equal(queue.append(DATAGRAM), true);
  assert.equal(queue.append(Uint8Array.of(1)), false);
  assert.equal(queue.dropped, 1);
  assert.equal(queue.waiting, 128 * 1024);
});

test("append() drops what no frame holds, and says and counts it", () => {
  const queue = new FrameQueue(new Sink());
  assert.equal(queue.append(new Uint8Array(0)), false);
  assert.equal(queue.append(new Uint8Array(2047)), false);
  assert.equal(queue.append(new Uint8Array(2046)), true);
  assert.equal(queue.dropped, 2);
});

test("onRoom may append again", () => {
  const sink = new Sink();
  sink.canWrite = false;
  const queue = new FrameQueue(sink);
  const fill = () => {
    while (!queue.isFull) queue.append(DATAGRAM);
  };
  sink.onRoom = fill;
  fill();
  for (let n = 0; n < 3; n++) {
    sink.canWrite = true;
    queue.flush();
    assert.equal(queue.isFull, true);
  }
  assert.deepEqual(sink.writes, [17 * 1024, 17 * 1024, 17 * 1024]);
});

test("clear() forgets what waits", async () => {
  const sink = new Sink();
  const queue = new FrameQueue(sink);
  queue.append(DATAGRAM);
  queue.clear();
  await turn();
  assert.deepEqual(sink.writes, []);
});
