/**
 * What a link for a transfer is, however it is made.
 *
 * @module
 */

/** A program and its arguments. */
export type Command = readonly string[];

/** How bad a link is, in both directions alike. */
export interface LinkConditions {
  /** Mbit/s, headers of IP and UDP included. */
  readonly rate: number;
  /** One way, ms. */
  readonly delay: number;
  /** Chance that a packet is lost, 0 to 1. */
  readonly loss: number;
  /** Mean length of a burst of losses; 0: each is alone. */
  readonly burst: number;
  /** Packets of 1,500 bytes that the queue in front of the rate holds. */
  readonly queue: number;
  /** Decides the losses. */
  readonly seed: number;
}

/** What became of the packets of one direction. */
export interface LinkCounts {
  /** Packets that came. */
  readonly seen: number;
  /** Lost by chance. */
  readonly lost: number;
  /** Dropped by the full queue. */
  readonly dropped: number;
  /** Dropped by the receiver's socket, which was full; unknown where nobody counts that. */
  readonly overrun?: number;
}

/** A link between the ends of one transfer. */
export interface Link {
  /** Where the receiver listens. */
  readonly receiverHost: string;
  /** What to start so that a command runs at one side. */
  enter(side: "sender" | "receiver", command: Command): Command;
  /** Where the sender reaches a receiver that listens at an address. */
  towards(receiver: string): Promise<string>;
  /** Ends it. @returns What happened from the sender to the receiver. */
  close(): Promise<LinkCounts>;
}

/** A way to make links. */
export interface LinkKind {
  /** What it is, for people. */
  readonly name: string;
  /** Whether it carries TCP too, or datagrams alone. */
  readonly carriesTcp: boolean;
  /**
   * Makes a link.
   *
   * @param seconds After this time it ends by itself.
   */
  open(conditions: LinkConditions, seconds: number): Promise<Link>;
}
