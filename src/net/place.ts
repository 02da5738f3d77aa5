/**
 * Where a session's client may be, and what shows that it is there. Types only.
 *
 * @module
 */
import type { Link } from "../transport/link.ts";

/** A link, and which of the client's shards speaks there. */
export interface Place {
  /** The shard, 0 to 255. */
  readonly shardId: number;
  /** The link, as it was when somebody spoke over it last. */
  link: Link;
  /** When that was, ms. */
  heardAt: number;
  /** Bytes that may still be sent there. */
  allowance: number;
  /** The frame whose receipt proves that the client is there. */
  provenBy: number;
  /** Whether the session was here, and the client turned out to be elsewhere. */
  isDoubtful?: boolean;
}

/** What a session's own packet tells of the client. */
export interface Sign {
  /** The packet's length. */
  readonly length: number;
  /** The highest frame of ours that the client says it has. */
  readonly highReceived: number;
  /** The last frame that we have sent. */
  readonly lastFrame: number;
}
