import { test } from "node:test";
import assert from "node:assert/strict";
import { DatagramGate, MAX_DATAGRAM } from "../../src/adapters/datagram_gate.ts";
import { collectUncaught } from "../support/collect_uncaught.ts";
import { delay } from "../support/delay.ts";
import { LOOPBACK, Mailbox } from "../support/mailbox.ts";

const IPV4 = { hostname: "192.0.2.1", port: 7 };
const IPV6 = { hostname: "2001:db8::7", port: 7 };

test("DatagramGate lets datagrams of up to 2,048 bytes through, in both directions", () => {
  const mailbox = new Mailbox();
  const gate = new DatagramGate(mailbox, LOOPBACK);
  assert.equal(MAX_DATAGRAM, 2_048);
  for (const size of [0, 1, 2_048]) {
    assert.equal(gate.admits(new Uint8Array(size), IPV4), true);
    gate.onDatagram(new Uint8Array(size), "192.0.2.1", 7);
  }
  for (const size of [2_049, 65_507]) {
    assert.equal(gate.admits(new Uint8Array(size), IPV4), false);
    gate.onDatagram(new Uint8Array(size), "192.0.2.1", 7);
  }
  assert.deepEqual(mailbox.datagrams.map(({ length }) => length), [0, 1, 2_048]);
});

test("DatagramGate lets nothing through once it is closed", () => {
  const mailbox = new Mailbox();
  const gate = new DatagramGate(mailbox, LOOPBACK);
  assert.equal(gate.closed, false);
  assert.equal(gate.close(), true);
  assert.equal(gate.closed, true);
  assert.equal(gate.close(), false);
  gate.onDatagram(new Uint8Array(1), "192.0.2.1", 7);
  gate.onError(new Error());
  assert.equal(gate.admits(new Uint8Array(1), IPV4), false);
  assert.deepEqual([mailbox.datagrams, mailbox.errors], [[], []]);
});

test("DatagramGate gives the other end's address one spelling", () => {
  const mailbox = new Mailbox();
  const gate = new DatagramGate(mailbox, { hostname: "::", port: 0 });
  gate.onDatagram(new Uint8Array(1), "::ffff:192.0.2.1", 7);
  gate.onDatagram(new Uint8Array(1), "2001:db8::7", 7);
  assert.deepEqual(mailbox.senders, [IPV4, IPV6]);
});

test("DatagramGate admits IPv6 where the socket takes it, and IPv4 everywhere", () => {
  const datagram = new Uint8Array(1);
  for (const hostname of ["0.0.0.0", "127.0.0.1", "::", "::1"]) {
    const gate = new DatagramGate(new Mailbox(), { hostname, port: 0 });
    assert.equal(gate.admits(datagram, IPV4), true);
    assert.equal(gate.admits(datagram, IPV6), hostname.includes(":"));
  }
});

test("DatagramGate makes a mistake in the handler an uncaught error, and goes on", async () => {
  const bugs = [new Error("in onDatagram"), new Error("in onError")];
  const gate = new DatagramGate({
    onDatagram() {
      throw bugs[0];
    },
    onError() {
      throw bugs[1];
    },
  }, LOOPBACK);
  const uncaught = await collectUncaught(async () => {
    gate.onDatagram(new Uint8Array(1), "192.0.2.1", 7);
    gate.onError(new Error("of the socket"));
    await delay(1);
  });
  assert.deepEqual(uncaught, bugs);
});
