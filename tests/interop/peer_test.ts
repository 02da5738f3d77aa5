/**
 * The Rust peer against itself. What fails here is no fault of ours; what holds here is what a
 * test against our own ends may ask for.
 *
 * @module
 */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fillPattern, patternSha256 } from "../support/pattern.ts";
import { currentHost } from "../support/current_host.ts";
import { openRelay, type Relay, type RelayOptions } from "../../src/sim/relay.ts";
import {
  type PeerEvent,
  type PeerTransport,
  type RustClientOptions,
  RustPeer,
  type RustServerOptions,
} from "../support/rust_peer.ts";
import { buildPeer } from "./build_peer.ts";

const program = await buildPeer();
const skip = program === undefined && "the Rust peer could not be built";

const SECRET_KEY = new Uint8Array(32).fill(7);

interface Pair {
  readonly transport?: PeerTransport;
  readonly server?: Partial<RustServerOptions>;
  readonly client?: Partial<RustClientOptions>;
  readonly path?: Omit<RelayOptions, "server">;
  readonly action: readonly (string | number)[];
}

interface Outcome {
  readonly done: PeerEvent;
  readonly server: RustPeer;
  readonly client: RustPeer;
  readonly relay?: Relay;
}

/** Runs an action to its end. */
async function run(
  t: TestContext,
  { transport, path, action, ...options }: Pair,
): Promise<Outcome> {
  assert.ok(program);
  const server = await RustPeer.server(program, {
    secretKey: SECRET_KEY,
    transport,
    ...options.server,
  });
  t.after(() => server.peer.stop());
  const relay = path && await openRelay(await currentHost(), { server: server.addr, ...path });
  t.after(() => relay?.close());
  const client = RustPeer.client(program, {
    server: relay?.addr ?? server.addr,
    serverKey: Uint8Array.from(server.publicKey.match(/../g) ?? [], (byte) => parseInt(byte, 16)),
    transport,
    action,
    ...options.client,
  });
  t.after(() => client.stop());
  const done = await client.event("done", 60_000);
  assert.equal(await client.exit(), 0);
  return { done, server: server.peer, client, relay };
}

/** The SHA-256 over the datagrams of `raw-sizes`: each begins the pattern at its own length. */
function sizesSha256(from: number, to: number): string {
  const hash = createHash("sha256");
  for (let length = from; length <= to; length++) {
    const datagram = new Uint8Array(length);
    fillPattern(datagram, length);
    hash.update(datagram);
  }
  return hash.digest("hex");
}

for (const transport of ["udp", "tcp", "tls"] as const) {
  test(`hello connects over ${transport}`, { skip }, async (t) => {
    const { client } = await run(t, { transport, action: ["hello"] });
    assert.ok(client.events.some(({ event }) => event === "connected"));
  });

  test(`raw-sizes brings back every size from 1 to 1311 over ${transport}`, { skip }, async (t) => {
    const raw = { transport, server: { raw: true } };
    const { done } = await run(t, { ...raw, action: ["raw-sizes", 1, 1311] });
    const { back, good, missing, sha256 } = done;
    assert.deepEqual({ back, good, missing }, { back: 1311, good: true, missing: [] });
    assert.equal(sha256, sizesSha256(1, 1311));
  });

  test(`download and upload carry the pattern whole over ${transport}`, { skip }, async (t) => {
    for (const verb of ["download", "upload"]) {
      const { done, client } = await run(t, { transport, action: [verb, 200_000] });
      assert.deepEqual([done.bytes, done.good, done.ended], [200_000, true, 1]);
      assert.equal((await client.event("result")).sha256, patternSha256(200_000));
    }
  });
}

for (const shards of [1, 16]) {
  test(`32 streams at once arrive whole, with ${shards} shards`, { skip }, async (t) => {
    for (const verb of ["download", "upload", "send", "echo"]) {
      const { done } = await run(t, { client: { shards }, action: [verb, 10_000, 32] });
      assert.deepEqual([done.bytes, done.good, done.ended], [320_000, true, 32], verb);
    }
  });

  test(`raw counts every echo, with ${shards} shards`, { skip }, async (t) => {
    const { done, server } = await run(t, {
      server: { raw: true },
      client: { shards },
      action: ["raw", 500, 400, 1000],
    });
    assert.deepEqual([done.sent, done.back, done.good, done.recovered], [500, 500, true, 0]);
    const stats = await server.stats();
    assert.ok(Number(stats.packets_processed) >= 505 + shards);
    assert.equal(stats.packets_failed, 0);
  });
}

test("urel and urel-sizes bring unreliable messages back", { skip }, async (t) => {
  const counted = await run(t, { action: ["urel", 300, 400, 1000] });
  assert.deepEqual([counted.done.back, counted.done.good], [300, true]);
  const sizes = await run(t, { action: ["urel-sizes", 1, 1299] });
  assert.deepEqual([sizes.done.back, sizes.done.sha256], [1299, sizesSha256(1, 1299)]);
});

