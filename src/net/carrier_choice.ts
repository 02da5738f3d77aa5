/**
 * Chooses between UDP and TCP for a client that leaves the choice to us.
 *
 * UDP is better wherever it works: nothing waits behind a lost packet. But there are networks that
 * block it, from the start or after a while. So when the session falls silent over one carrier the
 * other one is tried, and used as soon as the server answers there; both are parts of one session, and
 * nothing is lost. While TCP is used, UDP is tried again now and then, and used again when it has
 * answered several questions in a row.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import type { Carrier } from "../transport/link.ts";
import { Alarm } from "./alarm.ts";
import type { ClientPath, Shard } from "./client_path.ts";

// Tuning.

/** First wait before UDP is tried again, ms, and the longest; each failure doubles it. */
const FIRST_RETRY = 10_000;
const MOST_RETRY = 600_000;

/** Share by which a wait may differ: a metronome is a fingerprint. */
const JITTER = 0.25;

/** How long a trial of UDP lasts at the most, ms, and how many answers make it good. */
const TRIAL_TIME = 3_000;
const GOOD_ANSWERS = 4;

/** UDP that has worked for so long, ms, is trusted again: the next failure is a new one. */
const STEADY = 60_000;

/** What a choice needs. */
export interface CarrierChoiceOptions {
  readonly host: Host;
  readonly random: Random;
  readonly path: ClientPath;
  /** Opens a shard of a carrier; what fails is tried again later. */
  readonly openShard: (carrier: Carrier) => Promise<Shard>;
  /** A trial has begun: there is something to send. */
  readonly onTrial: () => void;
  /** Another carrier is used: what was on its way over the one before is lost. */
  readonly onSwitch: () => void;
}

/** Why a carrier is used, in words. */
export type CarrierReason =
  | "it answered first"
  | "UDP fell silent"
  | "TCP fell silent"
  | "UDP works again";

/** The choice of one session. Times in ms. */
export class CarrierChoice {
  readonly #options: CarrierChoiceOptions;
  readonly #alarm: Alarm;
  #reason: CarrierReason = "it answered first";
  #retry = FIRST_RETRY;
  #answers = 0;
  /** Whether the carrier in use is silent, so that any answer over the other one is better. */
  #isSilent = false;
  #trialEndsAt = Infinity;
  #changedAt: number;
  #isOpening = false;
  #isOver = false;

  constructor(options: CarrierChoiceOptions) {
    this.#options = options;
    this.#changedAt = options.host.now();
    this.#alarm = new Alarm(options.host, () => this.#onAlarm());
    this.#plan();
  }

  /** Why the carrier in use is used. */
  get reason(): CarrierReason {
    return this.#reason;
  }

  /** Nothing has been heard for a while over the carrier in use. */
  onSilent(): void {
    this.#isSilent = true;
    this.#try();
  }

  /** The carrier in use was heard. */
  onHeard(): void {
    if (!this.#isSilent) return;
    this.#isSilent = false;
    // A trial that was to end meanwhile went on for the silence alone.
    const { host } = this.#options;
    if (this.#trialEndsAt === Infinity || host.now() >= this.#trialEndsAt) this.#giveUpTrial();
  }

  /** The server was heard over the shard on trial. */
  onTrialHeard(): void {
    this.#answers++;
    if (!this.#isSilent && this.#answers < GOOD_ANSWERS) return;
    this.use();
  }

  /** Uses what is on trial. */
  use(): void {
    const { path, host, onSwitch } = this.#options;
    const isUdp = path.trial?.link.carrier === "udp";
    if (path.trial === undefined) return;
    if (!this.#isSilent) this.#reason = "UDP works again";
    else this.#reason = isUdp ? "TCP fell silent" : "UDP fell silent";
    // UDP that fails soon after it was found to work is not trusted as soon again.
    const wasSteady = host.now() - this.#changedAt >= STEADY;
    if (!isUdp && wasSteady) this.#retry = FIRST_RETRY;
    path.useTrial();
    this.#isSilent = false;
    this.#changedAt = host.now();
    this.#trialEndsAt = Infinity;
    this.#plan();
    onSwitch();
  }

  /** Chooses no more. */
  stop(): void {
    this.#isOver = true;
    this.#alarm.cancel();
  }

  get #other(): Carrier {
    return this.#options.path.carrier === "udp" ? "tcp" : "udp";
  }

  async #try(): Promise<void> {
    const { path, openShard, host, onTrial } = this.#options;
    if (path.trial !== undefined || this.#isOpening) return;
    this.#isOpening = true;
    this.#answers = 0;
    try {
      const shard = await openShard(this.#other);
      // What was silent may have spoken while this was opened.
      const isWanted = this.#isSilent || this.#trialEndsAt !== Infinity;
      if (this.#isOver || !isWanted) return shard.link.close();
      path.startTrial(shard, host.now());
      onTrial();
    } catch {
      // This machine has no such thing, at least for now.
      this.#giveUpTrial();
    } finally {
      this.#isOpening = false;
    }
  }

  #giveUpTrial(): void {
    this.#options.path.endTrial();
    this.#trialEndsAt = Infinity;
    this.#plan();
  }

  /** Plans the next trial of UDP, while something else is used. */
  #plan(): void {
    this.#alarm.cancel();
    if (this.#options.path.carrier === "udp" || this.#isOver) return;
    const wait = this.#retry * (1 + JITTER * (2 * this.#options.random.fraction() - 1));
    this.#retry = Math.min(MOST_RETRY, 2 * this.#retry);
    this.#alarm.set(this.#options.host.now() + wait);
  }

  #onAlarm(): void {
    const now = this.#options.host.now();
    if (now >= this.#trialEndsAt) return this.#isSilent ? undefined : this.#giveUpTrial();
    this.#trialEndsAt = now + TRIAL_TIME;
    this.#alarm.set(this.#trialEndsAt);
    void this.#try();
  }
}
