/**
 * Chooses between UDP and TCP for a client that leaves the choice to us.
 *
 * UDP is better wherever it works: nothing waits behind a lost packet. But there are networks that
 * block it or hold it back, from the start or after a while. So the other carrier is tried:
 *
 *  - TCP, when the session falls silent over UDP: it is used as soon as the server answers there;
 *  - TCP, when UDP seems to be held back (`throttle_watch.ts`), and UDP, now and then while TCP is
 *    used. When the server answers there, and something flows, the session moves over for a moment,
 *    and stays when more arrives so (`rate_trial.ts`); when nothing flows, answers are enough.
 *
 * ```
 * settled --silence, suspicion, time--> opening --> asking --answers--> comparing --won--> settled
 *    ^                                     '----in vain----'                '---lost--> lingering
 *    '---------------------------------------'---------------------------------------------'
 * ```
 *
 * Both carriers are parts of one session, and nothing is lost: after a trial that was lost its link is
 * still read for a while.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { RttEstimator } from "../mux/rtt.ts";
import type { Random } from "../random.ts";
import type { SessionMachine } from "../session/machine.ts";
import type { Carrier } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import type { ClientPath, Shard } from "./client_path.ts";
import { RateMeter } from "./rate_meter.ts";
import { RateTrial } from "./rate_trial.ts";
import { LEAST_RATE, ThrottleWatch } from "./throttle_watch.ts";

// Tuning.

/** First wait before UDP is tried again, ms, and the longest; each failure doubles it. */
const FIRST_RETRY = 10_000;
const MOST_RETRY = 600_000;

/** Share by which a wait may differ: a metronome is a fingerprint. */
const JITTER = 0.25;

/** How long the other carrier is asked at the most, ms, and how many answers of UDP are enough. */
const ASKING_TIME = 3_000;
const GOOD_ANSWERS = 4;

/** UDP that has worked for so long, ms, is trusted again: the next failure is a new one. */
const STEADY = 60_000;

/** How often rates are looked at, ms, and how often during a trial. */
const LOOK_INTERVAL = 250;
const TRIAL_LOOK_INTERVAL = 100;

/** The rate now is of two looks, and of the time by which alarms are late, ms. */
const RATE_SPAN = 600;

/** What a rate is compared with is that of so long before, ms. */
const SPAN_BEFORE = 1_100;

/** After so many looks at nothing the next packet begins them anew. */
const IDLE_LOOKS = 4;

/** How long a link is read that lost its trial, ms: what was sent there meanwhile still comes. */
const LINGER = 2_000;

/** What a choice needs. */
export interface CarrierChoiceOptions {
  readonly host: Host;
  readonly random: Random;
  readonly path: ClientPath;
  /** The round trip as it is measured now. */
  readonly rtt: () => RttEstimator;
  /** The session as it is now. */
  readonly session: () => SessionMachine;
  /** Opens a shard of a carrier; what fails is tried again later. */
  readonly openShard: (carrier: Carrier) => Promise<Shard>;
  /** Asks the other end for a sign of life, by which the round trip is known. */
  readonly ask: () => void;
  /** There is something to send. */
  readonly onTrial: () => void;
  /** What was on its way may be lost. */
  readonly onMoved: () => void;
  /** Another carrier is used from now on, and has one shard. */
  readonly onSwitch: () => void;
}

/** Why a carrier is used, in words. */
export type CarrierReason =
  | "it answered first"
  | "UDP fell silent"
  | "TCP fell silent"
  | "TCP is faster than UDP here"
  | "UDP works again"
  | "it is on trial";

type State =
  | { readonly kind: "settled" }
  | { readonly kind: "opening"; readonly until: number }
  | { readonly kind: "asking"; readonly until: number; answers: number }
  | { readonly kind: "comparing"; readonly trial: RateTrial }
  | { readonly kind: "lingering"; readonly until: number };

/** The choice of one session. Times in ms. */
export class CarrierChoice {
  readonly #options: CarrierChoiceOptions;
  readonly #alarm: Alarm;
  readonly #meter = new RateMeter();
  readonly #watch = new ThrottleWatch();
  #state: State = SETTLED;
  #reason: CarrierReason = "it answered first";
  /** When UDP is tried again, and how long to wait then. */
  #retryAt = Infinity;
  #retry = FIRST_RETRY;
  /** Whether UDP has shown that it brings as much as TCP; at first it is believed. */
  #isUdpTrusted = true;
  /** Whether the last trial was begun because UDP seemed to be held back. */
  #isSuspicion = false;
  /** Whether the carrier in use is silent, so that any answer over the other one is better. */
  #isSilent = false;
  #changedAt: number;
  #lookAt: number;
  #idleLooks = 0;
  /** When the other end was asked, because the round trip was to be known. */
  #askedAt = -Infinity;
  #isOver = false;

