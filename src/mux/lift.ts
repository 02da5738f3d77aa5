/**
 * Lift: a controller that fills a lossy path and keeps the queue short.
 *
 * It models the path as BBR does (Cardwell et al.; draft-ietf-ccwg-bbr): a rate, the largest that was
 * measured in the last ten rounds; and a round trip without a queue. It sends at that rate, with
 * somewhat more in flight than the product of both, and looks for more now and then. What it adds:
 *
 *  - The rate is that at which frames *pass* the bottleneck, those included that are lost behind it:
 *    the session's counters tell (`recovery.ts`). Only loss above the path's own is taken off.
 *  - The path's own loss is learnt (`loss_floor.ts`, `loss_judge.ts`), so that it starves nobody, and
 *    loss beyond it is congestion, so that a full link does.
 *  - Where others hold the queue it slows down for a loss as they do (`rival_watch.ts`).
 *
 * ```
 * start --queue seen, or no growth, or loss that grows with the rate--> drain --> cruise
 * cruise --1 or 2 round trips--> up --queue seen, or no growth--> down --> cruise
 * any but start --no short round trip for 5 s, or a foreign queue--> probe (1/4 window) --> cruise
 * ```
 *
 * @module
 */
import type { Random } from "../random.ts";
import { ACK_DELAY } from "./ack_policy.ts";
import type { AckSample, CongestionController } from "./congestion.ts";
import { type Effort, LossJudge, type Verdict } from "./loss_judge.ts";
import { PathRate } from "./path_rate.ts";
import { QueueGauge } from "./queue_gauge.ts";
import { ReaderRate } from "./reader_rate.ts";
import { RivalWatch } from "./rival_watch.ts";
import { StartWatch } from "./start_watch.ts";

// Tuning. From a simulation of lossy paths with one to eight flows, unless another reason is given.

/** Window at the start, packets. RFC 6928 has 10; ours are paced, so 16 do no harm. */
const INITIAL_WINDOW = 16;

/** Smallest window, packets: below it one loss cannot be told from reordering. */
const LEAST_WINDOW = 4;

/** Largest window, packets: what the ledger of frames can hold, less room for acknowledgements. */
const MOST_WINDOW = 32_768;

/** Rate and window while starting, against what was measured: twice as much each round. */
const START_GAIN = 2;

/** Growth of the rate in a round below which an upward phase is over. */
const UP_GROWTH = 1.1;

/** While the floor is unknown: what is left of it when the start ends without a queue. */
const START_FLOOR = 0.02;

/** A round trip up to this much above the least is flat (and the delay of acknowledgements, and noise). */
const FLAT_PART = 0.25;

/** Pace of the phases against the rate. BBR has the same for up and down. */
const UP_GAIN = 1.25;
const PACE_GAINS: Readonly<Record<PhaseKind, number>> = {
  start: START_GAIN,
  drain: 0.5,
  cruise: 1,
  up: UP_GAIN,
  down: 0.75,
  probe: 1,
};

/**
 * Window of an upward phase in which the rate grows; else it is that of the pace, so that the phase
 * presses too where windows hold the sending back, as when flows share a queue: the smaller one gains
 * by that. But not behind a queue longer than this much of the room, or eight flows kept 1.9 round
 * trips in a queue without end; nor where the path loses more, as what overflows then passes for it.
 */
const GROWTH_WINDOW_GAIN = 1.5;
const UP_QUEUE = 1.1;
const UP_LOSS = 0.02;

/** Longest drain, rounds, and longest downward phase, ticks. */
const MOST_DRAIN = 4;
const MOST_DOWN = 2;

/** A tick is a round trip, but no shorter than this, ms: timers and acknowledgements are that coarse. */
const LEAST_TICK = 10;

/** Upward phases in a row, with short cruises between, while the rate is still being looked for. */
const SEEK_AFTER_START = 3;
const SEEK_AFTER_GROWTH = 2;

/** What the inflight is bounded to when too much was in flight, and how that bound rises again. */
const CUT = 0.8;
const BOUND_STEP = 1 / 16;
const BOUND_VOID = 3;

