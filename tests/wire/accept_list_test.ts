/**
 * The accept list: each field that comes from outside at its limit, below and above it, and for each
 * the counter that names the reason. Most limits stand in the machines and not in the decoders, so
 * they are asked here where they apply. Listeners and streams stand in `tests/net/accept_list_test.ts`.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { encodeParity } from "../../src/fec/reed_solomon.ts";
import { FixedRate } from "../../src/mux/fixed_rate.ts";
import { MuxMachine } from "../../src/mux/machine.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import { Random } from "../../src/random.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { encodeAckList } from "../../src/wire/ack_list.ts";
import type { ParityFrame } from "../../src/wire/frame.ts";
import { encodeMessage, type StreamMessageType } from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import { type Counts, grown } from "../support/counts.ts";
import { seededSource } from "../support/seeded_random.ts";
import { SessionForger } from "../support/session_forger.ts";

const SECRET = new Uint8Array(32).fill(5);
const MOST = Number.MAX_SAFE_INTEGER;

/** The number of the highest frame that the session of a row has had. */
const TOP = 10_000;

function session(): { readonly machine: SessionMachine; readonly forger: SessionForger } {
  const random = new Random(seededSource(1));
  const machine = new SessionMachine({ role: "server", secret: SECRET, random });
  const forger = new SessionForger("client", SECRET);
  machine.handleDatagram(forger.data(TOP, Uint8Array.of(1)), 0);
  machine.pollBody();
  return { machine, forger };
}

/** What a session counts of a packet, of all that it counts by reason. */
function sessionCounts(machine: SessionMachine): Counts {
  const { frameDrops, framesReceived, replayed } = machine.counts;
  return { ...frameDrops, framesReceived, replayed };
}

const u64 = (value: bigint) =>
  Array.from({ length: 8 }, (_, i) => Number(value >> BigInt(8 * i) & 255n));
const varint64 = (value: bigint) => Uint8Array.from([253, ...u64(value)]);

/** The plaintext of a frame whose fields need not be numbers. */
function raw(...fields: (number | Uint8Array)[]): Uint8Array {
  const bytes = fields.flatMap((field) => typeof field === "number" ? [field] : [...field]);
  return Uint8Array.from([...bytes, 0]);
}

function parity(change: Partial<ParityFrame>): ParityFrame {
  const body = change.body ?? new Uint8Array(50);
  const frame = { runStart: TOP + 1, dataCount: 2, parityCount: 2, parityIndex: 0 };
  return { kind: "parity", ...frame, padSize: body.length, body, ...change };
}

/** A row: what is sent, and what a session comes to count of it. */
type SessionRow = readonly [string, (forger: SessionForger) => Uint8Array, Counts];

const TAKEN = { framesReceived: 1 };
const UNDECODABLE = { undecodable: 1 };
const PARITY = { parity: 1 };
const inParity = (what: string, change: Partial<ParityFrame>, counts: Counts): SessionRow => [
  what,
  (forger) => forger.packet(parity(change)),
  counts,
];

