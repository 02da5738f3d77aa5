import { test } from "node:test";
import assert from "node:assert/strict";
import { ServerClock } from "../../src/handshake/server_clock.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { ClientPath, type OwnLink } from "../../src/net/client_path.ts";
import { ClientShards } from "../../src/net/client_shards.ts";
import { Random } from "../../src/random.ts";
import type { Carrier } from "../../src/transport/link.ts";
import { countedAlarms } from "../support/counted_alarms.ts";
import { seededSource } from "../support/seeded_random.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

let links = 0;

function link(carrier: Carrier): OwnLink {
  const address = { hostname: "192.0.2.1", port: 1 };
  const key = `${links++}`;
  return { key, carrier, address, isFull: false, send: () => true, close: () => {} };
}

/** Shards of a client over one carrier, as many as it was asked for. */
async function shardsOf(
  carrier: Carrier,
  count: number,
  { openLike = (other) => Promise.resolve(link(other.carrier)), onAlarm = () => {} }: {
    openLike?: (other: OwnLink) => Promise<OwnLink>;
    onAlarm?: (change: 1 | -1) => void;
  } = {},
) {
  const { clientHost } = new VirtualPair();
  const host = { ...clientHost, setAlarm: countedAlarms(clientHost, onAlarm) };
  const shards = new ClientShards({
    host,
    random: new Random(seededSource(1)),
    options: { serverKey: new Uint8Array(32).fill(9), shards: count },
    base: () => ({
      secret: new Uint8Array(32),
      resumeToken: new Uint8Array(10),
      extension: undefined,
      waited: 0,
      clock: new ServerClock(0, host.epochSeconds(), host.now()),
      link: link(carrier),
    }),
    openLike,
  });
  const rtt = new RttEstimator();
  const path = new ClientPath({
    // Its alarms are not those of the shards.
    host: clientHost,
    rtt: () => rtt,
    reason: () => undefined,
    isSearching: () => false,
    isOwnKind: () => true,
    onDue: () => {},
    onSilent: () => {},
    onTrialHeard: () => {},
    onRetired: () => {},
  }, shards.create(link(carrier)));
  await shards.fill(path);
  return { shards, path };
}

for (const [carrier, least] of [["udp", 0], ["tcp", 128]] as const) {
  test(`ClientShards gives no two shards of ${carrier} the same number, however often they are replaced`, async () => {
    const { shards, path } = await shardsOf(carrier, 16);
    assert.equal(path.shards.length, 16);
    // The first one stays, while the numbers go round several times.
    for (let i = 0; i < 1_000; i++) {
      path.replaceShard(path.shards[1 + i % 15]!, shards.create(link(carrier)));
      const ids = path.shards.map(({ id }) => id);
      assert.equal(new Set(ids).size, 16, `${ids}`);
      assert.ok(ids.every((id) => id >= least && id < least + 128));
    }
  });
}

test("ClientShards gives a shard on trial a number that no other one has", async () => {
  const { shards, path } = await shardsOf("udp", 4);
  path.startTrial(shards.create(link("tcp")));
  for (let i = 0; i < 300; i++) assert.notEqual(shards.create(link("tcp")).id, path.trial?.id);
});

test("ClientShards.stop() leaves no alarm, though a link failed to open after the path had moved", async () => {
  let alarms = 0;
  let failing: PromiseWithResolvers<OwnLink> | undefined;
  const { shards, path } = await shardsOf("udp", 4, {
    openLike: (other) => failing?.promise ?? Promise.resolve(link(other.carrier)),
    onAlarm: (change) => alarms += change,
  });
  assert.equal(alarms, 1);
  const late = failing = Promise.withResolvers<OwnLink>();
  const filling = shards.fill(path);
  path.startTrial(shards.create(link("tcp")));
  path.useTrial();
  failing = undefined;
  const refilling = shards.fill(path);
  late.reject(new Error("no more sockets"));
  await Promise.all([filling, refilling]);
  assert.equal(path.shards.length, 4);
  assert.equal(alarms, 1);
  shards.stop();
  assert.equal(alarms, 0);
});