  constructor(options: CarrierChoiceOptions) {
    this.#options = options;
    this.#changedAt = this.#lookAt = options.host.now();
    this.#alarm = new Alarm(options.host, () => this.#onAlarm());
    this.#plan();
    this.#arm();
  }

  /** Why the carrier in use is used. */
  get reason(): CarrierReason {
    return this.#state.kind === "comparing" ? "it is on trial" : this.#reason;
  }

  /** Nothing has been heard for a while over the carrier in use. */
  onSilent(): void {
    // The one before was heard until now.
    if (this.#state.kind === "comparing") return this.#leaveTrial();
    this.#isSilent = true;
    if (this.#state.kind === "lingering") this.#giveUp();
    if (this.#state.kind === "asking") this.#ask();
    void this.#try();
  }

  /** The carrier in use was heard. */
  onHeard(): void {
    this.#isSilent = false;
    if (this.#lookAt !== Infinity) return;
    this.#lookAt = this.#options.host.now() + LOOK_INTERVAL;
    this.#idleLooks = 0;
    this.#arm();
  }

  /** The server was heard over the shard on trial. */
  onTrialHeard(): void {
    const state = this.#state;
    if (state.kind !== "asking") return;
    state.answers++;
    if (this.#isSilent) this.use();
    else if (this.#rateBefore() >= LEAST_RATE) this.#compare();
    else if (state.answers >= GOOD_ANSWERS) this.use();
  }

  /** Uses what is on trial. */
  use(): void {
    const { path, host, onMoved, onSwitch } = this.#options;
    const isUdp = path.trial?.link.carrier === "udp";
    if (path.trial === undefined) return;
    const wasLeading = this.#state.kind === "comparing";
    if (this.#isSilent) this.#reason = isUdp ? "TCP fell silent" : "UDP fell silent";
    else this.#reason = isUdp ? "UDP works again" : "TCP is faster than UDP here";
    const now = host.now();
    // UDP that fails soon after it was found to work is not trusted as soon again.
    const wasSteady = this.#isUdpTrusted && now - this.#changedAt >= STEADY;
    if (isUdp) this.#isUdpTrusted = wasLeading;
    else if (wasSteady) this.#retry = FIRST_RETRY;
    if (isUdp) this.#watch.onUdpUsed(this.#rateBefore());
    path.useTrial();
    this.#isSilent = false;
    this.#changedAt = now;
    this.#state = SETTLED;
    this.#plan();
    this.#arm();
    if (!wasLeading) onMoved();
    onSwitch();
  }

  /** Chooses no more. */
  stop(): void {
    this.#isOver = true;
    this.#alarm.cancel();
  }

  get #isUdpUsed(): boolean {
    return this.#options.path.shards[0]?.link.carrier === "udp";
  }

  /** Opens a shard of the other carrier, and asks over it. */
  async #try(isSuspicion: boolean = false): Promise<void> {
    if (this.#state.kind !== "settled" || this.#isOver) return;
    this.#isSuspicion = isSuspicion;
    const { path, openShard, host } = this.#options;
    const until = host.now() + ASKING_TIME;
    const opening = this.#state = { kind: "opening", until } as const;
    this.#arm();
    try {
      const shard = await openShard(this.#isUdpUsed ? "tcp" : "udp");
      // Nobody may want it any more: the time is over, or the session.
      if (this.#isOver || this.#state !== opening) return shard.link.close();
      this.#state = { kind: "asking", until, answers: 0 };
      path.startTrial(shard);
      // A stream that opens is answer enough; and the server would move with the question.
      if (!this.#isUdpUsed || this.#isSilent) this.#ask();
      else this.#lookSoon();
    } catch {
      // This machine has no such thing, at least for now.
      if (this.#state === opening) this.#giveUp();
    }
  }

  /** Asks over the shard on trial. */
  #ask(): void {
    const { path, host, onTrial } = this.#options;
    path.askTrial(host.now());
    onTrial();
  }

  #lookSoon(): void {
    this.#lookAt = this.#options.host.now() + TRIAL_LOOK_INTERVAL;
    this.#arm();
  }

  /** What has arrived of late over the carrier in use. */
  #rateBefore(): number {
    return this.#meter.rateSince(this.#options.host.now() - SPAN_BEFORE) ?? 0;
  }

  /** The other carrier answers: which of the two brings more? */
  #compare(): void {
    const { path, host, rtt, onMoved, onTrial } = this.#options;
    const now = host.now();
    const rate = this.#rateBefore();
    const isUdpUsed = this.#isUdpUsed;
    const trial = new RateTrial(!isUdpUsed, rate, rtt().smoothed, now);
    this.#state = { kind: "comparing", trial };
    path.lead(true);
    this.#lookSoon();
    // A stream is still read to its end; what went over UDP may be lost.
    if (isUdpUsed) onMoved();
    onTrial();
  }

  #judge(trial: RateTrial, now: number): void {
    const verdict = trial.judge(this.#meter, now);
    if (verdict === "won") this.use();
    else if (verdict === "lost") this.#leaveTrial();
  }

  /** What led for a moment is no better. */
  #leaveTrial(): void {
    const { host, path, ask, onMoved } = this.#options;
    const now = host.now();
    const isUdpUsed = this.#isUdpUsed;
    if (this.#state.kind === "comparing" && isUdpUsed) {
      this.#watch.onTriedInVain(this.#state.trial.rateBefore, this.#jitter(), now);
    }
    path.lead(false);
    this.#state = { kind: "lingering", until: now + LINGER };
    this.#plan();
    this.#arm();
    if (!isUdpUsed) onMoved();
    // The server follows where it is spoken to.
    ask();
  }

  /** The other carrier is let go. */
  #giveUp(): void {
    if (this.#isSuspicion && this.#state.kind !== "lingering") {
      const now = this.#options.host.now();
      this.#watch.onTriedInVain(this.#rateBefore(), this.#jitter(), now);
    }
    this.#options.path.endTrial();
    this.#state = SETTLED;
    this.#plan();
    this.#arm();
  }

  /** Plans the next trial of UDP, while something else is used. */
  #plan(): void {
    if (this.#isUdpUsed) {
      this.#retryAt = Infinity;
    } else if (this.#retryAt === Infinity) {
      this.#retryAt = this.#options.host.now() + this.#retry * this.#jitter();
      this.#retry = Math.min(MOST_RETRY, 2 * this.#retry);
    }
  }

  #jitter(): number {
    return 1 + JITTER * (2 * this.#options.random.fraction() - 1);
  }

  #onAlarm(): void {
    const now = this.#options.host.now();
    if (now >= this.#lookAt) this.#look(now);
    const state = this.#state;
    if ("until" in state && now >= state.until && !(this.#isSilent && state.kind !== "lingering")) {
      this.#giveUp();
    }
    if (now >= this.#retryAt) {
      this.#retryAt = Infinity;
      if (this.#state.kind === "settled") void this.#try();
      else this.#plan();
    }
    this.#arm();
  }

  #look(now: number): void {
    const { session, ask } = this.#options;
    const machine = session();
    const rtt = this.#options.rtt();
    this.#meter.look(machine, now);
    const state = this.#state;
    const isTrial = state.kind === "comparing" || state.kind === "asking";
    this.#lookAt = now + (isTrial ? TRIAL_LOOK_INTERVAL : LOOK_INTERVAL);
    if (state.kind === "comparing") return this.#judge(state.trial, now);
    if (state.kind === "asking") return this.#awaitOpening();
    const rate = this.#meter.rateSince(now - RATE_SPAN) ?? 0;
    this.#idleLooks = rate < LEAST_RATE ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks >= IDLE_LOOKS) this.#lookAt = Infinity;
    if (!this.#isUdpUsed) return;
    const loss = Math.max(machine.receiveLoss, machine.counts.sendLoss ?? 0);
    const unanswered = rtt.measuredAt < this.#askedAt ? now - this.#askedAt : 0;
    const latest = Math.max(rtt.latest, unanswered);
    if (this.#watch.suspects({ now, rate, loss, rtt: latest, leastRtt: rtt.least })) {
      void this.#try(true);
    } else if (unanswered === 0 && now - rtt.measuredAt > this.#watch.patience(rate)) {
      this.#askedAt = now;
      ask();
    }
  }

  /** A stream on trial has opened: TCP is to be compared with UDP. */
  #awaitOpening(): void {
    const { trial } = this.#options.path;
    // Then any answer is enough, however long it takes.
    if (this.#isSilent) this.#lookAt = Infinity;
    if (this.#isSilent || trial?.link.isOpen !== true) return;
    if (this.#rateBefore() >= LEAST_RATE) this.#compare();
    else this.#giveUp();
  }

  #arm(): void {
    if (this.#isOver) return;
    const state = this.#state;
    const until = "until" in state && !this.#isSilent ? state.until : Infinity;
    this.#alarm.set(Math.min(this.#lookAt, until, this.#retryAt));
  }
}

const SETTLED: State = { kind: "settled" };