const SESSION_ROWS: readonly SessionRow[] = [
  [
    "datagram of 33 bytes: a frame with nothing in it",
    (f) => f.seal(new Uint8Array(5)),
    TAKEN,
  ],
  ["datagram of 32 bytes", (f) => f.seal(new Uint8Array(4)), UNDECODABLE],
  [
    "datagram of 2,048 bytes",
    (f) => f.data(TOP + 1, new Uint8Array(0), {}, { padding: new Uint8Array(2_048 - 28 - 8) }),
    TAKEN,
  ],
  ["frame number 2^24 above the highest", (f) => f.data(TOP + 2 ** 24, raw()), TAKEN],
  ["frame number 2^24 + 1 above it", (f) => f.data(TOP + 2 ** 24 + 1, raw()), { frameNumber: 1 }],
  ["frame number 2^53 - 1", (f) => f.data(MOST, raw()), { frameNumber: 1 }],
  ["frame number 2^53", (f) => f.seal(raw(0, varint64(2n ** 53n), 0, 0, 1, 7)), UNDECODABLE],
  ["frame number 2^64 - 1", (f) => f.seal(raw(0, varint64(2n ** 64n - 1n), 0, 0, 0)), UNDECODABLE],
  [
    "highest received 2^53 - 1",
    (f) => f.data(TOP + 1, raw(), { highReceived: MOST, totalReceived: 1 }),
    { counters: 1 },
  ],
  ["highest received 2^53", (f) => f.seal(raw(0, 1, varint64(2n ** 53n), 0, 0)), UNDECODABLE],
  [
    "total received 2^53 - 1",
    (f) => f.data(TOP + 1, raw(), { highReceived: MOST, totalReceived: MOST }),
    { counters: 1 },
  ],
  ["total received 2^53", (f) => f.seal(raw(0, 1, 0, varint64(2n ** 53n), 0)), UNDECODABLE],
  ...[253, 254, 255].flatMap((marker): SessionRow[] =>
    [0, 1, 2, 3, 4].map((field) => {
      const number = marker === 253 ? varint64(0n) : marker;
      const fields = [0, 1, 0, 0, 0].map((each, i) => i === field ? number : each);
      const counts = marker === 253 ? TAKEN : UNDECODABLE;
      return [`varint marker ${marker} in field ${field}`, (f) => f.seal(raw(...fields)), counts];
    })
  ),
  inParity("data count 0", { dataCount: 0 }, PARITY),
  inParity("data count 1", { dataCount: 1 }, {}),
  inParity("data count 64", { dataCount: 64 }, {}),
  inParity("data count 65", { dataCount: 65 }, PARITY),
  inParity("parity count 0", { parityCount: 0 }, PARITY),
  inParity("parity count 1", { parityCount: 1 }, {}),
  inParity("parity count 64", { parityCount: 64, dataCount: 64 }, {}),
  inParity("parity count 65", { parityCount: 65 }, PARITY),
  inParity("parity index as the count less one", { parityIndex: 1 }, {}),
  inParity("parity index as the count", { parityIndex: 2 }, PARITY),
  inParity("parity index 255", { parityIndex: 255 }, PARITY),
  inParity("pad size 1", { body: new Uint8Array(1) }, PARITY),
  inParity("pad size 2", { body: new Uint8Array(2) }, {}),
  inParity("pad size 1,500", { body: new Uint8Array(1_500) }, {}),
  inParity("pad size 1,501", { body: new Uint8Array(1_501) }, PARITY),
  inParity("pad size less than the body", { padSize: 49 }, UNDECODABLE),
  inParity("pad size more than the body", { padSize: 51 }, UNDECODABLE),
  inParity("run 4,096 below the highest", { runStart: TOP - 4_096 }, {}),
  inParity("run 4,097 below it: it was recorded", { runStart: TOP - 4_097 }, { replayed: 1 }),
  inParity("run 256 above the highest", { runStart: TOP + 256 }, {}),
  inParity("run 257 above it", { runStart: TOP + 257 }, PARITY),
  inParity("run at 2^53 - 1, which wraps", { runStart: MOST }, PARITY),
  ["rebuilt shard that is as long as the pad size allows", (f) => rebuilding(f, 48), {}],
  ["rebuilt shard that is longer", (f) => rebuilding(f, 49), { shard: 1 }],
];

/** Parity of one lost body, in 50 bytes, which says that the body has so many. */
function rebuilding(forger: SessionForger, length: number): Uint8Array {
  const body = new Uint8Array(50);
  // Parity of a single body is a multiple of its shard: here the shard is made, not the body.
  encodeParity([new Uint8Array(48)], 0, body);
  assert.equal(body[0], 48);
  body[0] = length;
  return forger.packet(parity({ dataCount: 1, parityCount: 1, body }));
}

for (const [what, make, counts] of SESSION_ROWS) {
  test(`accept list, session: ${what}`, () => {
    const { machine, forger } = session();
    const before = sessionCounts(machine);
    machine.handleDatagram(make(forger), 0);
    while (machine.pollBody() !== undefined);
    assert.deepEqual(grown(before, sessionCounts(machine)), counts);
  });
}

test("accept list, session: a datagram of 2,049 bytes is foreign to it", () => {
  const { machine, forger } = session();
  const padding = new Uint8Array(2_049 - 28 - 8);
  const packet = forger.data(TOP + 1, new Uint8Array(0), {}, { padding });
  assert.equal(packet.length, 2_049);
  assert.equal(machine.handleDatagram(packet, 0), "foreign");
});

