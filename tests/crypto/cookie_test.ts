import { test } from "node:test";
import assert from "node:assert/strict";
import { formatHex } from "../../src/bytes.ts";
import {
  clientToServerKey,
  CookieCiphers,
  MINUTE_ORDER,
  minutesAround,
  serverToClientKey,
} from "../../src/crypto/cookie.ts";
import { HELLO_OVERHEAD } from "../../src/crypto/hello_cipher.ts";
import { parseHex, vectors } from "../support/vectors.ts";

const PUBLIC_KEY = new Uint8Array(32).fill(7);

/** Ciphers of one server that write down each minute whose key they derive. */
function watched(): { ciphers: CookieCiphers; derived: number[] } {
  const derived: number[] = [];
  const ciphers = new CookieCiphers((minute) => {
    derived.push(minute);
    return clientToServerKey(PUBLIC_KEY, minute);
  });
  return { ciphers, derived };
}

function sealedAt(ciphers: CookieCiphers, minute: number): Uint8Array {
  const packet = new Uint8Array(50 + HELLO_OVERHEAD).fill(9, 0, 50);
  ciphers.at(minute).seal(packet, 50, new Uint8Array(16).fill(minute));
  return packet;
}

test("clientToServerKey() and serverToClientKey() are the original's, in its order of minutes", () => {
  for (const vector of vectors.cookieKeys.cases) {
    const publicKey = parseHex(vector.publicKey);
    const minutes = MINUTE_ORDER.map((offset) => vector.epochMinute + offset);
    assert.deepEqual(
      minutes.map((minute) => formatHex(clientToServerKey(publicKey, minute))),
      vector.c2s,
    );
    assert.deepEqual(
      minutes.map((minute) => formatHex(serverToClientKey(publicKey, minute))),
      vector.s2c,
    );
  }
});

test("CookieCiphers.open() opens packets of five minutes, and tells which", () => {
  const { ciphers } = watched();
  for (let minute = 998; minute <= 1002; minute++) {
    const opened = ciphers.open(sealedAt(ciphers, minute), 1000);
    assert.deepEqual(opened, { plaintext: new Uint8Array(50).fill(9), minute });
  }
});

test("CookieCiphers.open() leaves a packet of another minute as it was", () => {
  const { ciphers } = watched();
  for (const minute of [997, 1003]) {
    const packet = sealedAt(ciphers, minute);
    const before = packet.slice();
    assert.equal(ciphers.open(packet, 1000), undefined);
    assert.deepEqual(packet, before);
  }
});

test("CookieCiphers derives the key of a minute once, however much garbage comes", () => {
  const { ciphers, derived } = watched();
  for (let minute = 1000; minute < 1100; minute++) {
    for (let i = 0; i < 5; i++) assert.equal(ciphers.open(new Uint8Array(100), minute), undefined);
  }
  assert.equal(derived.length, 104);
  assert.equal(new Set(derived).size, 104);
});

test("CookieCiphers keeps a bounded number of ciphers", () => {
  const { ciphers, derived } = watched();
  for (let minute = 0; minute < 100; minute++) ciphers.at(minute);
  assert.equal(derived.length, 100);
  for (let minute = 0; minute < 100; minute++) ciphers.at(minute);
  assert.equal(derived.length, 200);
});

test("CookieCiphers.at() gives the same cipher again", () => {
  const { ciphers } = watched();
  assert.equal(ciphers.at(5), ciphers.at(5));
});

test("minutesAround() gives the five minutes of a receiver, in the original's order", () => {
  assert.deepEqual(minutesAround(1000), [1000, 999, 1001, 998, 1002]);
});

test("CookieCiphers.openUnder() opens packets of the minutes that are named, and of no others", () => {
  const { ciphers } = watched();
  for (const minute of [5, 3_000]) {
    const opened = ciphers.openUnder(sealedAt(ciphers, minute), [5, 3_000]);
    assert.deepEqual(opened, { plaintext: new Uint8Array(50).fill(9), minute });
  }
  const packet = sealedAt(ciphers, 6);
  const before = packet.slice();
  assert.equal(ciphers.openUnder(packet, [5, 3_000]), undefined);
  assert.deepEqual(packet, before);
});

test("CookieCiphers keeps as many ciphers as it is told", () => {
  const derived: number[] = [];
  const ciphers = new CookieCiphers((minute) => {
    derived.push(minute);
    return clientToServerKey(PUBLIC_KEY, minute);
  }, 20);
  for (let round = 0; round < 2; round++) {
    for (let minute = 0; minute < 20; minute++) ciphers.at(minute);
  }
  assert.equal(derived.length, 20);
  ciphers.at(20);
  ciphers.at(0);
  assert.equal(derived.length, 22);
});
