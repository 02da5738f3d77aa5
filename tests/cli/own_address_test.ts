import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedHost } from "../../src/cli/own_address.ts";

const OWN = [
  { address: "127.0.0.1", internal: true },
  { address: "::1", internal: true },
  { address: "fe80::1", internal: false },
  { address: "169.254.3.4", internal: false },
  { address: "2001:db8::7", internal: false },
  { address: "198.51.100.7", internal: false },
];

test("advertisedHost() takes what was given, before all else", () => {
  const at = { hostname: "192.0.2.1", port: 1 };
  assert.equal(advertisedHost("home.example", at, OWN), "home.example");
});

test("advertisedHost() takes the address that was listened at", () => {
  assert.equal(advertisedHost(undefined, { hostname: "192.0.2.1", port: 1 }, OWN), "192.0.2.1");
  const mapped = { hostname: "::ffff:192.0.2.1", port: 1 };
  assert.equal(advertisedHost(undefined, mapped, OWN), "192.0.2.1");
});

test("advertisedHost() takes an address that others can reach, IPv4 first, where all are meant", () => {
  for (const hostname of ["", "::", "0.0.0.0"]) {
    assert.equal(advertisedHost(undefined, { hostname, port: 1 }, OWN), "198.51.100.7");
    assert.equal(advertisedHost(undefined, { hostname, port: 1 }, OWN.slice(0, 5)), "2001:db8::7");
    assert.equal(advertisedHost(undefined, { hostname, port: 1 }, OWN.slice(0, 4)), "127.0.0.1");
  }
});
