/**
 * Our client against a server of the original, over each carrier. It gets our extension block in every
 * packet, and must not mind. Its TCP port answers TLS as well, with a certificate that it makes up.
 *
 * @module
 */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { connect, publicKeyOf, SosistabError } from "../../mod.ts";
import type { Multiplex, Session } from "../../src/net/contract.ts";
import { currentHost } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";
import { fillPattern, patternSha256 } from "../support/pattern.ts";
import { openRelay, type Relay, type RelayOptions } from "../../src/sim/relay.ts";
import { type PeerTransport, RustPeer, type RustServerOptions } from "../support/rust_peer.ts";
import { StreamRelay, type StreamRelayOptions } from "../support/stream_relay.ts";
import { openVerb, serveVerb, writePattern } from "../support/stream_verbs.ts";
import { overEach, program, skip } from "./over_each.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);
const MEGABYTE = 1_000_000;

interface Setting {
  /** 1 unless given. */
  readonly shards?: number;
  readonly server?: Partial<RustServerOptions>;
  /** Between the ends, where they speak over UDP. */
  readonly path?: Omit<RelayOptions, "server">;
  /** The same where they speak over streams. */
  readonly streams?: Omit<StreamRelayOptions, "server">;
}

interface Scene {
  readonly server: RustPeer;
  readonly session: Session;
  readonly relay?: Relay;
  readonly streamRelay?: StreamRelay;
}