/** A row of the multiplex: bodies, and what they come to. The stream 5 is open before. */
type MuxRow = readonly [string, readonly Uint8Array[], Counts];

function said(
  type: StreamMessageType,
  sequence: number,
  payload: Uint8Array = new Uint8Array(0),
  streamId = 5,
): Uint8Array {
  const memory = new Uint8Array(4_096);
  const writer = new Writer(memory);
  encodeMessage({ kind: "stream", type, streamId, sequence, payload }, writer);
  return memory.slice(0, writer.length);
}

function ackList(count: number, value = 0): Uint8Array {
  const memory = new Uint8Array(8 * (count + 1));
  encodeAckList(new Array<number>(count).fill(value), undefined, new Writer(memory));
  return memory;
}

const tagged = (...tags: number[]) =>
  Uint8Array.from([...tags.flatMap((tag) => [tag, 0, 0, 0]), ...new Uint8Array(40)]);
const info = (length: number) => new Uint8Array(length).fill(0x61);
const far = (sequence: number) => said("data", sequence, new Uint8Array(1_330));

const MUX_ROWS: readonly MuxRow[] = [
  ["variants 0 to 2", [tagged(0), tagged(2)], {}],
  ["variant 3", [tagged(3)], { undecodable: 1 }],
  [
    "kinds 0 to 6",
    ["syn", "synAck", "data", "fin", "finAck", "rst"].map((type) =>
      said(type as StreamMessageType, 0)
    ),
    {},
  ],
  ["kind 7", [tagged(1, 7)], { undecodable: 1 }],
  ["Syn with 1,024 bytes", [said("syn", 0, info(1_024), 6)], { streams: 1 }],
  ["Syn with 1,025 bytes", [said("syn", 0, info(1_025), 6)], { info: 1 }],
  ["DataAck of what was sent", [said("dataAck", 1, ackList(1))], {}],
  ["DataAck with 256 entries", [said("dataAck", 0, ackList(256))], {}],
  ["DataAck with 257 entries", [said("dataAck", 0, ackList(257))], { ackList: 1 }],
  ["DataAck with fewer entries than it says", [said("dataAck", 0, ackList(3).subarray(0, 24))], {
    ackList: 1,
  }],
  ["DataAck without a count", [said("dataAck", 0)], { ackList: 1 }],
  ["DataAck above what was sent", [said("dataAck", 2, ackList(0))], { futureAck: 1 }],
  ["DataAck with an entry that was never sent", [said("dataAck", 0, ackList(1, 1))], {
    futureAck: 1,
  }],
  ["Data seqno 2^53", [said("data", 2 ** 53)], { undecodable: 1 }],
  ["Data seqno within the window", [far(0), far(5_000)], {}],
  ["Data seqno 20,001 above the missing one", [far(20_001)], { segment: 1 }],
  ["Data seqno 2^53 - 1", [far(MOST)], { segment: 1 }],
];

for (const [what, bodies, counts] of MUX_ROWS) {
  test(`accept list, multiplex: ${what}`, () => {
    const random = new Random(seededSource(1));
    const rtt = new RttEstimator();
    const congestion = new FixedRate({ name: "fixed", bitsPerSecond: 1e9 });
    const mux = new MuxMachine({ role: "server", random, rtt, congestion, deadAfter: 1e6 }, 0);
    mux.handleBody(said("syn", 0), 0);
    const event = mux.pollEvent();
    assert.ok(event?.kind === "incoming");
    mux.streams.write(event.stream, Uint8Array.of(1), 0);
    const memory = new Uint8Array(2_048);
    for (let frame = 0; mux.pollTransmit(memory, 0) > 0; frame++) mux.onFrameSent(frame, 0);
    const look = (): Counts => ({ ...mux.stats.messageDrops, streams: mux.stats.streams });
    const before = look();
    for (const body of bodies) mux.handleBody(body, 0);
    const { streams = 0, ...dropped } = grown(before, look());
    assert.deepEqual(streams > 0 ? { streams, ...dropped } : dropped, counts);
    const { messageDrops: drops, malformed } = mux.stats;
    const { undecodable, info, ackList, futureAck } = drops;
    assert.equal(malformed, undecodable + info + ackList + futureAck);
  });
}
