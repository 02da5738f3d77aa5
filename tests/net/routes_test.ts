import { test } from "node:test";
import assert from "node:assert/strict";
import { type Address, formatAddress } from "../../src/address.ts";
import { Route } from "../../src/net/route.ts";
import { Routes } from "../../src/net/routes.ts";
import type { Link } from "../../src/transport/link.ts";
import { Random } from "../../src/random.ts";
import { againstServer, openSocket } from "../support/forged_peer.ts";
import { seededSource } from "../support/seeded_random.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const at = (port: number): Address => ({ hostname: "10.0.0.9", port });
const keyOf = (port: number) => formatAddress(at(port));
const linkTo = (port: number, hostname = "10.0.0.9"): Link => {
  const address = { hostname, port };
  return { key: formatAddress(address), carrier: "udp", address, isFull: false, send: () => true };
};
/** A packet that says nothing of what was received. */
const SIGN = { length: 100, highReceived: -1, lastFrame: -1 };
const random = new Random(seededSource(1));

/** Routes with one session, and what happens to it. */
class Routed {
  readonly routes = new Routes();
  readonly route = new Route("token");
  now = 0;

  constructor() {
    this.routes.add(this.route);
  }

  /** A resume has come from a port. */
  resume(port: number, shardId = 0): void {
    this.routes.bind(this.route, shardId, linkTo(port), 1000, this.now++);
  }

  /** A packet that is newer than all before has come from a port; only if it is known there. */
  speak(port: number): boolean {
    const isKnown = this.routes.at(keyOf(port)).includes(this.route);
    if (isKnown) this.routes.onHeard(this.route, linkTo(port), SIGN, this.now++);
    return isKnown;
  }

  /** The ports that packets go down to. */
  ports(): number[] {
    const ports = new Set<number>();
    for (let i = 0; i < 300; i++) {
      ports.add(this.route.choose(1, random, this.now)?.address.port ?? 0);
    }
    return [...ports].sort((a, b) => a - b);
  }
}

test("a datagram is tried on the sessions of the address that it came from", () => {
  const { routes, route } = new Routed();
  assert.deepEqual(routes.at(keyOf(1)), []);
  routes.bind(route, 0, linkTo(1), 1000, 0);
  assert.deepEqual(routes.at(keyOf(1)), [route]);
  assert.deepEqual(routes.at(keyOf(2)), []);
});

test("before the session has spoken a resume moves the shard at once, and the old address stays known", () => {
  const routed = new Routed();
  routed.resume(1);
  routed.resume(2);
  assert.deepEqual(routed.ports(), [2]);
  assert.equal(routed.speak(1), true);
  assert.deepEqual(routed.ports(), [1]);
});

test("once it has spoken a resume is a claim and no more, until a packet comes from there", () => {
  const routed = new Routed();
  routed.resume(1);
  routed.speak(1);
  for (let port = 2; port < 10; port++) routed.resume(port);
  assert.deepEqual(routed.ports(), [1]);
  assert.equal(routed.speak(5), true);
  assert.deepEqual(routed.ports(), [5]);
  assert.deepEqual(routed.route.address, at(5));
});

test("the address that a shard has left is remembered: the next packet from there brings it back", () => {
  const routed = new Routed();
  routed.resume(1);
  routed.speak(1);
  routed.resume(2);
  routed.speak(2);
  assert.deepEqual(routed.ports(), [2]);
  assert.equal(routed.speak(1), true);
  assert.deepEqual(routed.ports(), [1]);
});

test("a resume from where the shard is keeps it alive, and claims nothing", () => {
  const routed = new Routed();
  for (const [port, shardId] of [[1, 0], [2, 1]] as const) {
    routed.resume(port, shardId);
    routed.speak(port);
  }
  routed.now = 15_000;
  routed.resume(1, 0);
  routed.resume(2, 1);
  assert.deepEqual(routed.ports(), [1, 2]);
});

test("what goes down goes to the addresses heard from in the last ten seconds, drawn at random", () => {
  const routed = new Routed();
  for (let port = 1; port <= 4; port++) {
    routed.resume(port, port);
    routed.speak(port);
  }
  assert.deepEqual(routed.ports(), [1, 2, 3, 4]);
  routed.now = 9_000;
  routed.speak(2);
  routed.speak(3);
  routed.now = 11_000;
  assert.deepEqual(routed.ports(), [2, 3]);
});