/**
 * Window beyond the product of rate and round trip: ms, and in round trips; and the noise, so that
 * clumps do not stop the sending. The constant part gives flows with different round trips like
 * shares (20 and 80 ms: Jain above .9, without it .55). With 40 ms and 0.75, eight flows kept more than
 * a round trip of 50 ms in a queue without end.
 */
const ROOM = 32;
const ROOM_PART = 0.6;

/** Packets on top, so that acknowledgements in clumps do not stop the sending. */
const LEAST_EXTRA = 3;
const MOST_EXTRA = 16;
const EXTRA_TIME = 4;

/** The probe: window, and how long, ms, a smoothed round trip besides. */
const PROBE_PART = 0.25;
const PROBE_TIME = 200;

/** Old rates are dropped when no round trip was short and no rate near the old one for two rounds. */
const STALE_RTT = 1.5;
const STALE_RTT_MARGIN = 2;
const STALE_RATE = 0.9;

type PhaseKind = "start" | "drain" | "cruise" | "up" | "down" | "probe";

interface Phase {
  readonly kind: PhaseKind;
  readonly at: number;
  readonly round: number;
}

const EFFORTS: Readonly<Record<PhaseKind, Effort>> = {
  start: "starting",
  drain: "steady",
  cruise: "steady",
  up: "pressing",
  down: "slack",
  probe: "steady",
};

/** The controller. */
export class Lift implements CongestionController {
  readonly name = "lift";
  readonly #random: Random;
  readonly #gauge = new QueueGauge();
  readonly #judge = new LossJudge(this.#gauge);
  readonly #rates = new PathRate();
  readonly #rival = new RivalWatch();
  readonly #start = new StartWatch();
  readonly #reader = new ReaderRate();
  #window = INITIAL_WINDOW;
  #pacingRate: number;
  #phase: Phase = { kind: "start", at: 0, round: 0 };

  /** The rate that an upward phase has to beat. */
  #growthBase = 0;
  #highest = -1;

  #cruiseTicks = 0;
  /** Upward phases still to come with short cruises. */
  #seeks = 0;
  /** Rounds of this upward phase in which the rate has grown. */
  #grownRounds = 0;
  /** The most that may be in flight, and by how much that rises next. */
  #bound = Infinity;
  #boundStep = 0;
  #probeEndsAt = 0;

  /**
   * @param rtt A first guess of the round trip, ms.
   * @param random Draws the lengths of cruises, so that flows do not probe in step.
   */
  constructor(rtt: number, random: Random) {
    this.#random = random;
    this.#pacingRate = START_GAIN * INITIAL_WINDOW / Math.max(1, rtt);
  }

  get window(): number {
    return this.#window;
  }

  get pacingRate(): number {
    return this.#pacingRate;
  }

