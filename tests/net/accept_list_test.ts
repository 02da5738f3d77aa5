/**
 * The accept list of listeners and of streams: see `tests/wire/accept_list_test.ts`.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { helloCipher, sealOpening } from "../../src/records/opening.ts";
import { encodeHandshakeFrame } from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import { type Counts, grown } from "../support/counts.ts";
import { minuteOf, shakeHands } from "../support/forged_peer.ts";
import { RawClient } from "../support/raw_client.ts";
import { give, MINUTE, RecordEnds } from "../support/record_ends.ts";
import { StreamBench } from "../support/stream_bench.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** A row of the listener: what a stranger sends who knows the key, and what it comes to. */
type ListenerRow = readonly [string, (hello: typeof HELLO, token: Uint8Array) => Made, Counts];
type Made = {
  readonly frame: Parameters<typeof encodeHandshakeFrame>[0];
  readonly length?: number;
  readonly cut?: number;
};

const HELLO = {
  kind: "clientHello",
  longPublicKey: new Uint8Array(32).fill(9),
  ephemeralPublicKey: new Uint8Array(32).fill(9),
  version: 3,
} as const;
const FAILED = (reason: string): Counts => ({ packetsFailed: 1, [reason]: 1 });
const resume = (resumeToken: Uint8Array) =>
  ({ kind: "clientResume", resumeToken, shardId: 0 }) as const;

const LISTENER_ROWS: readonly ListenerRow[] = [
  ["a datagram of 99 bytes", () => ({ frame: HELLO, cut: 99 }), FAILED("length")],
  ["a datagram of 100 bytes that is whole", () => ({ frame: HELLO }), FAILED("frame")],
  [
    "a datagram of 100 bytes that is not",
    () => ({ frame: HELLO, length: 300, cut: 100 }),
    FAILED(
      "unopened",
    ),
  ],
  ["a hello of 179 bytes", () => ({ frame: HELLO, length: 179 }), FAILED("frame")],
  ["a hello of 180 bytes", () => ({ frame: HELLO, length: 180 }), { handshakes: 1 }],
  ["a hello of 2,048 bytes", () => ({ frame: HELLO, length: 2_048 }), { handshakes: 1 }],
  ["a hello of 2,049 bytes", () => ({ frame: HELLO, length: 2_049 }), FAILED("length")],
  ["version 2", () => ({ frame: { ...HELLO, version: 2 }, length: 300 }), FAILED("frame")],
  ["version 4", () => ({ frame: { ...HELLO, version: 4 }, length: 300 }), FAILED("frame")],
  ["a key of low order", () => ({
    frame: { ...HELLO, ephemeralPublicKey: new Uint8Array(32) },
    length: 300,
  }), FAILED("key")],
  ["a token of ours", (_, token) => ({ frame: resume(token) }), {}],
  [
    "a token of somebody else's",
    (_, token) => ({ frame: resume(token.map((b) => b ^ 1)) }),
    FAILED(
      "token",
    ),
  ],
];

for (const [what, make, counts] of LISTENER_ROWS) {
  test(`accept list, listener: ${what}`, async () => {
    const pair = new VirtualPair();
    const listener = await pair.listen();
    const { hellos, token, socket } = await shakeHands(pair, listener);
    const { frame, length = 0, cut } = make(HELLO, token);
    const look = (): Counts => {
      const { packetDrops, packetsFailed, handshakes } = listener.stats();
      return { ...packetDrops, packetsFailed, handshakes };
    };
    const before = look();
    const packet = hellos.packet("up", minuteOf(pair), frame, { length });
    socket.send(packet.subarray(0, cut));
    await pair.pass(100);
    assert.deepEqual(grown(before, look()), counts);
    assert.equal(listener.addr.port, PORT);
    await pair.run(listener.close());
  });
}

/** An opening of a stream whose second box has that length. */
function opening(ends: RecordEnds, boxLength: number): Uint8Array {
  const message = new Uint8Array(boxLength - 28);
  const { publicKey } = ends.keyPair;
  const keys = ends.x25519.generate();
  const frame = { ...HELLO, longPublicKey: keys.publicKey, ephemeralPublicKey: keys.publicKey };
  encodeHandshakeFrame(frame, new Writer(message.length < 76 ? new Uint8Array(76) : message));
  const nonces = new Uint8Array(24).fill(7);
  return sealOpening(helloCipher(publicKey, MINUTE), message, nonces);
}

for (
  const [length, phase] of [
    [28, "draining"],
    [103, "draining"],
    [104, "answered"],
    [4_096, "answered"],
    [4_097, "draining"],
    [65_535, "draining"],
  ] as const
) {
  test(`accept list, streams: a hello of ${length} bytes`, () => {
    const ends = new RecordEnds();
    const server = ends.server();
    give(server, opening(ends, length));
    assert.equal(server.phase, phase);
    assert.equal(server.drainReason, phase === "draining" ? "stranger" : undefined);
  });
}

for (
  const [length, counts] of [
    // Wire compatibility: one of no bytes means nothing, and is no damage.
    [0, {}],
    [1, {}],
    [4_096, {}],
    [4_097, { broken: 1 }],
    [65_535, { broken: 1 }],
  ] as const
) {
  test(`accept list, streams: a frame of ${length} bytes`, async () => {
    const bench = await StreamBench.listening();
    const client = await RawClient.open(bench, 1, []);
    const look = (): Counts => {
      const { strangers, replays, broken } = bench.server.stats();
      return { strangers, replays, broken };
    };
    const before = look();
    const frame = new Uint8Array(2 + length);
    new DataView(frame.buffer).setUint16(0, length);
    client.write(client.machine.seal(frame));
    await bench.network.pass(100);
    assert.deepEqual(grown(before, look()), counts);
    const taken = bench.serverTold.datagrams.map(({ bytes }) => bytes.length);
    assert.deepEqual(taken, length > 0 && length <= 4_096 ? [length] : []);
    assert.equal(client.ended, undefined);
  });
}
