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
  /** The secret of the handshake, 32 bytes. */
  readonly secret: Uint8Array;
  readonly random: Random;
  /** How long packets are made; by default a uniform draw of up to 63 bytes is added. */
  readonly padding?: PaddingPolicy;
  /** The host's own cipher; by default the portable one. */
  readonly createCipher?: (key: Uint8Array) => PacketCipher;
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
  /** Frames that had been received before, or were too old to tell. */
  readonly replayed: number;
  /** Bodies rebuilt from parity. */
  readonly recovered: number;
  /** Loss of what the other side sends, 0 to 1, as measured here. */
  readonly receiveLoss: number;
  /** Loss of what we send, 0 to 1, as the other side says; `undefined`: it has not said. */
  readonly sendLoss: number | undefined;
}
