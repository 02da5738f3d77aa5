import { test } from "node:test";
import assert from "node:assert/strict";
import type { PacketCipher } from "../../src/host.ts";
import { PacketLog, type PacketLogEntry } from "../../src/session/packet_log.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { Writer } from "../../src/wire/writer.ts";

const PEER = { hostname: "192.0.2.1", port: 5 };
const OVERHEAD = 28;

/** It hides nothing, and opens nothing that begins with 0xff. */
const CIPHER: PacketCipher = {
  seal: (_packet, length) => length + OVERHEAD,
  open: (packet) => packet[0] === 0xff ? undefined : packet.subarray(0, packet.length - OVERHEAD),
};

/** A log, what it has written, and a cipher that it watches. */
function watched() {
  const lines: PacketLogEntry[] = [];
  const log = new PacketLog(undefined, () => 7, (line) => void lines.push(JSON.parse(line)));
  return { lines, log, cipher: log.watch(CIPHER) };
}

/** A packet of a frame without a body, and its length before it is sealed. */
function packetOf(frameNumber: number): { packet: Uint8Array; length: number } {
  const packet = new Uint8Array(100);
  const writer = new Writer(packet);
  const body = new Uint8Array(0);
  const frame = { kind: "data", frameNumber, highReceived: 3, totalReceived: 2, body } as const;
  encodeFrame(frame, 0, undefined, writer);
  return { packet, length: writer.length };
}

function seal(cipher: PacketCipher, frameNumber: number): number {
  const { packet, length } = packetOf(frameNumber);
  return cipher.seal(packet, length, new Uint8Array(12));
}

test("PacketLog tells what goes into a byte stream when it is sealed, unannounced pieces too", () => {
  const { lines, log, cipher } = watched();
  log.onSessionState({ remoteAddr: PEER, isOverStream: true, rtt: 20, window: 16 });
  const size = seal(cipher, 4);
  seal(cipher, 5);
  const told = {
    time: 7,
    direction: "sent",
    peer: "192.0.2.1:5",
    size,
    kind: "data",
    highReceived: 3,
    totalReceived: 2,
    rtt: 20,
    window: 16,
  };
  assert.deepEqual(lines, [{ ...told, frame: 4 }, { ...told, frame: 5 }]);
});

test("PacketLog tells what came through a byte stream when it opens, without a peer", () => {
  const { lines, cipher } = watched();
  const { packet, length } = packetOf(4);
  cipher.open(new Uint8Array(60).fill(0xff));
  cipher.open(packet.subarray(0, length + OVERHEAD));
  assert.equal(lines.length, 1);
  const { direction, peer, frame, size } = lines[0]!;
  assert.deepEqual([direction, peer, frame, size], ["received", undefined, 4, length + OVERHEAD]);
});

test("PacketLog takes no handshake for a packet that never reached the socket", () => {
  const { lines, log, cipher } = watched();
  const size = seal(cipher, 4);
  log.onSent(size + 100, PEER);
  seal(cipher, 5);
  log.onSent(size, PEER);
  assert.deepEqual(lines.map(({ kind, frame }) => [kind, frame]), [["other", undefined], [
    "data",
    5,
  ]]);
});

test("PacketLog tells the state of a session with its own packets alone", () => {
  const { lines, log, cipher } = watched();
  const other = log.watch(CIPHER);
  log.onSessionState({ remoteAddr: PEER, isOverStream: false, rtt: 20 });
  for (const by of [cipher, other, cipher]) log.onSent(seal(by, 1), PEER);
  assert.deepEqual(lines.map(({ rtt }) => rtt), [20, undefined, 20]);
});
