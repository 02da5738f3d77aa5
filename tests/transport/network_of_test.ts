import { test } from "node:test";
import assert from "node:assert/strict";
import { networkOf } from "../../src/transport/network_of.ts";

test("networkOf() gives the addresses of a /24 or a /48 the same text, and others another one", () => {
  const networks = [
    ["192.0.2.1", "192.0.2.255", "::ffff:192.0.2.7"],
    ["192.0.3.1"],
    ["19.20.2.1"],
    ["2001:db8:1::1", "2001:db8:1:ffff::2", "2001:0db8:0001:2:3:4:5:6", "2001:DB8:1::"],
    ["2001:db8:2::1"],
    ["2001:db8::1", "2001:db8:0:1::1", "2001:db8::1:2:3:4"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:9::", "2001:db8::"],
    ["::1", "::", "::192.0.2.1", "0:0:0:5::"],
    ["::1:2:3:4:5:6:7"],
    ["fe80::1%eth0", "fe80::2%eth0"],
    ["fe80::1%eth1"],
  ].map((addresses) => new Set(addresses.map(networkOf)));
  // Two of the lists are of one network, written in other ways.
  for (const network of networks) assert.equal(network.size, 1, [...network].join(" "));
  assert.equal(new Set(networks.flatMap((network) => [...network])).size, networks.length - 1);
});