test("when none was heard from lately it goes to the one heard from last", () => {
  const routed = new Routed();
  for (const port of [1, 2, 3]) {
    routed.resume(port, port);
    routed.speak(port);
  }
  routed.speak(2);
  routed.now = 60_000;
  assert.deepEqual(routed.ports(), [2]);
});

test("a session has at most 16 claims, and lets the oldest go", () => {
  const routed = new Routed();
  routed.resume(1);
  routed.speak(1);
  for (let port = 2; port <= 18; port++) routed.resume(port, port);
  assert.equal([...routed.route.keys()].length, 17);
  assert.deepEqual(routed.routes.at(keyOf(2)), []);
  assert.equal(routed.speak(2), false);
  assert.equal(routed.speak(18), true);
  assert.equal(routed.speak(1), true);
});

test("a client may move all of its 16 sockets at once", () => {
  const routed = new Routed();
  for (let shardId = 0; shardId < 16; shardId++) {
    routed.resume(100 + shardId, shardId);
    routed.speak(100 + shardId);
  }
  for (let shardId = 0; shardId < 16; shardId++) routed.resume(200 + shardId, shardId);
  for (let shardId = 0; shardId < 16; shardId++) assert.ok(routed.speak(200 + shardId));
  assert.deepEqual(routed.ports(), Array.from({ length: 16 }, (_, i) => 200 + i));
});

test("remove() leaves nothing of a session behind, wherever it was", () => {
  const routed = new Routed();
  for (let i = 0; i < 500; i++) {
    const port = 1 + (i * 7) % 60;
    routed.resume(port, i % 5);
    if (i % 3 === 0) routed.speak(port);
  }
  routed.routes.remove(routed.route);
  assert.equal(routed.routes.size, 0);
  assert.equal(routed.routes.get("token"), undefined);
  for (let port = 1; port <= 60; port++) assert.deepEqual(routed.routes.at(keyOf(port)), []);
});

test("continueIn() leaves nothing behind of the session that is none any more", () => {
  const { routes, route } = new Routed();
  const other = new Route("other");
  routes.add(other);
  for (const [i, each] of [route, other].entries()) {
    const link = linkTo(1, `10.0.0.${i}`);
    routes.bind(each, 0, link, 1_000, 0);
    routes.onHeard(each, link, SIGN, 0);
  }
  routes.continueIn(route, other);
  assert.deepEqual(routes.candidates(linkTo(1, "10.0.0.1")), [route]);
  assert.deepEqual(routes.candidates(linkTo(9, "10.0.0.1")), []);
  assert.deepEqual(
    routes.candidates(linkTo(9, "10.0.0.0")),
    [route],
    "it may still come from there",
  );
  routes.remove(route);
  assert.deepEqual(routes.candidates(linkTo(9, "10.0.0.0")), []);
});

test("an address has at most 4 sessions: mere claims give way first, then the oldest", () => {
  const routes = new Routes();
  const all = Array.from({ length: 8 }, (_, i) => new Route(`${i}`));
  const [owner, ...others] = all as [Route, ...Route[]];
  routes.add(owner);
  routes.bind(owner, 0, linkTo(1), 1000, 0);
  routes.onHeard(owner, linkTo(1), SIGN, 0);
  for (const other of others) {
    routes.add(other);
    routes.bind(other, 0, linkTo(1), 1000, 0);
  }
  assert.equal(routes.at(keyOf(1)).length, 4);
  assert.ok(routes.at(keyOf(1)).includes(owner));
  for (const route of routes.at(keyOf(1))) routes.onHeard(route, linkTo(1), SIGN, 0);
  const newest = new Route("newest");
  routes.bind(newest, 0, linkTo(1), 1000, 0);
  assert.equal(routes.at(keyOf(1)).length, 4);
  assert.ok(routes.at(keyOf(1)).includes(newest), "a client that restarts on its port gets in");
  assert.equal(routes.at(keyOf(1)).includes(owner), false);
});