test("a server sends nothing above 1400 bytes of packet", { skip }, async (t) => {
  const { done } = await run(t, { action: ["urel-sizes", 1390, 1392] });
  assert.deepEqual(done.missing, [1390, 1391, 1392]);
});

test("the info of a stream is reported as it was given", { skip }, async (t) => {
  for (const info of ["", "grüß 日本 😀", "x".repeat(1000)]) {
    const { server } = await run(t, { action: ["info", info] });
    const stream = await server.event("stream");
    assert.equal(stream.info, info);
    assert.equal(stream.info_bytes, new TextEncoder().encode(info).length);
  }
});

test("a server opens streams on a call, and by itself", { skip }, async (t) => {
  for (const verb of ["source", "sink", "drain", "echo"]) {
    const info = `call ${verb} 30000`;
    const { done } = await run(t, { action: ["stream", info] });
    assert.deepEqual([done.bytes, done.good], [30_000, true], info);
  }
  const open = ["source 9000", "sink 9000", "drain 9000", "echo 9000"];
  const { server, client } = await run(t, { server: { open }, action: ["serve", open.length] });
  for (const peer of [server, client]) {
    for (const _ of open) {
      const { bytes, good, ended } = await peer.event(peer === server ? "result" : "served");
      assert.deepEqual([bytes, good, ended], [9000, true, true]);
    }
  }
});

test("a stream whose writer closes at once arrives whole", { skip }, async (t) => {
  const { server } = await run(t, { action: ["send", 300_000] });
  const { bytes, good, ended, sha256 } = await server.event("served");
  assert.deepEqual([bytes, good, ended, sha256], [300_000, true, true, patternSha256(300_000)]);
});

test("a reader that begins late loses nothing", { skip }, async (t) => {
  const { done } = await run(t, { action: ["stream", "stall 1500 200000"] });
  assert.deepEqual([done.bytes, done.good], [200_000, true]);
});

test("ping measures round trips", { skip }, async (t) => {
  const { done } = await run(t, { action: ["ping", 50, 100] });
  assert.ok(Number(done.rtt_ms_median) > 0 && Number(done.rtt_ms_median) < 1000);
});

test("a client may replace its worst shard in the middle", { skip }, async (t) => {
  const { done } = await run(t, {
    server: { raw: true },
    client: { shards: 4, resetInterval: 300 },
    action: ["raw", 1500, 200, 1000],
  });
  assert.deepEqual([done.back, done.good], [1500, true]);
});

test(
  "streams arrive whole over a path with loss, reordering and corruption",
  { skip },
  async (t) => {
    const bad = { loss: 0.05, reorder: 0.02, duplicate: 0.02, corrupt: 0.01, delay: 10, jitter: 5 };
    const { done, relay } = await run(t, {
      client: { shards: 16 },
      path: { seed: 11, up: bad, down: bad },
      action: ["upload", 200_000],
    });
    assert.deepEqual([done.bytes, done.good], [200_000, true]);
    assert.ok(relay && relay.up.counts.lost > 0 && relay.up.counts.corrupted > 0);
    // The hello has a socket of its own.
    assert.equal(relay.clients, 17);
  },
);

test("lost datagrams are rebuilt from parity and counted as recovered", { skip }, async (t) => {
  const { done, relay } = await run(t, {
    server: { raw: true },
    path: { seed: 12, down: { loss: 0.1 } },
    action: ["raw", 4000, 200, 1000],
  });
  assert.ok(relay && relay.down.counts.lost > 300);
  assert.ok(Number(done.recovered) > 100, `${done.recovered} recovered`);
  assert.ok(Number(done.back) > 3700, `${done.back} of 4000 came back`);
});

test("a peer ends at its limit, with an error", { skip }, async (t) => {
  assert.ok(program);
  const { peer } = await RustPeer.server(program, { secretKey: SECRET_KEY, limit: 1 });
  t.after(() => peer.stop());
  assert.match(String((await peer.event("error")).error), /time limit of 1 s/);
  assert.equal(await peer.exit(), 3);
});

test("a peer ends when its stdin does", { skip }, async (t) => {
  assert.ok(program);
  const { peer } = await RustPeer.server(program, { secretKey: SECRET_KEY });
  t.after(() => peer.stop());
  await peer.stop();
  assert.equal(await peer.exit(), 0);
});

test("a peer refuses wrong arguments in one line", { skip }, async (t) => {
  assert.ok(program);
  for (const args of [[], ["server"], ["client", "nowhere"], ["server", "127.0.0.1:0", "ab"]]) {
    const peer: RustPeer = new RustPeer(program, args);
    t.after(() => peer.stop());
    assert.equal(await peer.exit(), 2);
    assert.deepEqual(peer.events.map(({ event }) => event), ["error"]);
  }
});
