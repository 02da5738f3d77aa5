import { test } from "node:test";
import assert from "node:assert/strict";
import { formatAddress } from "../../src/address.ts";
import { SessionDriver } from "../../src/net/driver.ts";
import { Route } from "../../src/net/route.ts";
import { Routes } from "../../src/net/routes.ts";
import type { Link } from "../../src/transport/link.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

/** Where the client is. */
const HERE = "10.0.0.9";

const linkTo = (port: number, hostname = HERE): Link => {
  const address = { hostname, port };
  return { key: formatAddress(address), carrier: "udp", address, isFull: false, send: () => true };
};
/** A packet that says nothing of what was received. */
const SIGN = { length: 100, highReceived: -1, lastFrame: -1 };
const random = new Random(seededSource(1));

/** Routes with one session. */
function routed(): { routes: Routes; route: Route } {
  const [routes, route] = [new Routes(), new Route("token")];
  routes.add(route);
  return { routes, route };
}

test("shards that were shown before the session spoke are used like the first once they speak", () => {
  const { routes, route } = routed();
  for (const port of [1, 2, 3]) routes.bind(route, port, linkTo(port), 1_000, 0);
  for (const port of [3, 1, 2]) routes.onHeard(route, linkTo(port), SIGN, 0);
  const ports = new Set<number>();
  for (let i = 0; i < 300; i++) {
    const link = route.choose(1_000_000, random, 0);
    assert.ok(link !== undefined);
    ports.add(link.address.port);
  }
  assert.equal(ports.size, 3);
});

test("a shard that was shown at another host before the session spoke is at a new host there", () => {
  const { routes, route } = routed();
  const elsewhere = linkTo(1, "10.0.0.8");
  routes.bind(route, 1, elsewhere, 500, 0);
  routes.bind(route, 0, linkTo(1), 1_000, 0);
  routes.onHeard(route, linkTo(1), SIGN, 0);
  assert.equal(route.handleTimeout(0), false);
  routes.onHeard(route, elsewhere, { ...SIGN, highReceived: 3, lastFrame: 4 }, 20_000);
  assert.equal(route.handleTimeout(20_000), true, "the client is asked for a proof");
  assert.equal(route.choose(1_801, random, 20_000), undefined);
  routes.onHeard(route, elsewhere, { ...SIGN, highReceived: 5, lastFrame: 5 }, 20_001);
  assert.ok(route.choose(1_000_000, random, 40_000));
  assert.equal(route.handleTimeout(40_000), false);
});

test("who speaks from somebody's address without a proof takes it from nobody", () => {
  const { routes, route } = routed();
  routes.bind(route, 0, linkTo(1), 1_000, 0);
  routes.onHeard(route, linkTo(1), SIGN, 0);
  for (let i = 0; i < 8; i++) {
    const thief = new Route(`${i}`);
    routes.add(thief);
    for (const link of [linkTo(1, "10.0.0.8"), linkTo(1)]) {
      routes.bind(thief, 0, link, 1_000, 0);
      routes.onHeard(thief, link, SIGN, 0);
    }
    assert.ok(routes.at(linkTo(1).key).includes(route));
  }
});

test("a session that begins elsewhere than where its hello was answered is at a new host there", () => {
  const routes = new Routes();
  const route = new Route("token", (hostname) => hostname === HERE);
  routes.add(route);
  const elsewhere = linkTo(1, "10.0.0.8");
  routes.bind(route, 0, elsewhere, 500, 0);
  routes.onHeard(route, elsewhere, { ...SIGN, lastFrame: 0 }, 0);
  assert.equal(route.handleTimeout(0), true, "the client is asked for a proof");
  assert.equal(route.choose(1_801, random, 0), undefined);
  assert.ok(route.choose(1_800, random, 0));
  assert.equal(route.isFull, true);
  routes.onHeard(route, elsewhere, { ...SIGN, highReceived: 1, lastFrame: 1 }, 1);
  assert.ok(route.choose(1_000_000, random, 1));
  assert.equal(route.handleTimeout(1_000), false);
});

test("a session that begins over a stream is where that comes from", () => {
  const routes = new Routes();
  const route = new Route("token", () => false);
  routes.add(route);
  const stream: Link = { ...linkTo(1), key: "stream", carrier: "tcp" };
  routes.bind(route, 0, stream, 500, 0);
  routes.onHeard(route, stream, SIGN, 0);
  assert.ok(route.choose(1_000_000, random, 0));
});

test("streams get packets in runs, and to the original each packet is drawn anew", () => {
  for (const isOwnKind of [true, false]) {
    const { routes, route } = routed();
    route.driver = Object.create(SessionDriver.prototype, {
      session: { value: { isOwnKind, acquaintance: { joinsFragments: isOwnKind } } },
    });
    for (const id of [1, 2, 3, 4]) {
      const stream: Link = { ...linkTo(id), carrier: "tcp" };
      routes.bind(route, id, stream, 500, 0);
      routes.onHeard(route, stream, SIGN, 0);
    }
    let changes = 0;
    let before: Link | undefined;
    for (let i = 0; i < 120; i++) {
      const link = route.choose(1_000, random, 0);
      if (link !== before) changes++;
      before = link;
    }
    // Ten runs of twelve; or three of four draws go elsewhere.
    assert.ok(isOwnKind ? changes <= 10 : changes > 60, `${isOwnKind}: ${changes}`);
  }
});

test("claims in any number do not make the place forgotten that the client was known to be at", () => {
  const { routes, route } = routed();
  routes.bind(route, 0, linkTo(1), 1_000, 0);
  routes.onHeard(route, linkTo(1), SIGN, 0);
  // Somebody is first with copies of a resume and of a packet, and then says the resume from everywhere.
  const elsewhere = linkTo(1, "10.0.0.8");
  routes.bind(route, 0, elsewhere, 500, 10);
  routes.onHeard(route, elsewhere, { ...SIGN, lastFrame: 4 }, 10);
  assert.equal(route.address.hostname, "10.0.0.8");
  for (let port = 2; port < 40; port++) routes.bind(route, 0, linkTo(port, "10.0.0.8"), 500, 10);
  assert.equal(routes.onRepeated(route, linkTo(1), 20), true);
  assert.equal(route.address.hostname, HERE);
});
