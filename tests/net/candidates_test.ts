import { test } from "node:test";
import assert from "node:assert/strict";
import { TOKEN_LENGTH } from "../../src/handshake/token_keeper.ts";
import { Candidates } from "../../src/net/candidates.ts";
import { liveBytes } from "../support/live_bytes.ts";

const tokenOf = (i: number): Uint8Array => {
  const token = new Uint8Array(TOKEN_LENGTH);
  new DataView(token.buffer).setUint32(0, i + 1);
  return token;
};
const shown = (i: number, shardId = 0, isThere = true) => ({
  token: tokenOf(i),
  shardId,
  length: 200,
  isThere,
});
/** As a link has it that was made for a datagram. */
const keyOf = (i: number) => `udp 192.0.${i >>> 8}.${i & 255}:${40_000 + i % 20_000}`;
/** The tokens of a link, by their numbers. */
const at = (candidates: Candidates, key: string) =>
  candidates.at(key).map((place) =>
    new DataView(candidates.get(place).token.slice().buffer).getUint32(0) - 1
  );

test("a token is kept as it was shown, with the shard and the length of its resume", () => {
  const candidates = new Candidates(100);
  for (let i = 0; i < 100; i++) assert.ok(candidates.add(keyOf(i), shown(i, i), i));
  assert.equal(candidates.size, 100);
  for (let i = 0; i < 100; i++) {
    const [place] = candidates.at(keyOf(i));
    assert.ok(place !== undefined);
    assert.deepEqual(candidates.get(place), shown(i, i));
  }
});

test("R2: a candidate takes fewer than 300 bytes, its token and the name of its link included", (context) => {
  const count = 4_096;
  const candidates = new Candidates(count);
  const token = tokenOf(0);
  // What is made once for all is not counted.
  candidates.add("udp first", { token, shardId: 0, length: 200, isThere: true }, 0);
  const before = liveBytes();
  for (let i = 1; i < count; i++) {
    token[8] = i & 255;
    token[9] = i >>> 8;
    candidates.add(keyOf(i), { token, shardId: 1, length: 200, isThere: true }, 0);
  }
  const bytes = (liveBytes() - before) / (count - 1);
  context.diagnostic(`${bytes.toFixed(0)} bytes`);
  assert.equal(candidates.size, count);
  assert.ok(bytes > 100 && bytes < 300, `${bytes}`);
});

test("a link has four candidates at the most: the oldest makes room", () => {
  const candidates = new Candidates(100);
  for (let i = 0; i < 10; i++) assert.ok(candidates.add("link", shown(i), i));
  assert.deepEqual(at(candidates, "link"), [6, 7, 8, 9]);
  assert.equal(candidates.size, 4);
});

test("there are so many and no more: the newest is refused", () => {
  const candidates = new Candidates(8);
  for (let i = 0; i < 8; i++) assert.ok(candidates.add(keyOf(i), shown(i), 0));
  assert.equal(candidates.add(keyOf(8), shown(8), 0), false);
  assert.equal(candidates.has(keyOf(8)), false);
  assert.deepEqual(at(candidates, keyOf(0)), [0]);
  assert.ok(candidates.add(keyOf(0), shown(0), 0), "one that is there may be shown again");
  candidates.remove(keyOf(3), candidates.at(keyOf(3))[0]!);
  assert.ok(candidates.add(keyOf(8), shown(8), 0));
});

test("a candidate is gone after ten seconds, and to be shown again makes it no younger", () => {
  const candidates = new Candidates(100);
  let now = 0;
  /** Lets time pass, and does what the alarm would. */
  const passTo = (until: number) => {
    for (; now < until; now += 10) if (now >= candidates.deadline) candidates.sweep(now);
  };
  const born = new Map<number, number>();
  for (let i = 0; i < 60; i++) {
    passTo(i * 170);
    candidates.add(keyOf(i), shown(i), now);
    born.set(i, now);
    if (i > 5 && i < 50) candidates.add(keyOf(5), shown(5), now);
  }
  for (; candidates.size > 0; passTo(now + 10)) {
    for (const [i, since] of born) {
      if (now - since <= 9_000) assert.ok(candidates.has(keyOf(i)), `${i}: ${now - since} ms`);
      if (now - since > 10_010) assert.ok(!candidates.has(keyOf(i)), `${i}: ${now - since} ms`);
    }
  }
  assert.equal(candidates.deadline, Infinity);
});

test("one who is removed leaves nothing behind, and the others as they are", () => {
  const candidates = new Candidates(100);
  for (let i = 0; i < 3; i++) candidates.add("link", shown(i), 0);
  candidates.remove("link", candidates.at("link")[1]!);
  assert.deepEqual(at(candidates, "link"), [0, 2]);
  candidates.add("link", shown(7), 0);
  assert.deepEqual(at(candidates, "link"), [0, 2, 7]);
  candidates.clear();
  assert.equal(candidates.size, 0);
  assert.deepEqual(at(candidates, "link"), []);
});

test("those from elsewhere than where their token was sent have half of the places", () => {
  const candidates = new Candidates(8);
  const isTaken = (i: number, isThere: boolean) =>
    candidates.add(keyOf(i), shown(i, 0, isThere), 0);
  for (let i = 0; i < 8; i++) assert.equal(isTaken(i, false), i < 4);
  for (let i = 10; i < 14; i++) assert.ok(isTaken(i, true));
  assert.equal(isTaken(14, true), false);
  candidates.remove(keyOf(0), candidates.at(keyOf(0))[0]!);
  assert.ok(isTaken(15, false));
  candidates.clear();
  for (let i = 0; i < 8; i++) assert.equal(isTaken(i, false), i < 4);
});
