/**
 * Our client against a server of the original. It gets our extension block in every packet, and
 * must not mind.
 *
 * @module
 */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { connect, SosistabError } from "../../mod.ts";
import type { Multiplex, Session } from "../../src/net/contract.ts";
import { currentHost } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";
import { fillPattern, patternSha256 } from "../support/pattern.ts";
import { openRelay, type Relay, type RelayOptions } from "../../src/sim/relay.ts";
import { RustPeer, type RustServerOptions } from "../support/rust_peer.ts";
import { openVerb, serveVerb, writePattern } from "../support/stream_verbs.ts";
import { buildPeer } from "./build_peer.ts";

const program = await buildPeer();
const skip = program === undefined && "the Rust peer could not be built";
const SECRET_KEY = new Uint8Array(32).fill(7);
const MEGABYTE = 1_000_000;

interface Setting {
  readonly server?: Partial<RustServerOptions>;
  readonly path?: Omit<RelayOptions, "server">;
}

interface Scene {
  readonly server: RustPeer;
  readonly session: Session;
  readonly relay?: Relay;
}

async function meet(t: TestContext, { server: options, path }: Setting = {}): Promise<Scene> {
  assert.ok(program);
  const { peer, addr, publicKey } = await RustPeer.server(program, {
    secretKey: SECRET_KEY,
    limit: 150,
    ...options,
  });
  t.after(() => peer.stop());
  const relay = path && await openRelay(await currentHost(), { server: addr, ...path });
  t.after(() => relay?.close());
  const serverKey = Uint8Array.from(publicKey.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const session = await connect(await currentHost(), { ...(relay?.addr ?? addr), serverKey });
  t.after(() => session.close());
  return { server: peer, session, relay };
}

/** Does a verb, and checks that all of it came whole. */
async function check(mux: Multiplex, verb: string, bytes: number): Promise<void> {
  const result = await openVerb(mux, `${verb} ${bytes}`);
  assert.deepEqual([result.bytes, result.good], [bytes, true], verb);
  if (result.sha256 !== "") assert.equal(result.sha256, patternSha256(bytes), verb);
}

test("raw datagrams of 1 to maxDatagramSize bytes come back", { skip }, async (t) => {
  const { session } = await meet(t, { server: { raw: true } });
  for (let length = 1; length <= session.maxDatagramSize; length++) {
    const sent = new Uint8Array(length);
    fillPattern(sent, length);
    assert.equal(session.send(sent), true);
    const back = await session.receive({ signal: AbortSignal.timeout(5_000) });
    assert.deepEqual(back, sent);
  }
});

test("unreliable messages of 0 to maxDatagramSize bytes come back", { skip }, async (t) => {
  const mux = (await meet(t)).session.multiplex();
  for (const length of [0, 1, 2, 100, 500, 1_000, 1_298, mux.maxDatagramSize]) {
    const sent = new Uint8Array(length);
    fillPattern(sent, length);
    assert.equal(mux.sendUrel(sent), true);
    assert.deepEqual(await mux.receiveUrel({ signal: AbortSignal.timeout(5_000) }), sent);
  }
});

test("20 MB down and 20 MB up arrive whole", { skip }, async (t) => {
  const mux = (await meet(t)).session.multiplex();
  await check(mux, "source", 20 * MEGABYTE);
  await check(mux, "sink", 20 * MEGABYTE);
});

test("32 streams at once arrive whole, in each direction and both", { skip }, async (t) => {
  const mux = (await meet(t)).session.multiplex();
  for (const verb of ["source", "sink", "drain", "echo"]) {
    await Promise.all(Array.from({ length: 32 }, () => check(mux, verb, 50_000)));
  }
});

test("streams open and close from both sides, with any info", { skip }, async (t) => {
  const open = ["source 9000", "sink 9000", "drain 9000", "echo 9000"];
  const { session, server } = await meet(t, { server: { open } });
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

test("what was written arrives before the end, when we close at once", { skip }, async (t) => {
  const { session, server } = await meet(t);
  await check(session.multiplex(), "drain", 300_000);
  const { bytes, good, ended, sha256 } = await server.event("served");
  assert.deepEqual([bytes, good, ended, sha256], [300_000, true, true, patternSha256(300_000)]);
});

test("after closeWrite() the original still has its chance to answer", { skip }, async (t) => {
  const mux = (await meet(t)).session.multiplex();
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
  test(`streams survive ${loss * 100} % loss both ways`, { skip }, async (t) => {
    const bad = { loss, delay: 5 };
    const { session, relay } = await meet(t, { path: { seed: 21, up: bad, down: bad } });
    const mux = session.multiplex();
    await check(mux, "source", 500_000);
    await check(mux, "sink", 500_000);
    assert.ok(relay && relay.up.counts.lost > 0 && relay.down.counts.lost > 0);
    const { receiveLoss } = mux.stats();
    assert.ok(receiveLoss > loss / 4 && receiveLoss < loss * 2 + 0.02, `${receiveLoss}`);
  });
}

test("bodies that were lost are rebuilt from the original's parity", { skip }, async (t) => {
  const { session, relay } = await meet(t, {
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
});

test("duplicates and reordering change nothing", { skip }, async (t) => {
  const bad = { duplicate: 0.2, reorder: 0.2, reorderDelay: 5, delay: 2 };
  const { session } = await meet(t, { path: { seed: 23, up: bad, down: bad } });
  const mux = session.multiplex();
  await check(mux, "source", 500_000);
  await check(mux, "sink", 500_000);
  assert.ok(mux.stats().replayed > 10);
});

test("a reader that pauses over there stops its own stream only", { skip }, async (t) => {
  const mux = (await meet(t)).session.multiplex();
  const stalled = openVerb(mux, "stall 3000 1000000");
  await check(mux, "sink", MEGABYTE);
  await check(mux, "source", MEGABYTE);
  const { bytes, good } = await stalled;
  assert.deepEqual([bytes, good], [MEGABYTE, true]);
});

test("a server killed in mid-transfer is noticed, and every wait ends", { skip }, async (t) => {
  const { session, server } = await meet(t);
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
});
