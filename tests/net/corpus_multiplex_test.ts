/**
 * The part of the corpus that speaks to the multiplex: see `corpus_test.ts`.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { type Multiplex, SosistabError } from "../../mod.ts";
import { encodeAckList } from "../../src/wire/ack_list.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type StreamMessage,
  type StreamMessageType,
} from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import { againstClient, againstServer, type ForgedPeer } from "../support/forged_peer.ts";
import { liveBytes } from "../support/live_bytes.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

const NOTHING = new Uint8Array(0);
const text = (value: string) => new TextEncoder().encode(value);

/** A real multiplex, and somebody who speaks to it by hand. */
class Speaker {
  readonly peer: ForgedPeer;
  readonly mux: Multiplex;
  #nextFrame = 0;

  constructor(peer: ForgedPeer) {
    this.peer = peer;
    this.mux = peer.session.multiplex();
  }

  /** In both roles. */
  static async both(): Promise<Speaker[]> {
    const pair = new VirtualPair();
    const peers = [
      await againstServer(pair, await pair.listen()),
      await againstClient(new VirtualPair({ delay: 10 }, 2)),
    ];
    const speakers = peers.map((peer) => new Speaker(peer));
    for (const speaker of speakers) await speaker.pass(100);
    return speakers;
  }

  /** Sends a body. */
  body(bytes: Uint8Array): void {
    this.peer.send(this.peer.forger.data(this.#nextFrame++, bytes));
  }

  /** Sends a message. */
  message(message: Message): void {
    const memory = new Uint8Array(2048);
    const writer = new Writer(memory);
    encodeMessage(message, writer);
    this.body(memory.subarray(0, writer.length));
  }

  /** Sends a message of a stream. */
  say(type: StreamMessageType, streamId: number, sequence = 0, payload = NOTHING): void {
    this.message({ kind: "stream", type, streamId, sequence, payload });
  }

  pass(ms: number): Promise<void> {
    return this.peer.pair.pass(ms);
  }

  /** What was said since it was last asked. */
  heard(): Message[] {
    const { received, forger } = this.peer;
    return received.splice(0).flatMap((packet) => {
      const frame = forger.open(packet)?.frame;
      const message = frame?.kind === "data" ? decodeMessage(frame.body) : undefined;
      return message === undefined ? [] : [message];
    });
  }

  /** The types of what was said about streams. */
  types(streamId?: number): StreamMessageType[] {
    return this.heard()
      .filter((message): message is StreamMessage => message.kind === "stream")
      .filter((message) => streamId === undefined || message.streamId === streamId)
      .map((message) => message.type);
  }

  /** Unreliable messages pass in both directions. */
  async assertAlive(): Promise<void> {
    this.message({ kind: "unreliable", payload: text("there?") });
    assert.deepEqual(await this.peer.pair.run(this.mux.receiveUrel()), text("there?"));
    this.heard();
    assert.equal(this.mux.sendUrel(text("yes")), true);
    await this.pass(50);
    assert.ok(this.heard().some(({ kind }) => kind === "unreliable"));
  }
}

/** Runs a case against a real server and a real client. */
function corpus(name: string, attack: (speaker: Speaker) => Promise<void>): void {
  test(`corpus ${name}`, async () => {
    for (const speaker of await Speaker.both()) {
      await attack(speaker);
      await speaker.assertAlive();
    }
  });
}

const isReset = (error: unknown) => error instanceof SosistabError && error.code === "reset";

test("corpus 17: an opening for each of the 65,536 ids, and nobody accepts", async () => {
  const speaker = (await Speaker.both())[0]!;
  const before = liveBytes();
  for (let id = 0; id < 65_536; id++) {
    speaker.say("syn", id);
    if (id % 500 === 0) {
      await speaker.pass(20);
      speaker.peer.received.length = 0;
    }
  }
  await speaker.pass(1_000);
  const { streams, refused } = speaker.mux.stats();
  assert.equal(streams, 1_024);
  assert.equal(refused, 65_536 - 1_024);
  const grown = liveBytes() - before;
  assert.ok(grown < 16e6, `${grown} bytes more`);
  await speaker.assertAlive();
});

test("corpus 17: ids that are opened and cut again and again do not pile up unaccepted", async () => {
  const speaker = (await Speaker.both())[0]!;
  const churn = async (from: number, to: number) => {
    for (let id = from; id < to; id++) {
      speaker.say("syn", id);
      speaker.say("rst", id);
      if (id % 200 === 0) {
        await speaker.pass(20);
        speaker.peer.received.length = 0;
      }
    }
    await speaker.pass(1_000);
  };
  await churn(0, 4_000);
  const before = liveBytes();
  await churn(4_000, 20_000);
  const grown = liveBytes() - before;
  assert.ok(grown < 4e6, `${grown} bytes more`);
  await speaker.assertAlive();
});

corpus("18: data 20,000 ahead of the missing segment, on many streams", async (speaker) => {
  const before = liveBytes();
  const payload = new Uint8Array(1_300).fill(1);
  for (let id = 0; id < 200; id++) {
    speaker.say("syn", id);
    for (const sequence of [20_000, 19_999, 1e6, Number.MAX_SAFE_INTEGER]) {
      for (let i = 0; i < 5; i++) speaker.say("data", id, sequence - i, payload);
    }
    if (id % 20 === 0) await speaker.pass(0);
  }
  await speaker.pass(1_000);
  assert.ok(liveBytes() - before < 4e6);
  speaker.say("data", 7, 0, text("in order"));
  let conn = await speaker.mux.acceptConn();
  while (conn.id !== 7) conn = await speaker.mux.acceptConn();
  const into = new Uint8Array(100);
  const count = await speaker.peer.pair.run(conn.read(into));
  assert.deepEqual(into.subarray(0, count ?? 0), text("in order"));
});

test("corpus 18: segments out of order are held within the budget of the session", async () => {
  const speaker = (await Speaker.both())[0]!;
  const before = liveBytes();
  const payload = new Uint8Array(1_300).fill(1);
  for (let sequence = 1; sequence <= 4_000; sequence++) {
    for (let id = 0; id < 8; id++) {
      if (sequence === 1) speaker.say("syn", id);
      speaker.say("data", id, sequence, payload);
    }
    if (sequence % 50 === 0) {
      await speaker.pass(1);
      speaker.peer.received.length = 0;
    }
  }
  await speaker.pass(1_000);
  const grown = liveBytes() - before;
  assert.ok(grown > 20e6 && grown < 40e6, `${grown} bytes more`);
  await speaker.assertAlive();
});

corpus("19: an acknowledgement with a count of 2^32, and of 2^53", async (speaker) => {
  const { malformed } = speaker.mux.stats();
  speaker.say("syn", 5);
  for (const bytes of [[0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0x20, 0], [1], []]) {
    speaker.say("dataAck", 5, 0, Uint8Array.from(bytes));
  }
  speaker.say("dataAck", 5, 0, new Uint8Array(1_400).fill(255));
  await speaker.pass(1_000);
  assert.equal(speaker.mux.stats().malformed, malformed + 5);
  assert.equal(speaker.mux.stats().streams, 1);
});

corpus("20: an acknowledgement of 2^53-1 cuts the stream", async (speaker) => {
  speaker.say("syn", 5);
  const conn = await speaker.peer.pair.run(speaker.mux.acceptConn());
  await speaker.pass(50);
  speaker.heard();
  speaker.say("dataAck", 5, Number.MAX_SAFE_INTEGER, new Uint8Array(8));
  await speaker.pass(50);
  assert.deepEqual(speaker.types(5), ["rst"]);
  assert.equal((await conn.closed).by, "error");
  await assert.rejects(conn.write(text("x")), isReset);
});

corpus(
  "20: an acknowledgement of 2^53 is no message, and is answered by Empty",
  async (speaker) => {
    speaker.say("syn", 5);
    await speaker.pass(50);
    speaker.heard();
    speaker.say("dataAck", 5, 2 ** 53, new Uint8Array(8));
    await speaker.pass(50);
    assert.deepEqual(speaker.heard(), [{ kind: "empty" }]);
    assert.equal(speaker.mux.stats().streams, 1);
  },
);

corpus("20: entries for what was never sent cut the stream", async (speaker) => {
  speaker.say("syn", 5);
  const conn = await speaker.peer.pair.run(speaker.mux.acceptConn());
  await speaker.peer.pair.run(conn.write(text("one segment")));
  await speaker.pass(50);
  const memory = new Uint8Array(16);
  encodeAckList([1], undefined, new Writer(memory));
  speaker.say("dataAck", 5, 0, memory);
  await speaker.pass(50);
  assert.equal((await conn.closed).by, "error");
});

corpus("21: a stream message of kind 7 is answered by Empty", async (speaker) => {
  for (const kind of [7, 8, 255, 2 ** 31]) {
    const body = new Uint8Array(40);
    new DataView(body.buffer).setUint32(0, 1, true);
    new DataView(body.buffer).setUint32(4, kind, true);
    speaker.body(body);
    await speaker.pass(50);
    assert.deepEqual(speaker.heard(), [{ kind: "empty" }], `kind ${kind}`);
  }
  assert.equal(speaker.mux.stats().streams, 0);
});

corpus("22: a message of tag 3 is answered by Empty", async (speaker) => {
  for (const bytes of [[3, 0, 0, 0], [0, 1, 0, 0], [255, 255, 255, 255], [], [0], [2, 0, 0]]) {
    speaker.body(Uint8Array.from(bytes));
    await speaker.pass(50);
    assert.deepEqual(speaker.heard(), [{ kind: "empty" }], `${bytes}`);
  }
});

corpus("22: Empty is not answered, whatever stands behind it", async (speaker) => {
  for (let i = 0; i < 10; i++) speaker.body(Uint8Array.from([2, 0, 0, 0, ...new Array(i).fill(i)]));
  await speaker.pass(1_000);
  assert.deepEqual(speaker.heard(), []);
});

corpus("23: a Rst in answer to an opening refuses it", async (speaker) => {
  const opening = speaker.mux.openConn("hello");
  await speaker.pass(15);
  const [syn] = speaker.heard();
  assert.ok(syn?.kind === "stream" && syn.type === "syn");
  speaker.say("rst", syn.streamId);
  await assert.rejects(speaker.peer.pair.run(opening), isReset);
  assert.equal(speaker.mux.stats().streams, 0);
});

corpus(
  "24: data that overtakes the answer to an opening opens it, and is not lost",
  async (speaker) => {
    const opening = speaker.mux.openConn("hello");
    await speaker.pass(15);
    const [syn] = speaker.heard();
    assert.ok(syn?.kind === "stream" && syn.type === "syn");
    speaker.say("data", syn.streamId, 0, text("early"));
    const conn = await speaker.peer.pair.run(opening);
    const into = new Uint8Array(100);
    const count = await speaker.peer.pair.run(conn.read(into));
    assert.deepEqual(into.subarray(0, count ?? 0), text("early"));
    speaker.say("synAck", syn.streamId);
    await speaker.pass(100);
    assert.equal(speaker.mux.stats().streams, 1);
  },
);

corpus("25: an opening of a live id is answered again, and opens nothing", async (speaker) => {
  speaker.say("syn", 5, 0, text("first"));
  const conn = await speaker.peer.pair.run(speaker.mux.acceptConn());
  speaker.say("data", 5, 0, text("data"));
  await speaker.pass(50);
  speaker.heard();
  for (let i = 0; i < 3; i++) {
    speaker.say("syn", 5, 0, text("second"));
    await speaker.pass(50);
    assert.deepEqual(speaker.types(5).filter((type) => type !== "dataAck"), ["synAck"]);
  }
  assert.equal(conn.info, "first");
  assert.equal(speaker.mux.stats().streams, 1);
  const into = new Uint8Array(100);
  const count = await speaker.peer.pair.run(conn.read(into));
  assert.deepEqual(into.subarray(0, count ?? 0), text("data"));
});