  onAck(sample: AckSample): void {
    const newFrames = Math.max(0, sample.highest - this.#highest);
    this.#highest = sample.highest;
    this.#watchRtt(sample, newFrames);
    this.#rates.measure(sample, this.#judge.floor.rate, this.#phase.kind === "start");
    if (this.#judge.judgeSlack(sample)) this.#cut(sample);
    const verdict = sample.roundStart ? this.#judgeRound(sample) : "fine";
    const floor = this.#judge.floor.rate;
    this.#rival.onAck(sample, this.#gauge.isCrowded, floor, verdict !== "fine");
    if (this.#rates.largest === 0) return;
    if (this.#phase.kind === "start") this.#watchStart(sample, verdict);
    else if (sample.roundStart) this.#react(sample, verdict);
    const isRefused = this.#reader.onAck(sample, this.#rates.largest);
    if (isRefused && this.#phase.kind === "start") this.#enter("drain", sample);
    if (sample.roundStart) this.#gauge.onRound(this.#room, sample.now);
    this.#move(sample);
    this.#steer(sample.rtt, newFrames);
  }

  onTimeout(): void {
    this.#window = LEAST_WINDOW;
  }

  onSpuriousLoss(): void {
    // Loss is counted over rounds, and late frames lower it by themselves.
  }

  /** What path and reader take, packets a ms. */
  get #rate(): number {
    return Math.min(this.#rates.largest, this.#reader.rate);
  }

  /** Frames that fill the path without a queue. */
  get #product(): number {
    return this.#rate * this.#gauge.least;
  }

  get #flatLimit(): number {
    return this.#gauge.least * (1 + FLAT_PART) + ACK_DELAY + this.#gauge.noise;
  }

  /** How much longer round trips become by what is in flight beyond the product. */
  get #room(): number {
    return Math.max(ROOM, ROOM_PART * this.#gauge.least) + this.#gauge.noise;
  }

  get #extra(): number {
    return Math.min(MOST_EXTRA, LEAST_EXTRA + EXTRA_TIME * this.#rate);
  }

  #watchRtt(sample: AckSample, newFrames: number): void {
    const { kind } = this.#phase;
    const packetTime = this.#rates.largest > 0 ? 1 / this.#rates.largest : 0;
    this.#gauge.onRtt(sample.rtt, packetTime, sample.now);
    if (kind !== "probe" && kind !== "start" && this.#gauge.isStale(sample.now)) {
      this.#enter("probe", sample);
      this.#probeEndsAt = sample.now + PROBE_TIME + sample.smoothedRtt;
      this.#gauge.startProbe(sample.rtt);
    }
    this.#start.onRtt(sample.rtt, this.#gauge.least, this.#gauge.noise, newFrames);
  }

  #judgeRound(sample: AckSample): Verdict {
    const isFlat = this.#gauge.mostOfRound < this.#flatLimit;
    return this.#judge.judgeRound(sample, isFlat, this.#start.hasGrown(this.#rates.largest));
  }

  #watchStart(sample: AckSample, verdict: Verdict): void {
    const { floor, framesOfRound } = this.#judge;
    const rate = this.#rates.largest;
    const end = this.#start.judge(sample, rate, framesOfRound, verdict === "suspect");
    if (end === undefined) return;
    if (end === "queue") {
      // The round trip rose from flat: what was lost before was the path's.
      this.#rates.onFloorProven(floor.rate, sample.round);
      this.#seeks = 0;
    } else {
      floor.lower(START_FLOOR);
      this.#seeks = SEEK_AFTER_START;
    }
    this.#enter("drain", sample);
  }

