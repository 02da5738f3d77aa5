import { test } from "node:test";
import assert from "node:assert/strict";
import { TOKEN_AGE, TOKEN_LENGTH, TokenKeeper } from "../../src/handshake/token_keeper.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

const HOST = "192.0.2.1";
const MINUTE = 60_000;
const SECRET = Uint8Array.from({ length: 32 }, (_, i) => 100 + i);

function keeperOf(seed = 1): TokenKeeper {
  return new TokenKeeper(new Random(seededSource(seed)));
}

test("open() gives back the secret that issue() sealed", () => {
  const keeper = keeperOf();
  const token = keeper.issue(SECRET, HOST, 1_234.5);
  assert.equal(token.length, TOKEN_LENGTH);
  assert.deepEqual(keeper.open(token, 1_234.5)?.secret, SECRET);
  assert.deepEqual(keeper.open(token, 2_000)?.secret, SECRET);
});

test("open() leaves the token as it was", () => {
  const keeper = keeperOf();
  const token = keeper.issue(SECRET, HOST, 0);
  const before = token.slice();
  keeper.open(token, 0);
  assert.deepEqual(token, before);
});

test("a token is good for ten minutes, and not for longer", () => {
  assert.equal(TOKEN_AGE, 10 * MINUTE);
  for (const issuedAt of [0, 1, 59_999, 60_000, 123_456]) {
    const keeper = keeperOf();
    const token = keeper.issue(SECRET, HOST, issuedAt);
    assert.deepEqual(keeper.open(token, issuedAt + TOKEN_AGE)?.secret, SECRET);
    assert.equal(keeper.open(token, issuedAt + TOKEN_AGE + 1), undefined);
  }
});

test("the keys are forgotten after eleven minutes: a clock that went back would not help", () => {
  const keeper = keeperOf();
  const early = keeper.issue(SECRET, HOST, 0);
  const late = keeper.issue(SECRET, HOST, 10 * MINUTE);
  keeper.open(late, 11 * MINUTE - 1);
  assert.deepEqual(keeper.open(early, 0)?.secret, SECRET);
  keeper.open(late, 11 * MINUTE);
  assert.equal(keeper.open(early, 0), undefined);
  assert.deepEqual(keeper.open(late, 11 * MINUTE)?.secret, SECRET);
});

test("issue() forgets the keys of more than eleven minutes ago too", () => {
  for (const [minute, expected] of [[10, SECRET], [11, undefined]] as const) {
    const keeper = keeperOf();
    const early = keeper.issue(SECRET, HOST, 0);
    keeper.issue(SECRET, HOST, minute * MINUTE);
    assert.deepEqual(keeper.open(early, 0)?.secret, expected);
  }
});

test("the keys that seal tokens are drawn anew every minute", () => {
  const keeper = keeperOf();
  const token = keeper.issue(SECRET, HOST, 0);
  keeper.issue(SECRET, HOST, MINUTE);
  assert.deepEqual(keeper.open(token, MINUTE)?.secret, SECRET);
  token[0] = 1;
  assert.equal(keeper.open(token, MINUTE), undefined);
});

test("open() takes no token of another listener", () => {
  assert.equal(keeperOf(2).open(keeperOf(1).issue(SECRET, HOST, 0), 0), undefined);
  const other = keeperOf(2);
  other.issue(SECRET, HOST, 0);
  assert.equal(other.open(keeperOf(1).issue(SECRET, HOST, 0), 0), undefined);
});

test("open() takes no token in which a bit was changed", () => {
  const keeper = keeperOf();
  keeper.issue(SECRET, HOST, MINUTE);
  const token = keeper.issue(SECRET, HOST, 0);
  for (let bit = 0; bit < 8 * TOKEN_LENGTH; bit++) {
    const tampered = token.slice();
    tampered[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(keeper.open(tampered, MINUTE), undefined, `bit ${bit}`);
  }
});

test("open() takes no token of another length", () => {
  const keeper = keeperOf();
  const token = keeper.issue(SECRET, HOST, 0);
  for (let length = 0; length < TOKEN_LENGTH; length++) {
    assert.equal(keeper.open(token.subarray(0, length), 0), undefined);
  }
  assert.equal(keeper.open(new Uint8Array([...token, 0]), 0), undefined);
  assert.equal(keeper.open(new Uint8Array(10_000), 0), undefined);
});

test("a client sees a token as bytes without meaning: two of one secret have nothing in common", () => {
  const keeper = keeperOf();
  const [a, b] = [keeper.issue(SECRET, HOST, 0), keeper.issue(SECRET, HOST, 0)];
  assert.equal(a[0], b[0]);
  const same = a.filter((byte, i) => byte === b[i]).length;
  assert.ok(same < 6, `${same} bytes of ${TOKEN_LENGTH} are the same`);
  assert.notDeepEqual(a.subarray(1, 33), SECRET);
});

test("minutes that have the same last eight bits are not mixed up", () => {
  const keeper = keeperOf();
  const token = keeper.issue(SECRET, HOST, 0);
  const later = keeper.issue(SECRET, HOST, 256 * MINUTE);
  assert.equal(later[0], token[0]);
  assert.equal(keeper.open(token, 256 * MINUTE), undefined);
  assert.deepEqual(keeper.open(later, 256 * MINUTE)?.secret, SECRET);
});

test("a token tells to which host it was sent, and of no other that it was", () => {
  const keeper = keeperOf();
  for (const hostname of [HOST, "2001:db8::1", ""]) {
    const token = keeper.open(keeper.issue(SECRET, hostname, 0), MINUTE);
    assert.ok(token !== undefined);
    for (const other of [HOST, "2001:db8::1", "", "192.0.2.2"]) {
      assert.equal(token.isFor(other), other === hostname);
    }
  }
});
