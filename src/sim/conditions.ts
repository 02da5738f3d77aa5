/**
 * How bad one direction of a path is, and what of it makes sense.
 *
 * @module
 */

// Tuning.

/** Packets that wait at a bottleneck unless something else is said: what routers at home hold. */
const USUAL_QUEUE = 1000;

/** How far a packet is held back unless something else is said, ms. */
const USUAL_REORDER_DELAY = 10;

/** A time in which nothing passes. Times in ms on the link's clock. */
export interface Blackout {
  /** Its beginning. */
  readonly from: number;
  /** Its end. */
  readonly until: number;
  /** Once this has passed it comes again, for ever. */
  readonly every?: number;
}

/**
 * The conditions of one direction. Chances are from 0 to 1, times in ms. What is not set does no
 * harm: without any condition packets arrive at once.
 */
export interface LinkConditions {
  /** Time that every packet takes. */
  readonly delay?: number;
  /** Up to this much is added to the delay, drawn evenly. */
  readonly jitter?: number;
  /**
   * Whether jitter and a falling delay leave the order as it is, as they do where there is one queue:
   * packets then wait for the slow one before them. `true` by default; only `reorder` changes the
   * order then.
   */
  readonly keepsOrder?: boolean;
  /** Mean loss. */
  readonly loss?: number;
  /**
   * Mean length of a row of losses, packets (the two states of Gilbert: nothing or everything is
   * lost). 1, the default: each packet is lost or not on its own.
   */
  readonly burst?: number;
  /**
   * Packets that are lost besides, one after the other, and again from the start at the end: a list
   * where `true` is lost, or a text where `x` or `1` is lost and `.` or `0` is not.
   */
  readonly trace?: readonly boolean[] | string;
  /** Whether losses and blackouts happen `"ahead"` of the bottleneck or, by default, `"behind"` it. */
  readonly lossAt?: "ahead" | "behind";
  /** Chance of being held back, while later packets pass. */
  readonly reorder?: number;
  /** Such a packet is held back by up to this much, drawn evenly; 10 by default. */
  readonly reorderDelay?: number;
  /** Chance of arriving twice. */
  readonly duplicate?: number;
  /** Chance that one bit is turned over. */
  readonly corrupt?: number;
  /** The bottleneck, Mbit/s; a packet counts with 28 bytes for the headers of IP and UDP. */
  readonly rate?: number;
  /**
   * Packets at the bottleneck at the most, the one that is being sent included; 1,000 by default. The
   * next one is dropped.
   */
  readonly queue?: number;
  /** The most that may wait, as the time that it takes to send it: a second bound besides `queue`. */
  readonly queueTime?: number;
  /** What is dropped: the newest packet of a full queue, or also the oldest of one that stands. */
  readonly discipline?: "drop-tail" | "codel";
  /** Longest packet, headers included, bytes. Longer ones are dropped. */
  readonly mtu?: number;
  /** Packets arrive only at multiples of this, as on Wi-Fi and in mobile networks. */
  readonly clump?: number;
  /** When nothing passes. */
  readonly blackouts?: readonly Blackout[];
  /** Whether nothing passes now. */
  readonly isDown?: boolean;
  /** Whether no datagram passes, while byte streams do: a firewall that blocks UDP. */
  readonly blocksDatagrams?: boolean;
}

/** All conditions, with what holds where nothing was said. */
export type CompleteConditions = Required<Omit<LinkConditions, "trace">> & {
  /** Lost or not; empty: no trace. */
  readonly trace: readonly boolean[];
};

/**
 * Fills in what was not said.
 *
 * @throws RangeError where a condition makes no sense.
 */
export function completeConditions(conditions: LinkConditions): CompleteConditions {
  const { trace, ...rest } = conditions;
  const complete: CompleteConditions = {
    delay: rest.delay ?? 0,
    jitter: rest.jitter ?? 0,
    keepsOrder: rest.keepsOrder ?? true,
    loss: rest.loss ?? 0,
    burst: rest.burst ?? 1,
    trace: typeof trace === "string" ? parseTrace(trace) : [...trace ?? []],
    lossAt: rest.lossAt ?? "behind",
    reorder: rest.reorder ?? 0,
    reorderDelay: rest.reorderDelay ?? USUAL_REORDER_DELAY,
    duplicate: rest.duplicate ?? 0,
    corrupt: rest.corrupt ?? 0,
    rate: rest.rate ?? Infinity,
    queue: rest.queue ?? USUAL_QUEUE,
    queueTime: rest.queueTime ?? Infinity,
    discipline: rest.discipline ?? "drop-tail",
    mtu: rest.mtu ?? Infinity,
    clump: rest.clump ?? 0,
    blackouts: [...rest.blackouts ?? []],
    isDown: rest.isDown ?? false,
    blocksDatagrams: rest.blocksDatagrams ?? false,
  };
  check(complete);
  return complete;
}

function check(conditions: CompleteConditions): void {
  for (const name of ["delay", "jitter", "reorderDelay", "clump"] as const) {
    const time = conditions[name];
    if (!(time >= 0 && time < Infinity)) {
      throw new RangeError(`${name} must be a finite time of at least 0 ms, got ${time}`);
    }
  }
  for (const name of ["loss", "reorder", "duplicate", "corrupt"] as const) {
    const chance = conditions[name];
    if (!(chance >= 0 && chance <= 1)) {
      throw new RangeError(`${name} must be 0 to 1, got ${chance}`);
    }
  }
  const { loss, burst, rate, queue, queueTime, mtu, lossAt, discipline, blackouts } = conditions;
  if (!(burst >= 1 && burst < Infinity)) {
    throw new RangeError(`burst must be a finite number of at least 1, got ${burst}`);
  }
  // With less than one packet between two rows the mean loss could not be reached.
  if (burst > 1 && loss < 1 && loss > burst / (burst + 1)) {
    throw new RangeError(
      `loss in bursts of ${burst} must be at most ${burst / (burst + 1)}, got ${loss}`,
    );
  }
  if (!(rate > 0)) throw new RangeError(`rate must be above 0 Mbit/s, got ${rate}`);
  if (!(queue === Infinity || (Number.isInteger(queue) && queue >= 1))) {
    throw new RangeError(`queue must be an integer of at least 1, got ${queue}`);
  }
  if (!(queueTime > 0)) throw new RangeError(`queueTime must be above 0 ms, got ${queueTime}`);
  if (!(mtu > 0)) throw new RangeError(`mtu must be above 0 bytes, got ${mtu}`);
  if (lossAt !== "ahead" && lossAt !== "behind") {
    throw new RangeError(`lossAt must be "ahead" or "behind", got ${String(lossAt)}`);
  }
  if (discipline !== "drop-tail" && discipline !== "codel") {
    throw new RangeError(`discipline must be "drop-tail" or "codel", got ${String(discipline)}`);
  }
  for (const { from, until, every = Infinity } of blackouts) {
    if (!(from >= 0 && until > from && every >= until - from)) {
      throw new RangeError(
        `a blackout must be in order and shorter than its period, got ${from} to ${until} every ${every}`,
      );
    }
  }
}

function parseTrace(text: string): boolean[] {
  return Array.from(text, (fate) => {
    if (fate === "x" || fate === "1") return true;
    if (fate === "." || fate === "0") return false;
    throw new RangeError(`trace must be made of x, 1, . and 0, got "${fate}"`);
  });
}
