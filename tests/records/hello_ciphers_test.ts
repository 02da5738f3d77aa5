import { test } from "node:test";
import assert from "node:assert/strict";
import { HelloCiphers } from "../../src/records/hello_ciphers.ts";
import { LENGTH_BOX, openHelloLength } from "../../src/records/opening.ts";
import { parseHex, vectors } from "../support/vectors.ts";

test("at() gives the cipher of a minute, and the same one when it is asked again", () => {
  for (const { serverPublicKey, epochMinute, helloBytes } of vectors.tcpOpening) {
    const ciphers = new HelloCiphers(parseHex(serverPublicKey));
    const box = parseHex(helloBytes).slice(0, LENGTH_BOX);
    const opened = openHelloLength((minute) => ciphers.at(minute), box, epochMinute + 2);
    assert.equal(opened?.minute, epochMinute);
    assert.equal(ciphers.at(epochMinute), opened?.cipher);
  }
});

test("at() keeps the ciphers of 8 minutes, the latest that were made", () => {
  const ciphers = new HelloCiphers(new Uint8Array(32));
  const made = Array.from({ length: 8 }, (_, minute) => ciphers.at(minute));
  assert.deepEqual(
    made.map((_, minute) => ciphers.at(minute) === made[minute]),
    made.map(() => true),
  );
  ciphers.at(8);
  assert.equal(ciphers.at(1), made[1]);
  assert.notEqual(ciphers.at(0), made[0]);
});
