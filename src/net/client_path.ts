/**
 * A client's way to its server: the links of one carrier, one for each shard.
 *
 * Packets go round over the shards. Each shows the server where it is by a resume before its first
 * packet, and again when its path is in doubt (`handshake/resumer.ts`). Who only listens asks nothing,
 * and could wait for ever for what is sent to where it no longer is: so when a flow of packets stops
 * the server is asked once whether it still hears us, the sooner the denser the flow was.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Resumer } from "../handshake/resumer.ts";
import type { RttEstimator } from "../mux/rtt.ts";
import { MOST_PACKET_RECEIVED, type PacketOutcome } from "../session/machine.ts";
import type { Carrier, Link } from "../transport/link.ts";
import type { SessionPath } from "./session_path.ts";

// Tuning.

/** A flow is dense when so many packets came with gaps below this part of a round trip. */
const DENSE_COUNT = 16;
const DENSE_GAP = 1 / 4;

/** Any flow of so many packets has stopped when nothing comes for so long, ms. */
const FLOW_COUNT = 8;
const FLOW_STOP = 1_000;

/** A dense flow has stopped when nothing comes for so long: part of a round trip, and ms. */
const STOP_PART = 3 / 4;
const STOP_TIME = 5;

/** How often a carrier on trial is asked, ms. */
const TRIAL_INTERVAL = 250;

/** How long the answer to a question may stay away, ms, before the server is looked for. */
const MOST_SILENCE = 1_000;

/** A link that its maker closes. */
export interface OwnLink extends Link {
  /** Closes what it is made of; doing so twice is harmless. */
  close(): void;
  /** A stream's: opens another connection, because the one there is may be dead. */
  renew?(): void;
}

/** One of a client's ways to its server. */
export interface Shard {
  /** Names it to the server, 0 to 255. */
  readonly id: number;
  readonly link: OwnLink;
  resumer: Resumer;
  /** Packets that came over it since the shards were compared last. */
  received: number;
}

/** What a path needs to know. */
export interface ClientPathOptions {
  readonly rtt: RttEstimator;
  /** The wall clock of the server, as far as it is known. */
  readonly epochSeconds: () => number;
  /** Why the carrier in use is used, where the choice is ours. */
  readonly reason: () => string | undefined;
  /** Told once when a question has not been answered for long. */
  readonly onSilent: () => void;
  /** Told when the server has been heard over the shard on trial. */
  readonly onTrialHeard: () => void;
  /** Told when the session has ended, or gone another way. */
  readonly onClose: () => void;
}

/** Where resumes are put together: each is used up before anything else happens. */
const resumeMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** A {@linkcode SessionPath} of a client. Times in ms. */
export class ClientPath implements SessionPath {
  readonly #options: ClientPathOptions;
  #shards: Shard[];
  /** Of another carrier: it is asked now and then, and carries nothing else. */
  #trial: Shard | undefined;
  /** When it is asked next, and whether the next question is for it. */
  #trialAskAt = Infinity;
  #isTrialDue = false;
  #next = 0;
  /** What the next packet goes over. */
  #prepared: Shard | undefined;
  #heardAt = -Infinity;
  /** Packets of a dense flow, and of any. */
  #dense = 0;
  #flow = 0;
  #hasStopped = false;
  /** When the first question has left since anything was heard. */
  #askedAt = Infinity;
  #isSilent = false;

  constructor(options: ClientPathOptions, shard: Shard) {
    this.#options = options;
    this.#shards = [shard];
  }

  /** What is used; at least one. */
  get shards(): readonly Shard[] {
    return this.#shards;
  }

  /** What is on trial. */
  get trial(): Shard | undefined {
    return this.#trial;
  }

  /** Whether a question is on its way. */
  get isAsking(): boolean {
    return this.#askedAt !== Infinity;
  }

  /** Uses one more. */
  add(shard: Shard): void {
    this.#shards.push(shard);
  }

  /** Uses this one instead of that. */
  replaceShard(old: Shard, shard: Shard): void {
    this.#shards[this.#shards.indexOf(old)] = shard;
    old.link.close();
  }

  /** Asks the server over a shard of another carrier, now and every {@linkcode TRIAL_INTERVAL}. */
  startTrial(shard: Shard, now: number): void {
    this.endTrial();
    this.#trial = shard;
    this.#trialAskAt = now;
  }

  /** Gives the trial up. */
  endTrial(): void {
    this.#trial?.link.close();
    this.#trial = undefined;
    this.#trialAskAt = Infinity;
    this.#isTrialDue = false;
  }

