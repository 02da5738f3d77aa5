import { test } from "node:test";
import assert from "node:assert/strict";
import { TOKEN_AGE } from "../../src/handshake/token_keeper.ts";
import { Tombstones } from "../../src/net/tombstones.ts";

const MINUTE = 60_000;
const SECRET_KEY = new Uint8Array(32).fill(7);

test("H3: a session that has ended is known for as long as its token would be good", () => {
  for (const endedAt of [0, 1, 59_999, 60_000, 123_456]) {
    const tombstones = new Tombstones(SECRET_KEY);
    tombstones.add("token", endedAt);
    for (let now = endedAt; now <= endedAt + TOKEN_AGE; now += 30_000) {
      assert.equal(tombstones.has("token", now), true, `${endedAt}, ${now}`);
      assert.equal(tombstones.has("another", now), false);
    }
  }
});

test("a minute after that it is forgotten, and takes no room any more", () => {
  const tombstones = new Tombstones(SECRET_KEY);
  for (let i = 0; i < 1_000; i++) tombstones.add(`${i}`, i);
  assert.ok(tombstones.byteLength > 0);
  assert.equal(tombstones.has("1", TOKEN_AGE + MINUTE), false);
  assert.equal(tombstones.byteLength, 0);
  assert.equal(tombstones.goodSince, -Infinity);
});

test("no more than 1 MB is held whatever comes, and then no token is good that may be of one forgotten", (context) => {
  const tombstones = new Tombstones(SECRET_KEY);
  const count = 150_000;
  const step = 2;
  let most = 0;
  // Each token was issued when its session ended, at the latest.
  for (let i = 0; i < count; i++) {
    const now = i * step;
    tombstones.add(`${i}`, now);
    most = Math.max(most, tombstones.byteLength);
    if (i % 1_009 !== 0) continue;
    for (let j = i % 7; j <= i; j += 1 + (i >>> 4)) {
      const isGood = j * step >= tombstones.goodSince && !tombstones.has(`${j}`, now);
      assert.ok(!isGood, `${j} of ${i}`);
    }
  }
  const goodFor = count * step - tombstones.goodSince;
  context.diagnostic(`${most} bytes, tokens good for ${goodFor / 1000} s`);
  assert.ok(most <= 2 ** 20, `${most}`);
  assert.ok(goodFor < TOKEN_AGE && goodFor > MINUTE, `${goodFor}`);
});

test("when all of them end in one minute, tokens are good that were issued after the last that was forgotten", () => {
  const tombstones = new Tombstones(SECRET_KEY);
  let forgottenAt = -Infinity;
  for (let i = 0; i < 200_000; i++) {
    tombstones.add(`${i}`, i / 10);
    if (tombstones.goodSince > forgottenAt) forgottenAt = i / 10;
  }
  assert.equal(tombstones.goodSince, forgottenAt);
  assert.ok(forgottenAt > 19_000);
  assert.equal(tombstones.has("199999", 20_000), true);
});

test("one of many others looks like an ended one seldom", () => {
  const tombstones = new Tombstones(SECRET_KEY);
  for (let i = 0; i < 45_000; i++) tombstones.add(`${i}`, 0);
  let alike = 0;
  for (let i = 0; i < 50_000; i++) if (tombstones.has(`other ${i}`, 0)) alike++;
  // 0.5 are expected; more than 7 come once in a million times.
  assert.ok(alike <= 7, `${alike}`);
});