  #react(sample: AckSample, verdict: Verdict): void {
    const { kind } = this.#phase;
    if (verdict !== "fine") this.#gauge.onOverflow(sample.now);
    const isQueueShort = this.#gauge.leastOfRound < this.#flatLimit;
    switch (verdict) {
      case "overflow":
        // A short queue did not hold what was sent too much: that bounds the inflight, not the rate.
        if (isQueueShort) this.#boundInFlight(sample, this.#extra);
        else this.#cut(sample);
        if (kind === "up") this.#enter("down", sample);
        return;
      case "alarming":
        this.#cut(sample);
        if (kind !== "down") this.#enter("down", sample);
        return;
      case "suspect":
        if (kind !== "down") this.#enter("down", sample);
        return;
      case "congested":
        this.#cut(sample);
        return;
      case "fine": {
        const isSlow = this.#gauge.leastOfRound > this.#gauge.least * STALE_RTT + STALE_RTT_MARGIN;
        const recent = this.#rates.largestSince(sample.round - 2);
        if (isSlow && kind !== "up" && recent < STALE_RATE * this.#rates.largest) {
          this.#rates.forgetBefore(sample.round - 2);
        }
      }
    }
  }

  /** Loss above the floor: forgets old rates, and bounds the inflight. */
  #cut(sample: AckSample): void {
    this.#rates.forgetBefore(sample.round - 1);
    this.#boundInFlight(sample, LEAST_WINDOW);
  }

  #boundInFlight(sample: AckSample, extra: number): void {
    const product = this.#product;
    this.#bound = Math.max(product + extra, CUT * Math.min(this.#bound, sample.priorInFlight));
    this.#boundStep = Math.max(1, product * BOUND_STEP);
  }

  #move(sample: AckSample): void {
    const { kind, at, round } = this.#phase;
    const tick = Math.max(this.#gauge.least, LEAST_TICK);
    const age = sample.now - at;
    switch (kind) {
      case "start":
        return;
      case "drain":
        if (sample.inFlight > this.#product && sample.round - round <= MOST_DRAIN) return;
        this.#cruiseTicks = 2;
        return this.#enter("cruise", sample);
      case "down":
        if (this.#judge.isTesting) {
          if (age <= tick) return;
        } else if (sample.inFlight > this.#product && age <= MOST_DOWN * tick) return;
        this.#cruiseTicks = this.#seeks > 0 ? 1 : this.#random.between(1, 2);
        return this.#enter("cruise", sample);
      case "cruise":
        if (age <= this.#cruiseTicks * tick) return;
        return this.#startUp(sample);
      case "up":
        return this.#moveUp(sample, age > tick);
      case "probe":
        if (sample.now <= this.#probeEndsAt) return;
        this.#gauge.endProbe(sample.now);
        return this.#enter("cruise", sample);
    }
  }

  #startUp(sample: AckSample): void {
    this.#enter("up", sample);
    this.#growthBase = this.#rates.largest;
    this.#grownRounds = 0;
    if (this.#seeks > 0) this.#seeks--;
    if (this.#bound === Infinity) return;
    this.#bound += this.#boundStep;
    this.#boundStep *= 2;
    if (this.#bound > BOUND_VOID * this.#product) this.#bound = Infinity;
  }

  #moveUp(sample: AckSample, isOld: boolean): void {
    const gauge = this.#gauge;
    if (sample.roundStart && sample.round - this.#phase.round >= 2) {
      const rate = this.#rates.largest;
      if (rate <= this.#growthBase * UP_GROWTH || gauge.leastOfLastRound >= this.#flatLimit) {
        return this.#enter("down", sample);
      }
      this.#growthBase = rate;
      this.#grownRounds++;
      this.#phase = { ...this.#phase, round: sample.round - 1 };
      this.#seeks = SEEK_AFTER_GROWTH;
      return;
    }
    const isFull = sample.priorInFlight >= Math.min(UP_GAIN * this.#product, this.#bound);
    const hasQueue = gauge.leastOfRound > gauge.least * 1.1 + 1 + gauge.noise / 2;
    if (isOld && isFull && hasQueue) this.#enter("down", sample);
  }

  #enter(kind: PhaseKind, sample: AckSample): void {
    this.#judge.onEffort(EFFORTS[kind], sample.newestSent);
    this.#phase = { kind, at: sample.now, round: sample.round };
  }

  /** Sets pace and window. */
  #steer(rtt: number, newFrames: number): void {
    const { kind } = this.#phase;
    const rate = this.#rate;
    const pace = this.#paceGain * rate;
    if (kind !== "start" || pace > this.#pacingRate) this.#pacingRate = pace;
    if (kind === "start") {
      const target = START_GAIN * this.#product + this.#extra;
      this.#window = Math.min(MOST_WINDOW, Math.max(this.#window, target));
      return;
    }
    let target = PROBE_PART * this.#product;
    if (kind !== "probe") {
      target = rate * (this.#gauge.least + this.#room) * this.#windowGain(rtt) + this.#extra;
      target = Math.min(target, this.#bound, this.#rival.window);
    }
    target = Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, target));
    this.#window = Math.min(target, this.#window + newFrames);
  }

  #windowGain(rtt: number): number {
    if (this.#phase.kind !== "up") return 1;
    if (this.#grownRounds > 0) return GROWTH_WINDOW_GAIN;
    const isShort = rtt <= this.#gauge.least + UP_QUEUE * this.#room;
    return isShort && this.#judge.floor.rate <= UP_LOSS ? UP_GAIN : 1;
  }

  get #paceGain(): number {
    const { kind } = this.#phase;
    return kind === "up" && this.#grownRounds > 0 ? START_GAIN : PACE_GAINS[kind];
  }
}