async function meet(
  t: TestContext,
  transport: PeerTransport,
  { server: options, path, streams, shards = 1 }: Setting = {},
): Promise<Scene> {
  assert.ok(program);
  const { peer, addr, publicKey } = await RustPeer.server(program, {
    secretKey: SECRET_KEY,
    transport,
    limit: 150,
    ...options,
  });
  t.after(() => peer.stop());
  const relay = path && await openRelay(await currentHost(), { server: addr, ...path });
  t.after(() => relay?.close());
  const streamRelay = streams && await StreamRelay.open({ server: addr, ...streams });
  t.after(() => streamRelay?.close());
  const serverKey = Uint8Array.from(publicKey.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const session = await connect(await currentHost(), {
    ...((relay ?? streamRelay)?.addr ?? addr),
    serverKey,
    protocol: transport,
    shards,
  });
  t.after(() => session.close());
  return { server: peer, session, relay, streamRelay };
}

/** Does a verb, and checks that all of it came whole. */
async function check(mux: Multiplex, verb: string, bytes: number): Promise<void> {
  const result = await openVerb(mux, `${verb} ${bytes}`);
  assert.deepEqual([result.bytes, result.good], [bytes, true], verb);
  if (result.sha256 !== "") assert.equal(result.sha256, patternSha256(bytes), verb);
}

overEach("raw datagrams of 1 to maxDatagramSize bytes come back", async (t, transport) => {
  const { session } = await meet(t, transport, { server: { raw: true } });
  for (let length = 1; length <= session.maxDatagramSize; length++) {
    const sent = new Uint8Array(length);
    fillPattern(sent, length);
    assert.equal(session.send(sent), true);
    const back = await session.receive({ signal: AbortSignal.timeout(5_000) });
    assert.deepEqual(back, sent);
  }
});

overEach("unreliable messages of 0 to maxDatagramSize bytes come back", async (t, transport) => {
  const mux = (await meet(t, transport)).session.multiplex();
  for (const length of [0, 1, 2, 100, 500, 1_000, 1_298, mux.maxDatagramSize]) {
    const sent = new Uint8Array(length);
    fillPattern(sent, length);
    assert.equal(mux.sendUrel(sent), true);
    assert.deepEqual(await mux.receiveUrel({ signal: AbortSignal.timeout(5_000) }), sent);
  }
});

for (const shards of [1, 16]) {
  overEach(`20 MB down and 20 MB up arrive whole, ${shards} shards`, async (t, transport) => {
    const mux = (await meet(t, transport, { shards })).session.multiplex();
    await check(mux, "source", 20 * MEGABYTE);
    await check(mux, "sink", 20 * MEGABYTE);
  });
}

overEach("32 streams at once arrive whole, in each direction and both", async (t, transport) => {
  const mux = (await meet(t, transport)).session.multiplex();
  for (const verb of ["source", "sink", "drain", "echo"]) {
    await Promise.all(Array.from({ length: 32 }, () => check(mux, verb, 50_000)));
  }
});

overEach("streams open and close from both sides, with any info", async (t, transport) => {
  const open = ["source 9000", "sink 9000", "drain 9000", "echo 9000"];
  const { session, server } = await meet(t, transport, { server: { open } });
  const mux = session.multiplex();
  const results = await Promise.all(open.map(async () => serveVerb(await mux.acceptConn())));
  for (const { info, bytes, good } of results) assert.deepEqual([bytes, good], [9_000, true], info);
  for (const _ of open) {
    const { info, bytes, good, ended } = await server.event("result");
    assert.deepEqual([bytes, good, ended], [9_000, true, true], String(info));
  }
  for (const info of ["", "grüß 日本 😀", "x".repeat(1_000)]) {
    const conn = await mux.openConn(info);
    await conn.close();
    const stream = await server.event("stream");
    assert.equal(stream.info, info);
    assert.equal(stream.info_bytes, new TextEncoder().encode(info).length);
  }
});

overEach("what was written arrives before the end, when we close at once", async (t, transport) => {
  const { session, server } = await meet(t, transport);
  await check(session.multiplex(), "drain", 300_000);
  const { bytes, good, ended, sha256 } = await server.event("served");
  assert.deepEqual([bytes, good, ended, sha256], [300_000, true, true, patternSha256(300_000)]);
});

overEach("after closeWrite() the original still has its chance to answer", async (t, transport) => {
  const mux = (await meet(t, transport)).session.multiplex();
  const conn = await mux.openConn("sink 100000");
  await writePattern(conn, 100_000);
  conn.closeWrite();
  const answer = new Uint8Array(41);
  let at = 0;
  while (at < answer.length) {
    const length = await conn.read(answer.subarray(at));
    assert.ok(length !== null, `the end came after ${at} bytes`);
    at += length;
  }
  assert.equal(answer[8], 1);
  assert.equal(await conn.read(answer), null);
  assert.equal((await conn.closed).error, undefined);
});

for (const loss of [0.02, 0.1]) {
  test(`streams survive ${loss * 100} % loss both ways, over udp`, { skip }, async (t) => {
    const bad = { loss, delay: 5 };
    const { session, relay } = await meet(t, "udp", { path: { seed: 21, up: bad, down: bad } });
    const mux = session.multiplex();
    await check(mux, "source", 500_000);
    await check(mux, "sink", 500_000);
    assert.ok(relay && relay.up.counts.lost > 0 && relay.down.counts.lost > 0);
    const { receiveLoss } = mux.stats();
    assert.ok(receiveLoss > loss / 4 && receiveLoss < loss * 2 + 0.02, `${receiveLoss}`);
  });
}

overEach("streams come in pieces of any size, with pauses", async (t, transport) => {
  const streams = { seed: 24, piece: 3_000, pauses: 0.02, pause: 40 };
  const { session, streamRelay } = await meet(t, transport, { streams });
  const mux = session.multiplex();
  await check(mux, "source", 500_000);
  await check(mux, "sink", 500_000);
  assert.ok(streamRelay && streamRelay.pauses > 5);
}, ["tcp", "tls"]);

overEach("streams outlive the connections that carry them", async (t, transport) => {
  const streams = { seed: 25, piece: 20_000, pauses: 0.1, pause: 40 };
  const { session, streamRelay } = await meet(t, transport, { streams });
  const mux = session.multiplex();
  const cuts = 3;
  for (const verb of ["source", "sink"]) {
    const all = check(mux, verb, MEGABYTE);
    for (let i = 0; i < cuts; i++) {
      await delay(200);
      streamRelay?.cut();
    }
    await all;
  }
  assert.ok(streamRelay && streamRelay.connections > cuts);
}, ["tcp", "tls"]);

test(
  "bodies that were lost are rebuilt from the original's parity, over udp",
  { skip },
  async (t) => {
    const { session, relay } = await meet(t, "udp", {
      server: { raw: true },
      path: { seed: 22, down: { loss: 0.1 } },
    });
    let back = 0;
    const counting = (async () => {
      for (;; back++) await session.receive();
    })().catch(() => {});
    for (let i = 0; i < 3_000; i++) {
      session.send(new Uint8Array(200));
      if (i % 4 === 3) await delay(4);
    }
    await delay(300);
    const { recovered, framesReceived } = session.stats();
    await session.close();
    await counting;
    assert.ok(relay && relay.down.counts.lost > 200);
    assert.ok(recovered > 100, `${recovered} recovered`);
    assert.equal(back, framesReceived + recovered);
  },
);

test("duplicates and reordering change nothing, over udp", { skip }, async (t) => {
  const bad = { duplicate: 0.2, reorder: 0.2, reorderDelay: 5, delay: 2 };
  const { session } = await meet(t, "udp", { path: { seed: 23, up: bad, down: bad } });
  const mux = session.multiplex();
  await check(mux, "source", 500_000);
  await check(mux, "sink", 500_000);
  assert.ok(mux.stats().replayed > 10);
});

overEach("a reader that pauses over there stops its own stream only", async (t, transport) => {
  const mux = (await meet(t, transport)).session.multiplex();
  const stalled = openVerb(mux, "stall 3000 1000000");
  await check(mux, "sink", MEGABYTE);
  await check(mux, "source", MEGABYTE);
  const { bytes, good } = await stalled;
  assert.deepEqual([bytes, good], [MEGABYTE, true]);
});

overEach(
  "a server killed in mid-transfer is noticed, and every wait ends",
  async (t, transport) => {
    const { session, server } = await meet(t, transport);
    const mux = session.multiplex({ deadAfter: 2_000 });
    const conn = await mux.openConn("drain 1000000000");
    const writing = writePattern(conn, 1_000 * MEGABYTE);
    const waits = [writing, conn.read(new Uint8Array(1)), mux.acceptConn()].map((wait) =>
      assert.rejects(
        wait,
        (error) => error instanceof SosistabError && error.code === "connection-lost",
      )
    );
    await delay(200);
    await server.stop();
    await Promise.all(waits);
    assert.equal((await mux.closed).by, "timeout");
  },
);

overEach(
  "a stream that is reset with a code ends over there, and the others go on",
  async (t, transport) => {
    const { session, server } = await meet(t, transport);
    const mux = session.multiplex();
    const info = `sink ${MEGABYTE}`;
    const conn = await mux.openConn(info);
    await conn.write(new Uint8Array(50_000));
    conn.reset(65_535);
    await check(mux, "echo", 50_000);
    // What it reads after that is the end.
    const result = await server.event("served");
    assert.deepEqual([result.info, result.good], [info, false]);
    assert.ok(Number(result.bytes) <= 50_000);
  },
);

overEach(
  "a session that is closed with streams open leaves the server well",
  async (t, transport) => {
    const { session } = await meet(t, transport);
    const conn = await session.multiplex().openConn(`sink ${MEGABYTE}`);
    await conn.write(new Uint8Array(50_000));
    await session.close();
    const serverKey = publicKeyOf(SECRET_KEY);
    const again = await connect(await currentHost(), {
      ...session.remoteAddr,
      serverKey,
      protocol: transport,
      shards: 1,
    });
    t.after(() => again.close());
    await check(again.multiplex(), "echo", 50_000);
  },
);
