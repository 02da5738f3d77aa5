import { test } from "node:test";
import assert from "node:assert/strict";
import { HelloFilter } from "../../src/handshake/hello_filter.ts";

const MINUTE = 60_000;

/** As long as the shortest hello; its nonce, 24 bytes before the end, begins with `number`. */
function packetOf(number: number): Uint8Array {
  const packet = new Uint8Array(180).fill(9);
  new DataView(packet.buffer).setUint32(packet.length - 24, number);
  return packet;
}

test("accept() takes a hello once, and returns false when it has been seen before", () => {
  const filter = new HelloFilter(0);
  assert.equal(filter.accept(packetOf(1), 0), true);
  assert.equal(filter.accept(packetOf(1), 0), false);
  assert.equal(filter.accept(packetOf(2), 0), true);
  assert.equal(filter.accept(packetOf(2), 1), false);
});

test("accept() counts the nonce of a packet, whatever stands before and behind it", () => {
  const filter = new HelloFilter(0);
  filter.accept(packetOf(1), 0);
  const other = packetOf(1);
  other.fill(0, 0, other.length - 24);
  other.fill(0, other.length - 8);
  assert.equal(filter.accept(other, 0), false);
  assert.equal(filter.accept(new Uint8Array([...new Uint8Array(900), ...packetOf(1)]), 0), false);
});

test("accept() tells packets apart by each of the first 52 bits of their nonces", () => {
  const filter = new HelloFilter(0);
  assert.equal(filter.accept(packetOf(0), 0), true);
  for (let bit = 0; bit < 52; bit++) {
    const packet = packetOf(0);
    // Of the seventh byte the lower half counts.
    packet[packet.length - 24 + (bit >>> 3)]! ^= 1 << (bit & 7);
    assert.equal(filter.accept(packet, 0), true, `bit ${bit}`);
  }
});

test("a hello is remembered for five minutes, whenever it came", () => {
  for (let cameAt = 0; cameAt <= 15 * MINUTE; cameAt += 10_000) {
    const filter = new HelloFilter(0);
    for (let now = 0; now < cameAt; now += MINUTE) filter.accept(packetOf(2 + now), now);
    assert.equal(filter.accept(packetOf(1), cameAt), true);
    for (let age = 0; age <= 5 * MINUTE; age += 30_000) {
      assert.equal(filter.accept(packetOf(1), cameAt + age), false, `${cameAt} + ${age}`);
      filter.accept(packetOf(1e9 + age), cameAt + age);
    }
  }
});

test("a hello is forgotten after ten minutes at the most", () => {
  for (const cameAt of [0, 1, 4 * MINUTE, 5 * MINUTE - 1]) {
    for (const hasTraffic of [false, true]) {
      const filter = new HelloFilter(0);
      filter.accept(packetOf(1), cameAt);
      for (let now = cameAt; hasTraffic && now < cameAt + 10 * MINUTE; now += MINUTE) {
        filter.accept(packetOf(2 + now), now);
      }
      assert.equal(filter.accept(packetOf(1), cameAt + 10 * MINUTE), true, `${cameAt}`);
    }
  }
});

test("a generation that is full of entries gives way: never more than two are kept", () => {
  const generation = 2 ** 15;
  const filter = new HelloFilter(0);
  for (let i = 0; i < 2 * generation; i++) assert.equal(filter.accept(packetOf(i), 0), true);
  for (const i of [0, generation - 1, generation, 2 * generation - 1]) {
    assert.equal(filter.accept(packetOf(i), 0), i < generation, `hello ${i}`);
  }
});
