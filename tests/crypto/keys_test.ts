import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import {
  deriveSessionKeys,
  deriveStreamKeys,
  portableX25519,
  publicKeyOf,
  tripleDiffieHellman,
} from "../../src/crypto/keys.ts";
import type { KeyPair } from "../../src/host.ts";
import { LOW_ORDER_POINTS } from "../support/low_order_points.ts";
import { parseHex, vectors } from "../support/vectors.ts";

/** Counts up from `start`: enough chance for a test. */
function counting(start: number): (into: Uint8Array) => void {
  let next = start;
  return (into) => into.forEach((_, i) => into[i] = next++);
}

const x25519 = portableX25519(counting(1));

function pair(secretKey: string, publicKey: string): KeyPair {
  return { secretKey: parseHex(secretKey), publicKey: parseHex(publicKey) };
}

test("tripleDiffieHellman() reaches the original's secret from both sides", () => {
  for (const vector of vectors.tripleDh) {
    const client = {
      long: pair(vector.clientLongSecret, vector.clientLongPublic),
      ephemeral: pair(vector.clientEphemeralSecret, vector.clientEphemeralPublic),
    };
    const server = {
      long: pair(vector.serverLongSecret, vector.serverLongPublic),
      ephemeral: pair(vector.serverEphemeralSecret, vector.serverEphemeralPublic),
    };
    const secret = parseHex(vector.secret);
    for (const [mine, theirs] of [[client, server], [server, client]] as const) {
      const agreed = tripleDiffieHellman(x25519, mine, {
        longPublicKey: theirs.long.publicKey,
        ephemeralPublicKey: theirs.ephemeral.publicKey,
      });
      assert.deepEqual(agreed, secret);
    }
  }
});

test("deriveSessionKeys() and deriveStreamKeys() are the original's", () => {
  for (const vector of vectors.tripleDh) {
    const secret = parseHex(vector.secret);
    assert.deepEqual(deriveSessionKeys(secret), {
      upload: parseHex(vector.upKey),
      download: parseHex(vector.downKey),
    });
    assert.deepEqual(deriveStreamKeys(secret), {
      upload: parseHex(vector.tcpUpKey),
      download: parseHex(vector.tcpDownKey),
    });
  }
});

test("publicKeyOf() is the public half of every known pair, whatever computes it", () => {
  for (const vector of vectors.tripleDh) {
    for (
      const { secretKey, publicKey } of [
        pair(vector.clientLongSecret, vector.clientLongPublic),
        pair(vector.clientEphemeralSecret, vector.clientEphemeralPublic),
        pair(vector.serverLongSecret, vector.serverLongPublic),
        pair(vector.serverEphemeralSecret, vector.serverEphemeralPublic),
      ]
    ) {
      assert.deepEqual(publicKeyOf(secretKey), publicKey);
      assert.deepEqual(publicKeyOf(secretKey, x25519), publicKey);
    }
  }
});

test("publicKeyOf() throws when the secret key is not 32 bytes", () => {
  const expected = new RangeError("secretKey must be 32 bytes, got 31");
  assert.throws(() => publicKeyOf(new Uint8Array(31)), expected);
  assert.throws(() => publicKeyOf(new Uint8Array(31), x25519), expected);
});

test("portableX25519() iterates as RFC 7748, section 5.2, says", () => {
  let scalar: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => i === 0 ? 9 : 0);
  let point = scalar;
  const seen: string[] = [];
  for (let i = 0; i < 20; i++) {
    const shared = x25519.shared(scalar, point);
    assert.ok(shared);
    [scalar, point] = [shared, scalar];
    seen.push(formatHex(shared));
  }
  assert.equal(seen[0], "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
  // The RFC prints the first; this one comes from a plain ladder on big integers.
  assert.equal(seen[19], "5ce7e781910891bc409c80d13b98716bcbaa272ed07e93c438bbf6f2a1ed305f");
});

test("portableX25519() generates pairs from its source, whose halves belong together", () => {
  fc.assert(
    fc.property(fc.nat({ max: 255 }), (start) => {
      const x25519 = portableX25519(counting(start));
      const one = x25519.generate();
      const other = x25519.generate();
      assert.equal(one.secretKey[0], start);
      assert.deepEqual(one.publicKey, publicKeyOf(one.secretKey));
      assert.notDeepEqual(one.secretKey, other.secretKey);
      assert.deepEqual(
        x25519.shared(one.secretKey, other.publicKey),
        x25519.shared(other.secretKey, one.publicKey),
      );
    }),
    { numRuns: 5 },
  );
});

test("portableX25519().shared() returns undefined for every point of low order", () => {
  const secretKey = new Uint8Array(32).fill(77);
  for (const point of LOW_ORDER_POINTS) {
    assert.equal(x25519.shared(secretKey, point), undefined, formatHex(point));
  }
});

test("portableX25519().shared() throws when a key is not 32 bytes", () => {
  const key = new Uint8Array(32).fill(9);
  assert.throws(() => x25519.shared(key.subarray(1), key), /secretKey must be 32 bytes, got 31/);
  assert.throws(() => x25519.shared(key, new Uint8Array(33)), /publicKey must be 32 bytes, got 33/);
});

test("tripleDiffieHellman() returns undefined when either key of the peer is of low order", () => {
  const mine = { long: x25519.generate(), ephemeral: x25519.generate() };
  const { publicKey } = x25519.generate();
  for (const point of LOW_ORDER_POINTS.slice(0, 3)) {
    for (
      const theirs of [
        { longPublicKey: point, ephemeralPublicKey: publicKey },
        { longPublicKey: publicKey, ephemeralPublicKey: point },
      ]
    ) {
      assert.equal(tripleDiffieHellman(x25519, mine, theirs), undefined);
    }
  }
});
