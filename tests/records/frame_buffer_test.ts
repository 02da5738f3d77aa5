import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { FRAME_OVERHEAD, FrameBuffer, MOST_DATAGRAM_SENT } from "../../src/records/frame_buffer.ts";

test("take() gives away the frames in order, each with its length before it", () => {
  const datagrams = fc.array(fc.uint8Array({ minLength: 1, maxLength: 600 }), { maxLength: 40 });
  const rounds = fc.array(datagrams, { maxLength: 4 });
  fc.assert(fc.property(rounds, (rounds) => {
    const buffer = new FrameBuffer();
    for (const datagrams of rounds) {
      const expected: number[] = [];
      for (const datagram of datagrams) {
        buffer.append(datagram);
        expected.push(datagram.length >>> 8, datagram.length & 255, ...datagram);
        assert.equal(buffer.length, expected.length);
      }
      assert.deepEqual([...buffer.take()], expected);
      assert.equal(buffer.length, 0);
    }
  }));
});

test("append() copies the datagram", () => {
  const buffer = new FrameBuffer();
  const datagram = Uint8Array.of(1, 2, 3);
  buffer.append(datagram);
  datagram.fill(9);
  assert.deepEqual([...buffer.take()], [0, 3, 1, 2, 3]);
});

test("take() gives the memory away: what is appended later does not touch it", () => {
  const buffer = new FrameBuffer();
  buffer.append(Uint8Array.of(1));
  const first = buffer.take();
  buffer.append(Uint8Array.of(2));
  assert.notEqual(buffer.take().buffer, first.buffer);
  assert.deepEqual([...first], [0, 1, 1]);
});

test("append() throws for a datagram that no frame holds, and keeps what was there", () => {
  const buffer = new FrameBuffer();
  buffer.append(new Uint8Array(MOST_DATAGRAM_SENT));
  for (const length of [0, MOST_DATAGRAM_SENT + 1]) {
    assert.throws(
      () => buffer.append(new Uint8Array(length)),
      new RangeError(`a frame holds 1 to 2046 bytes, got ${length}`),
    );
  }
  assert.equal(buffer.length, MOST_DATAGRAM_SENT + FRAME_OVERHEAD);
});

test("clear() forgets all that waits", () => {
  const buffer = new FrameBuffer();
  buffer.append(Uint8Array.of(1));
  buffer.clear();
  assert.equal(buffer.length, 0);
  assert.deepEqual([...buffer.take()], []);
});
