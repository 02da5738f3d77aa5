import { test } from "node:test";
import assert from "node:assert/strict";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import { Resumer } from "../../src/handshake/resumer.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { ClientPath, type OwnLink, type Shard } from "../../src/net/client_path.ts";
import { Random } from "../../src/random.ts";
import type { Carrier } from "../../src/transport/link.ts";
import { seededSource } from "../support/seeded_random.ts";

const PACKET = Uint8Array.of(1);

/** A shard over a link that takes everything, and what became of it. */
class Way {
  isOpen = true;
  isFull = false;
  packets = 0;
  readonly shard: Shard;

  constructor(carrier: Carrier, id: number) {
    const state = (): Way => this;
    const link: OwnLink = {
      key: `${id}`,
      carrier,
      address: { hostname: "192.0.2.1", port: 1 },
      get isOpen() {
        return state().isOpen;
      },
      get isFull() {
        return state().isFull;
      },
      send: (datagram) => {
        if (datagram === PACKET) this.packets++;
        return true;
      },
      close: () => {},
    };
    const resumer = new Resumer({
      serverKey: new Uint8Array(32).fill(9),
      resumeToken: new Uint8Array(10),
      shardId: id,
      random: new Random(seededSource(id)),
    }, 0);
    this.shard = { id, link, resumer, received: 0 };
  }
}

/** A path over some ways, at the time 0, whose wall clock can be set. */
function pathOver(first: Way, ...others: readonly Way[]) {
  const wall = { seconds: 1_000_000, reads: 0 };
  const server = { isOwnKind: true };
  const rtt = new RttEstimator(50);
  const path = new ClientPath({
    host: {
      ...simulatedNetwork({ timers: "exact" }).addNode("client"),
      epochSeconds: () => {
        wall.reads++;
        return wall.seconds;
      },
    },
    rtt: () => rtt,
    reason: () => undefined,
    isSearching: () => false,
    isOwnKind: () => server.isOwnKind,
    onDue: () => {},
    onSilent: () => {},
    onTrialHeard: () => {},
    onRetired: () => {},
  }, first.shard);
  for (const { shard } of others) path.add(shard);
  const send = (isQuestion: boolean, now: number) => {
    path.prepare(isQuestion, now);
    path.send(PACKET);
  };
  return { path, wall, server, send };
}

function streams(...areOpen: readonly boolean[]): readonly [Way, ...Way[]] {
  const [first, ...others] = areOpen.map((isOpen, i) => {
    const way = new Way("tcp", 128 + i);
    way.isOpen = isOpen;
    return way;
  });
  return [first!, ...others];
}

test("ClientPath gives streams packets in runs, and to the original one after the other", () => {
  for (const isOwnKind of [true, false]) {
    const ways = streams(true, true);
    const { server, send } = pathOver(...ways);
    server.isOwnKind = isOwnKind;
    for (let i = 0; i < 4; i++) send(false, i);
    const packets = ways.map((way) => way.packets);
    assert.deepEqual(packets, isOwnKind ? [4, 0] : [2, 2]);
  }
});

test("ClientPath asks over what is used first, when a sleep falls into a trial", () => {
  const [used, trial] = [new Way("tcp", 128), new Way("udp", 0)];
  const { path, wall, send } = pathOver(used);
  path.startTrial(trial.shard);
  path.askTrial(10);
  wall.seconds += 600;
  assert.equal(path.handleTimeout(10), true);
  send(true, 10);
  assert.deepEqual([used.packets, trial.packets], [1, 0]);
  assert.ok(path.deadline <= 10);
  assert.equal(path.handleTimeout(10), true);
  send(true, 10);
  assert.deepEqual([used.packets, trial.packets], [1, 1]);
});

test("ClientPath reads the wall clock once, however many packets leave at one time over however many shards", () => {
  const { path, wall, send } = pathOver(...streams(true, true, true));
  wall.reads = 0;
  for (let now = 1; now <= 10; now++) {
    path.handleTimeout(now);
    for (let i = 0; i < 20; i++) send(false, now);
    path.handleTimeout(now);
  }
  assert.equal(wall.reads, 10);
});

test("ClientPath gives a stream that is not open nothing, as long as another one is", () => {
  const ways = streams(true, false, true);
  const { path, send } = pathOver(...ways);
  for (let i = 0; i < 240; i++) send(false, i);
  assert.deepEqual(ways.map(({ packets }) => packets), [120, 0, 120]);
  // Those that are open are full: who can wait waits for them, and who cannot goes there.
  ways[0].isFull = ways[2]!.isFull = true;
  assert.ok(path.isFull);
  for (let i = 0; i < 10; i++) send(false, 240 + i);
  assert.equal(ways[1]!.packets, 0);
});

test("ClientPath lets packets wait in all streams, when none is open", () => {
  const ways = streams(false, false);
  const { path, send } = pathOver(...ways);
  assert.equal(path.isFull, false);
  for (let i = 0; i < 48; i++) send(false, i);
  assert.deepEqual(ways.map(({ packets }) => packets), [24, 24]);
});
