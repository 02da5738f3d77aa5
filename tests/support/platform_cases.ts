import assert from "node:assert/strict";
import { isIP } from "node:net";
import process from "node:process";
import fc from "fast-check";
import { x25519 } from "@noble/curves/ed25519.js";
import { SosistabError } from "../../src/errors.ts";
import type { Host, X25519 } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import { delay } from "./delay.ts";

/** The cases of everything but sockets. */
export function platformCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...clockCases(makeHost),
    ...alarmCases(makeHost),
    ...nameCases(makeHost),
    ...x25519Cases(makeHost),
  ];
}

function clockCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "now() is in milliseconds",
      async run() {
        const host = makeHost();
        const begin = host.now();
        await delay(50);
        const elapsed = host.now() - begin;
        assert.ok(elapsed >= 49 && elapsed < 2_000, `${elapsed}`);
      },
    },
    {
      name: "now() never goes back, and has fractions",
      run() {
        const host = makeHost();
        let last = host.now();
        let fractions = 0;
        for (let i = 0; i < 10_000; i++) {
          const now = host.now();
          assert.ok(now >= last);
          if (!Number.isInteger(now)) fractions++;
          last = now;
        }
        assert.ok(fractions > 9_000, `${fractions}`);
      },
    },
    {
      name: "epochSeconds() is in seconds since 1970 on the wall clock",
      run() {
        assert.ok(Math.abs(makeHost().epochSeconds() - Date.now() / 1000) < 1);
      },
    },
    {
      name: "random() fills all of an array of 65,536 bytes, each time anew",
      run() {
        const host = makeHost();
        const first = new Uint8Array(65_536);
        const second = new Uint8Array(65_536);
        host.random(first);
        host.random(second);
        // 256 expected in each, with a standard deviation of 16.
        for (const bytes of [first, second]) {
          const zeros = bytes.filter((byte) => byte === 0).length;
          assert.ok(zeros > 100 && zeros < 450, `${zeros} zeros`);
        }
        assert.notDeepEqual(first, second);
      },
    },
    {
      name: "random() writes to the view that it is given and to nothing around it",
      run() {
        const memory = new Uint8Array(96);
        makeHost().random(memory.subarray(32, 64));
        assert.deepEqual(memory.subarray(0, 32), new Uint8Array(32));
        assert.deepEqual(memory.subarray(64), new Uint8Array(32));
        assert.notDeepEqual(memory.subarray(32, 64), new Uint8Array(32));
      },
    },
  ];
}

function alarmCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "setAlarm() calls wake once, soon after now() has reached the instant",
      async run() {
        const host = makeHost();
        const at = host.now();
        const lateness: number[] = [];
        for (let i = 0; i < 10; i++) {
          host.setAlarm(at + 10 + i * 1.3, () => lateness.push(host.now() - (at + 10 + i * 1.3)));
        }
        await delay(100);
        assert.equal(lateness.length, 10);
        assert.ok(Math.min(...lateness) >= 0, `early: ${lateness}`);
        assert.ok(Math.min(...lateness) < 15, `late: ${lateness}`);
      },
    },
    {
      name: "setAlarm() takes an instant in the past, and never calls wake synchronously",
      async run() {
        const host = makeHost();
        const rang: string[] = [];
        host.setAlarm(host.now() - 1_000, () => rang.push("past"));
        host.setAlarm(-Infinity, () => rang.push("long past"));
        assert.deepEqual(rang, []);
        await delay(50);
        assert.deepEqual(rang.sort(), ["long past", "past"]);
      },
    },
    {
      name: "setAlarm() takes an instant that is further away than a timer can count",
      async run() {
        const host = makeHost();
        let rang = 0;
        const alarms = [2 ** 30 + 1, 2 ** 31, 2 ** 32, 2 ** 53, Infinity].map((distance) =>
          host.setAlarm(host.now() + distance, () => rang++)
        );
        await delay(30);
        for (const alarm of alarms) alarm[Symbol.dispose]();
        assert.equal(rang, 0);
      },
    },
    {
      name: "setAlarm() refuses an instant that is none",
      run() {
        assert.throws(() => makeHost().setAlarm(NaN, () => {}), RangeError);
      },
    },
    {
      name: "setAlarm() is cancelled by disposing, twice too, and leaves the other alarms alone",
      async run() {
        const host = makeHost();
        const rang: string[] = [];
        const cancelled = host.setAlarm(host.now() + 10, () => rang.push("cancelled"));
        host.setAlarm(host.now() + 10, () => rang.push("kept"));
        cancelled[Symbol.dispose]();
        cancelled[Symbol.dispose]();
        await delay(50);
        assert.deepEqual(rang, ["kept"]);
      },
    },
    {
      name: "setAlarm() may be disposed of while it rings and after it rang",
      async run() {
        const host = makeHost();
        let rang = 0;
        const alarm = host.setAlarm(host.now() + 5, () => {
          rang++;
          alarm[Symbol.dispose]();
        });
        await delay(40);
        alarm[Symbol.dispose]();
        await delay(10);
        assert.equal(rang, 1);
      },
    },
  ];
}

function nameCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "resolve() resolves an IP literal to itself",
      async run() {
        const host = makeHost();
        for (const literal of ["127.0.0.1", "192.0.2.7", "::1", "2001:db8:0::7", "fe80::1%lo"]) {
          assert.deepEqual(await host.resolve(literal), [literal]);
        }
      },
    },
    {
      name: "resolve() finds IP literals, at least one",
      async run() {
        const found = await makeHost().resolve("localhost");
        assert.ok(found.length >= 1);
        for (const address of found) assert.match(address, /^(127\.\d+\.\d+\.\d+|::1)$/);
        assert.ok(found.every((address) => isIP(address) !== 0));
      },
    },
    {
      name: "resolve() rejects with name-not-found when there is none, and prints no warning",
      async run() {
        const host = makeHost();
        const warnings: Error[] = [];
        const onWarning = (warning: Error) => void warnings.push(warning);
        process.on("warning", onWarning);
        for (const name of ["a-name.invalid", "", "no name at all", "x".repeat(300)]) {
          await assert.rejects(
            host.resolve(name),
            (error) => error instanceof SosistabError && error.code === "name-not-found",
            name,
          );
        }
        await delay(1);
        process.off("warning", onWarning);
        assert.deepEqual(warnings, []);
      },
    },
  ];
}

function x25519Cases(makeHost: () => Host): AdapterCase[] {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  return [
    {
      name: "x25519.generate() draws a fresh key pair, 32 bytes each",
      run() {
        const native = nativeX25519(makeHost());
        const pair = native.generate();
        assert.equal(pair.secretKey.length, 32);
        assert.deepEqual(pair.publicKey, x25519.getPublicKey(pair.secretKey));
        assert.notDeepEqual(native.generate(), pair);
      },
    },
    {
      name: "x25519.shared() agrees with @noble/curves for any keys",
      run() {
        const native = nativeX25519(makeHost());
        fc.assert(
          fc.property(key, key, (secretKey, publicKey) => {
            assert.deepEqual(
              native.shared(secretKey, publicKey),
              nobleShared(secretKey, publicKey),
            );
          }),
          { numRuns: 30 },
        );
      },
    },
    {
      name: "x25519.shared() agrees with itself from both ends, for keys that it drew",
      run() {
        const native = nativeX25519(makeHost());
        const ours = native.generate();
        const theirs = native.generate();
        const shared = native.shared(ours.secretKey, theirs.publicKey);
        assert.equal(shared?.length, 32);
        assert.deepEqual(shared, native.shared(theirs.secretKey, ours.publicKey));
      },
    },
    {
      name: "x25519.shared() looks at the bytes of a secret key each time",
      run() {
        const native = nativeX25519(makeHost());
        const { secretKey, publicKey } = native.generate();
        native.shared(secretKey, publicKey);
        secretKey.set(native.generate().secretKey);
        assert.deepEqual(native.shared(secretKey, publicKey), nobleShared(secretKey, publicKey));
      },
    },
    {
      name: "x25519.shared() returns undefined when the public key is a point of low order",
      run() {
        const native = nativeX25519(makeHost());
        const { secretKey } = native.generate();
        for (const point of LOW_ORDER_POINTS) {
          assert.equal(native.shared(secretKey, bytesOf(point)), undefined, point);
          assert.equal(native.shared(secretKey, bytesOf(point, 0x80)), undefined, point);
        }
      },
    },
    {
      name: "x25519.shared() refuses keys that are not 32 bytes long",
      run() {
        const native = nativeX25519(makeHost());
        const good = new Uint8Array(32).fill(9);
        const short = new Uint8Array(31);
        assert.throws(() => native.shared(short, good), /secretKey must be 32 bytes, got 31/);
        assert.throws(() => native.shared(good, short), /publicKey must be 32 bytes, got 31/);
      },
    },
  ];
}

/** All points of small order on the curve and its twist, below 2p: https://cr.yp.to/ecdh.html. */
const LOW_ORDER_POINTS = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/** The bytes of a point, with bits set in its last byte, which the function must ignore. */
function bytesOf(point: string, lastBits = 0): Uint8Array {
  const bytes = Uint8Array.from(point.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  bytes[31]! |= lastBits;
  return bytes;
}

function nobleShared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(secretKey, publicKey);
  } catch {
    return undefined;
  }
}

function nativeX25519({ x25519 }: Host): X25519 {
  assert.ok(x25519);
  return x25519;
}