test("candidates() are the sessions of a link, or else the last to speak from its host", () => {
  const routes = new Routes();
  const all = Array.from({ length: 6 }, (_, i) => new Route(`${i}`));
  for (const [i, route] of all.entries()) {
    routes.add(route);
    routes.bind(route, 0, linkTo(1 + i), 1000, 0);
    routes.onHeard(route, linkTo(1 + i), SIGN, 0);
  }
  assert.deepEqual(routes.candidates(linkTo(1)), [all[0]]);
  assert.deepEqual(routes.candidates(linkTo(99)), [all[5], all[4], all[3], all[2]]);
  routes.onHeard(all[0]!, linkTo(1), SIGN, 1);
  assert.deepEqual(routes.candidates(linkTo(99)), [all[0], all[5], all[4], all[3]]);
  assert.deepEqual(routes.candidates(linkTo(99, "10.0.0.8")), []);
  assert.deepEqual(routes.candidates({ ...linkTo(99), key: "x", carrier: "tcp" }), []);
  for (const route of all) routes.remove(route);
  assert.deepEqual(routes.candidates(linkTo(99)), []);
});

test("a session that speaks from another port of its host is followed there at once", () => {
  const routed = new Routed();
  routed.resume(1);
  routed.speak(1);
  assert.equal(routed.routes.onHeard(routed.route, linkTo(2), SIGN, 5), true);
  assert.deepEqual(routed.ports(), [2]);
  assert.deepEqual(routed.routes.at(keyOf(2)), [routed.route]);
  assert.equal(routed.route.choose(1_000_000, random, 5)?.address.port, 2, "it is the same host");
});

test("a new host gets three times what came from it, until the client has received a frame there", () => {
  const { routes, route } = new Routed();
  const elsewhere = linkTo(1, "10.0.0.8");
  routes.bind(route, 0, linkTo(1), 1000, 0);
  routes.onHeard(route, linkTo(1), SIGN, 0);
  assert.ok(route.choose(1_000_000, random, 0));
  routes.bind(route, 0, elsewhere, 500, 1);
  assert.equal(routes.onHeard(route, elsewhere, { ...SIGN, lastFrame: 9 }, 1), true);
  assert.equal(route.isFull, false);
  // 500 bytes of the resume, and 100 of the packet.
  assert.equal(route.choose(1_400, random, 1)?.address.hostname, "10.0.0.8");
  assert.equal(route.choose(401, random, 1), undefined);
  assert.ok(route.choose(400, random, 1));
  assert.equal(route.choose(1, random, 1), undefined);
  assert.equal(route.isFull, true);
  // Frame 9 was the last that went to where it was before.
  routes.onHeard(route, elsewhere, { length: 10, highReceived: 9, lastFrame: 12 }, 2);
  assert.equal(route.choose(31, random, 2), undefined);
  assert.ok(route.choose(30, random, 2));
  routes.onHeard(route, elsewhere, { length: 10, highReceived: 10, lastFrame: 12 }, 3);
  assert.ok(route.choose(1_000_000, random, 3));
  assert.equal(route.isFull, false);
});

test("a client that speaks over another carrier gets its answers there", () => {
  const { routes, route } = new Routed();
  const stream: Link = { ...linkTo(1), key: "stream", carrier: "tcp" };
  for (const [shardId, link] of [[0, linkTo(1)], [1, linkTo(2)], [128, stream]] as const) {
    routes.bind(route, shardId, link, 1000, 0);
    routes.onHeard(route, link, SIGN, 0);
  }
  const drawn = () =>
    new Set(Array.from({ length: 50 }, () => route.choose(1, random, 1)?.carrier));
  assert.deepEqual([...drawn()], ["tcp"]);
  assert.equal(route.carrier, "tcp");
  routes.onHeard(route, linkTo(2), SIGN, 1);
  assert.deepEqual([...drawn()], ["udp"]);
});

test("what went over UDP may be lost when a client goes back to a stream, but not the other way", () => {
  const { routes, route } = new Routed();
  const stream: Link = { ...linkTo(1), key: "stream", carrier: "tcp" };
  const heard = (link: Link) => routes.onHeard(route, link, SIGN, 0);
  routes.bind(route, 0, linkTo(1), 1000, 0);
  assert.equal(heard(linkTo(1)), false);
  routes.bind(route, 128, stream, 1000, 0);
  assert.equal(heard(stream), true);
  assert.equal(heard(stream), false);
  assert.equal(heard(linkTo(1)), false);
  assert.equal(heard(stream), true);
});

test("a session is remembered at its last four hosts", () => {
  const { routes, route } = new Routed();
  for (let i = 1; i <= 6; i++) {
    const link = linkTo(1, `10.0.0.${i}`);
    routes.bind(route, 0, link, 1000, i);
    routes.onHeard(route, link, SIGN, i);
  }
  const known = [1, 2, 3, 4, 5, 6].filter((i) =>
    routes.candidates(linkTo(9, `10.0.0.${i}`)).length
  );
  assert.deepEqual(known, [3, 4, 5, 6]);
});

