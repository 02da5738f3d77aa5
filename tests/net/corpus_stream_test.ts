/**
 * The part of the corpus that comes over TCP: see `corpus_test.ts`. Each beside a live session, which
 * must go on.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { Listener, Session } from "../../mod.ts";
import { helloCipher, sealLengthBox } from "../../src/records/opening.ts";
import { minuteOf } from "../support/forged_peer.ts";
import { openRawStream, type RawStream } from "../support/raw_stream.ts";
import { RawClient } from "../support/raw_client.ts";
import { StreamBench } from "../support/stream_bench.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);

interface Setting {
  readonly pair: VirtualPair;
  readonly listener: Listener;
  readonly stranger: () => Promise<RawStream>;
}

/** Runs a case beside a session over TCP: nobody is answered, nobody's connection ends, and it goes on. */
function corpus(name: string, attack: (setting: Setting) => Promise<RawStream[]>): void {
  test(`corpus ${name}`, async () => {
    const pair = new VirtualPair();
    const listener = await pair.listen({ tcp: true });
    const client = await pair.connect(listener, { protocol: "tcp", shards: 1 });
    const server = await pair.run(listener.accept());
    const stranger = () => openRawStream(pair, listener);
    const streams = await attack({ pair, listener, stranger });
    await pair.pass(30_000);
    for (const { bytes, hasEnded } of streams) assert.deepEqual([bytes, hasEnded], [0, false]);
    await assertAlive(pair, client, server);
    await assertAlive(pair, server, client);
    assert.equal(listener.stats().streams?.faults, 0);
    for (const stream of streams) stream.cut();
    await pair.run(listener.close());
  });
}

async function assertAlive(pair: VirtualPair, from: Session, to: Session): Promise<void> {
  assert.equal(from.send(text("there?")), true);
  assert.deepEqual(await pair.run(to.receive()), text("there?"));
}

test("corpus 30: 1,024 idle TCP connections: the oldest of a network make room, and a client connects", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ tcp: true });
  const idle: RawStream[] = [];
  for (let i = 0; i < 1_024; i++) idle.push(await openRawStream(pair, listener));
  await pair.pass(1_000);
  const { silent, silentEvicted } = listener.stats().streams!;
  assert.deepEqual([silent, silentEvicted], [64, 1_024 - 64]);
  const client = await pair.connect(listener, { protocol: "tcp", shards: 1 });
  await assertAlive(pair, client, await pair.run(listener.accept()));
  await pair.pass(60_000);
  // One had to go for the client, and another for its second connection.
  const alive = idle.filter(({ hasEnded }) => !hasEnded).length;
  assert.ok(alive >= 60, `${alive}`);
  assert.ok(idle.every(({ bytes }) => bytes === 0));
  for (const stream of idle) stream.cut();
  await pair.run(listener.close());
});

/** A first box that announces a hello of that length, and some of it. */
function announced(pair: VirtualPair, listener: Listener, length: number, behind: number) {
  const bytes = new Uint8Array(30 + behind);
  const cipher = helloCipher(listener.publicKey, minuteOf(pair));
  sealLengthBox(cipher, length - 28, new Uint8Array(12), bytes.subarray(0, 30));
  return bytes;
}

for (const length of [0, 27, 28, 103, 65_535]) {
  corpus(`31: a TCP hello of length ${length}`, async ({ pair, listener, stranger }) => {
    const before = listener.stats().streams!.strangers;
    const streams = [await stranger(), await stranger()];
    streams[0]?.write(announced(pair, listener, length, 0));
    streams[1]?.write(announced(pair, listener, length, 70_000));
    await pair.pass(1_000);
    assert.equal(listener.stats().streams!.strangers, before + 2);
    return streams;
  });
}

corpus("33: a TLS hello first", async ({ pair, listener, stranger }) => {
  const before = listener.stats().streams!.strangers;
  const hello = new Uint8Array(517);
  hello.set([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
  const [whole, slow] = [await stranger(), await stranger()];
  whole.write(hello);
  for (const byte of hello) slow.write(Uint8Array.of(byte));
  await pair.pass(1_000);
  assert.equal(listener.stats().streams!.strangers, before + 2);
  return [whole, slow];
});

corpus("34: a first read of 1 to 29 bytes", async ({ pair, listener, stranger }) => {
  const before = listener.stats().streams!;
  const streams: RawStream[] = [];
  for (let length = 1; length < 30; length++) {
    const stream = await stranger();
    stream.write(new Uint8Array(length).fill(length));
    streams.push(stream);
  }
  await pair.pass(1_000);
  const { strangers, silent } = listener.stats().streams!;
  assert.deepEqual([strangers, silent], [before.strangers, before.silent + 29]);
  return streams;
});

test("corpus 32: a TCP datagram of length 0 means nothing, one of 4,097 breaks the connection in silence", async () => {
  const bench = await StreamBench.listening();
  const client = await RawClient.open(bench, 1, []);
  const answered = client.bytes;
  const frame = (length: number) => {
    const bytes = new Uint8Array(2 + length);
    new DataView(bytes.buffer).setUint16(0, length);
    return client.machine.seal(bytes);
  };
  for (let i = 0; i < 100; i++) client.write(frame(0));
  client.write(frame(5));
  await bench.network.pass(1_000);
  assert.deepEqual(bench.serverTold.datagrams.map(({ bytes }) => bytes.length), [5]);
  client.write(frame(4_097));
  client.write(frame(5));
  await bench.network.pass(300_000);
  assert.equal(bench.serverTold.datagrams.length, 1);
  assert.deepEqual([client.bytes, client.ended], [answered, undefined]);
  const { broken, faults } = bench.server.stats();
  assert.deepEqual([broken, faults], [1, 0]);
  // Its name goes on over another connection.
  await RawClient.open(bench, 1, [new Uint8Array(7)]);
  assert.deepEqual(bench.serverTold.datagrams.map(({ bytes }) => bytes.length), [5, 7]);
});
