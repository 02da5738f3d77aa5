import { test } from "node:test";
import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import type { DatagramSocket } from "../../src/host.ts";
import { isReliable } from "../../src/transport/link.ts";
import { UdpLink } from "../../src/transport/udp_link.ts";

test("UdpLink sends to its address, and says what the socket says", () => {
  const sent: [number[], Address][] = [];
  const socket: DatagramSocket = {
    addr: { hostname: "192.0.2.1", port: 1 },
    send: (bytes, to) => sent.push([[...bytes], to]) < 2,
    close: () => assert.fail("the socket is its owner's"),
  };
  const address = { hostname: "2001:db8::1", port: 53 };
  const link = new UdpLink(socket, address);
  assert.equal(link.key, "udp [2001:db8::1]:53");
  assert.equal(link.address, address);
  assert.equal(isReliable(link.carrier), false);
  assert.equal(link.isFull, false);
  assert.equal(link.send(Uint8Array.of(1)), true);
  assert.equal(link.send(Uint8Array.of(2)), false);
  assert.deepEqual(sent, [[[1], address], [[2], address]]);
});

test("isReliable() is true of every carrier but UDP", () => {
  assert.deepEqual((["udp", "tcp", "tls", "stream"] as const).map(isReliable), [
    false,
    true,
    true,
    true,
  ]);
});