  /** Uses the shard on trial, and nothing else any more. */
  useTrial(): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    this.#trial = undefined;
    this.endTrial();
    for (const { link } of this.#shards) link.close();
    this.#shards = [trial];
    this.#askedAt = Infinity;
    this.#isSilent = false;
  }

  get address(): Address {
    return this.#shards[0]!.link.address;
  }

  get carrier(): Carrier {
    return this.#shards[0]!.link.carrier;
  }

  get reason(): string | undefined {
    return this.#options.reason();
  }

  get isFull(): boolean {
    return this.#shards.every(({ link }) => link.isFull);
  }

  prepare(isQuestion: boolean, now: number): void {
    const isForTrial = isQuestion && this.#isTrialDue;
    if (isForTrial) this.#isTrialDue = false;
    else if (isQuestion && this.#askedAt === Infinity) this.#askedAt = now;
    const shard = (isForTrial ? this.#trial : undefined) ?? this.#choose();
    const { rtt } = this.#options;
    // After a flow has stopped no queue is left that could delay the answer.
    const expected = this.#hasStopped ? { smoothed: rtt.least, variance: 0 } : rtt;
    shard.resumer.onSent(expected, isQuestion, now);
    this.#resume(shard, now);
    this.#prepared = shard;
  }

  send(packet: Uint8Array): boolean {
    const { link } = this.#prepared ?? this.#choose();
    this.#prepared = undefined;
    return link.send(packet);
  }

  /** A packet has come over a link. */
  onHeard(link: Link, outcome: PacketOutcome, now: number): void {
    // Whatever else comes may be a replay, and proves nothing.
    if (outcome !== "newest" && outcome !== "late") return;
    const trial = this.#trial;
    if (trial?.link === link) {
      trial.resumer.onHeard(now);
      return this.#options.onTrialHeard();
    }
    const isDense = now - this.#heardAt < DENSE_GAP * this.#options.rtt.smoothed;
    this.#dense = isDense ? this.#dense + 1 : 0;
    this.#flow++;
    this.#heardAt = now;
    this.#hasStopped = this.#isSilent = false;
    this.#askedAt = Infinity;
    for (const shard of this.#shards) {
      // One answers for all: what is asked over one may be answered over another.
      shard.resumer.onHeard(now);
      if (shard.link === link) shard.received++;
    }
  }

  /** The session was replaced by another one, which has to show itself anew. */
  onReplaced(createResumer: (shardId: number) => Resumer): void {
    this.#askedAt = Infinity;
    this.#isSilent = false;
    for (const shard of this.#shards) shard.resumer = createResumer(shard.id);
    if (this.#trial !== undefined) this.#trial.resumer = createResumer(this.#trial.id);
  }

  refresh(): void {
    for (const { resumer } of this.#shards) resumer.refresh();
  }

  get deadline(): number {
    let deadline = Math.min(
      this.#stopsAt,
      this.#isSilent ? Infinity : this.#askedAt + MOST_SILENCE,
    );
    for (const { resumer } of this.#shards) deadline = Math.min(deadline, resumer.deadline);
    return Math.min(deadline, this.#trialAskAt);
  }

  handleTimeout(now: number): boolean {
    if (now >= this.#askedAt + MOST_SILENCE && !this.#isSilent) {
      this.#isSilent = true;
      this.#options.onSilent();
    }
    let isInDoubt = now >= this.#stopsAt;
    if (isInDoubt) {
      this.#dense = this.#flow = 0;
      this.#hasStopped = true;
    }
    for (const shard of this.#shards) if (this.#resume(shard, now)) isInDoubt = true;
    if (now >= this.#trialAskAt) {
      this.#trialAskAt = now + TRIAL_INTERVAL;
      this.#isTrialDue = true;
      return true;
    }
    return isInDoubt;
  }

  close(): void {
    this.endTrial();
    for (const { link } of this.#shards) link.close();
    this.#options.onClose();
  }

  /** The next in turn that has room, if one has. */
  #choose(): Shard {
    const shards = this.#shards;
    for (let i = 0; i < shards.length; i++) {
      const shard = shards[this.#next++ % shards.length]!;
      if (!shard.link.isFull) return shard;
    }
    return shards[this.#next++ % shards.length]!;
  }

  get #stopsAt(): number {
    const { smoothed } = this.#options.rtt;
    if (this.#dense >= DENSE_COUNT) return this.#heardAt + STOP_PART * smoothed + STOP_TIME;
    return this.#flow >= FLOW_COUNT ? this.#heardAt + FLOW_STOP : Infinity;
  }

  #resume({ resumer, link }: Shard, now: number): boolean {
    const length = resumer.pollTransmit(resumeMemory, now, this.#options.epochSeconds());
    return length > 0 && link.send(resumeMemory.subarray(0, length));
  }
}
