/**
 * What the streams of a session are made from, and what they have counted. Types only.
 *
 * @module
 */
import type { Random } from "../random.ts";
import type { CongestionController } from "./congestion.ts";
import type { MessageDrops } from "./message_drops.ts";
import type { ReceiveBudgetOptions } from "./receive_budget.ts";
import type { RecoveryStats } from "./recovery.ts";
import type { RttEstimator } from "./rtt.ts";

/** Settings of the streams of a session. */
export interface ReliableLaneOptions extends ReceiveBudgetOptions {
  /** Which end this is: it decides which stream ids are drawn. */
  readonly role: "client" | "server";
  readonly random: Random;
  readonly rtt: RttEstimator;
  readonly congestion: CongestionController;
  /** Whether messages that wish for a repair get one: then tails are not sent twice besides. */
  readonly isRepaired?: boolean;
  /** Streams that the other side may have open; 1,024 by default. */
  readonly mostStreams?: number;
}

/** What has been counted. */
export interface ReliableLaneStats extends RecoveryStats {
  /** Streams open now. */
  readonly streams: number;
  /** Bytes of all streams that have come, each once, whether they were read or not. */
  readonly bytesReceived: number;
  /** Messages that broke a rule of the wire. */
  readonly malformed: number;
  /** Which limits these broke, and what else was dropped. */
  readonly messageDrops: MessageDrops;
  /**
   * Streams of the other side that were refused: it has too many, there is no memory for more, or the id
   * is still in use.
   */
  readonly refused: number;
}
