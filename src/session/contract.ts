/**
 * What a session is made from, and what it tells.
 *
 * @module
 */
import type { PacketCipher } from "../host.ts";
import type { Random } from "../random.ts";
import type { PaddingPolicy } from "./padding.ts";

/** Settings of a session. */
export interface SessionMachineOptions {
  /** Which end this is: it decides which key is whose. */
  readonly role: "client" | "server";
  /** The secret of the handshake, 32 bytes; not kept. */
  readonly secret: Uint8Array;
  readonly random: Random;
  /** How long packets are made; by default a uniform draw of up to 63 bytes is added. */
  readonly padding?: PaddingPolicy;
  /** The host's own cipher; by default the portable one. */
  readonly createCipher?: (key: Uint8Array) => PacketCipher;
  /** What its keys have been used for before: for tests of where that ends. */
  readonly use?: { readonly sealed?: number; readonly failed?: number };
}

/**
 * What became of a packet:
 *
 * - `newest`: data that is newer than all before, so the other side sent it just now;
 * - `late`: data that newer data has overtaken;
 * - `parity`: it helps to rebuild, or asks what the path takes, but has no number of its own: it may
 *   be a replay, and proves nothing about where the other side is or whether it lives;
 * - `replayed`: data that came before, or a frame that is too old to tell;
 * - `malformed`: the other side made it, but it is no frame or breaks a limit;
 * - `foreign`: the other side did not make it. It is left as it was.
 */
export type PacketOutcome = "newest" | "late" | "parity" | "replayed" | "malformed" | "foreign";

/** A body that has come. Valid until the machine is touched again. */
export interface ReceivedBody {
  readonly body: Uint8Array;
  /** Number of the frame that it came in, or would have come in. */
  readonly frameNumber: number;
  /** The other side's counters; both 0 in a body that was rebuilt. */
  readonly highReceived: number;
  readonly totalReceived: number;
  /** Whether it is no datagram, or not a whole one yet, and only brings the counters. */
  readonly isReport?: boolean;
}

/** What the other side sent and should not have, by the limit that it broke. */
export interface FrameDrops {
  /** No frame: another variant, a truncation, a number above 2^53-1 or in no spelling. */
  readonly undecodable: number;
  /** Data whose number is farther above the highest than any honest sender comes. */
  readonly frameNumber: number;
  /** Data that acknowledges frames which were never sent. */
  readonly counters: number;
  /** Parity whose numbers do not fit one another, or whose run lies where none can be. */
  readonly parity: number;
  /** Bodies that parity gave and that cannot be bodies. Not counted among `framesMalformed`. */
  readonly shard: number;
}

/** What a session has counted. */
export interface SessionCounts {
  /** Data frames sent. */
  readonly framesSent: number;
  /** Parity frames sent. */
  readonly paritySent: number;
  /** Data frames received, each once. */
  readonly framesReceived: number;
  /** Bytes of packets sent, headers of UDP and IP not counted. */
  readonly bytesSent: number;
  /** The same of packets received, each once. */
  readonly bytesReceived: number;
  /** Packets of the other side that were no frame, or broke a limit. */
  readonly framesMalformed: number;
  /** Which limits these broke. */
  readonly frameDrops: FrameDrops;
  /** Frames that had been received before, or were too old to tell. */
  readonly replayed: number;
  /** Bodies rebuilt from parity. */
  readonly recovered: number;
  /** Loss of what the other side sends, 0 to 1, as measured here. */
  readonly receiveLoss: number;
  /** Loss of what we send, 0 to 1, as the other side says; `undefined`: it has not said. */
  readonly sendLoss: number | undefined;
}