test("a listener is not led away by the copy of a resume, nor by copies of packets", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  const { client, forger, session } = peer;
  const packets = Array.from({ length: 10 }, (_, i) => forger.data(i, Uint8Array.of(i)));
  const parity = forger.parity(10, [Uint8Array.of(10)], 1)[0]!;
  for (const packet of [...packets, parity]) peer.send(packet);
  await pair.pass(50);
  const thief = await openSocket(pair);
  thief.send(client.resume());
  for (const packet of [...packets, parity, parity]) thief.send(packet);
  await pair.pass(50);
  session.send(Uint8Array.of(1));
  await pair.pass(50);
  assert.equal(thief.received.length, 0);
  assert.equal(peer.received.length, 1);
  // Nor is the true client locked out.
  peer.send(forger.data(11, Uint8Array.of(11)));
  await pair.pass(50);
  assert.equal(session.stats().framesReceived, 11);
});

test("a thief who is first with a resume and a packet loses the session with the next packet", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const peer = await againstServer(pair, listener);
  const { client, forger, session } = peer;
  peer.send(forger.data(0, Uint8Array.of(0)));
  await pair.pass(50);
  const thief = await openSocket(pair);
  thief.send(client.resume());
  thief.send(forger.data(1, Uint8Array.of(1)));
  await pair.pass(50);
  session.send(Uint8Array.of(1));
  await pair.pass(50);
  assert.equal(thief.received.length, 1);
  peer.send(forger.data(2, Uint8Array.of(2)));
  await pair.pass(50);
  for (let i = 0; i < 20; i++) session.send(Uint8Array.of(1));
  await pair.pass(50);
  assert.equal(thief.received.length, 1);
  assert.equal(peer.received.length, 20);
});

test("copies of parity keep no session alive", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ idleTimeout: 60_000 });
  const peer = await againstServer(pair, listener);
  const parity = peer.forger.parity(0, [Uint8Array.of(1), Uint8Array.of(2)], 1)[0]!;
  for (let i = 0; i < 20; i++) {
    peer.send(parity);
    await pair.pass(5_000);
  }
  assert.equal(listener.stats().sessionsOpen, 0);
  assert.equal((await peer.session.closed).error?.code, "idle-timeout");
});

test("what goes down avoids links that are full while one has room; and when none has, it goes on over all", () => {
  for (const carrier of ["udp", "tcp"] as const) {
    const routes = new Routes();
    const route = new Route("token");
    routes.add(route);
    const links = [1, 2, 3, 4].map((port) => ({ ...linkTo(port), carrier, isFull: false }));
    for (const [shardId, link] of links.entries()) {
      routes.bind(route, shardId, link, 1_000, 0);
      routes.onHeard(route, link, SIGN, 0);
    }
    const used = () => {
      const ports = new Set<number>();
      for (let i = 0; i < 600; i++) ports.add(route.choose(1, random, 1)?.address.port ?? 0);
      return [...ports].sort((a, b) => a - b);
    };
    assert.deepEqual(used(), [1, 2, 3, 4]);
    links[1]!.isFull = links[3]!.isFull = true;
    assert.equal(route.isFull, false);
    assert.deepEqual(used(), [1, 3], "two are full");
    links[2]!.isFull = true;
    assert.deepEqual(used(), [1], "one has room");
    links[0]!.isFull = true;
    assert.equal(route.isFull, true);
    assert.deepEqual(used(), [1, 2, 3, 4], "all are full, and what cannot wait goes all the same");
  }
});

test("where more sessions speak from one address than are looked for, the one goes that was silent for longest", () => {
  const routes = new Routes();
  const sessions = Array.from({ length: 5 }, (_, i) => new Route(`token ${i}`));
  for (const [i, route] of sessions.entries()) {
    routes.add(route);
    routes.bind(route, 0, linkTo(1), 1_000, i);
    routes.onHeard(route, linkTo(1), SIGN, i);
    // The first of them is alive.
    routes.onHeard(sessions[0]!, linkTo(1), SIGN, i);
  }
  assert.deepEqual(routes.at(keyOf(1)), [0, 2, 3, 4].map((i) => sessions[i]));
});
