/**
 * A client's way to its server: the links of one carrier, one for each shard.
 *
 * Packets go round over the shards. Each shows the server where it is by a resume before its first
 * packet, and again when its path is in doubt (`handshake/resumer.ts`). Who only listens asks nothing,
 * and could wait for ever for what is sent to where it no longer is: so when a flow of packets stops
 * the server is asked once whether it still hears us, the sooner the denser the flow was. And when the
 * machine has slept (`clock_look.ts`) all of them show themselves at once; streams open anew.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { SosistabError } from "../errors.ts";
import type { Resumer } from "../handshake/resumer.ts";
import type { Host } from "../host.ts";
import type { RttEstimator } from "../mux/rtt.ts";
import { MOST_PACKET_RECEIVED, type PacketOutcome } from "../session/machine.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import { PacketRun } from "../transport/packet_run.ts";
import { ClockLook } from "./clock_look.ts";
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
const STOP_TIME = 4;

/** How often a carrier on trial is asked, ms. */
const TRIAL_INTERVAL = 250;

/** How long the answer to a question may stay away before the server is looked for: ms and round trips. */
const MOST_SILENCE = 1_000;
const MOST_SILENCE_RTTS = 2;

/** A link that its maker closes. */
export interface OwnLink extends Link {
  /** Closes what it is made of; doing so twice is harmless. */
  close(): void;
  /** A stream's: whether the server has answered there. */
  readonly isOpen?: boolean;
  /** A stream's: why the last opening failed, or the last connection was cut. */
  readonly lastError?: SosistabError | undefined;
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
  /** Whose clocks are looked at. */
  readonly host: Host;
  /** The round trip as it is measured now: whoever drives the session may be another one than before. */
  readonly rtt: () => RttEstimator;
  /** Why the carrier in use is used, where the choice is ours. */
  readonly reason: () => string | undefined;
  /** Whether the server is looked for. */
  readonly isSearching: () => boolean;
  /** Whether the server is of our own kind. */
  readonly isOwnKind: () => boolean;
  /** Told when there is something to do earlier than {@linkcode ClientPath.deadline} has said. */
  readonly onDue: () => void;
  /** Told once when a question has not been answered for long. */
  readonly onSilent: () => void;
  /** Told when the server has been heard over the shard on trial. */
  readonly onTrialHeard: () => void;
  /** Told when the session has ended, or gone another way. */
  readonly onRetired: () => void;
}

/** Where resumes are put together: each is used up before anything else happens. */
const resumeMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** A {@linkcode SessionPath} of a client. Times in ms. */
export class ClientPath implements SessionPath {
  readonly #options: ClientPathOptions;
  readonly #clocks: ClockLook;
  /** Whether the server is still to be asked because the machine has slept. */
  #hasWoken = false;
  #shards: Shard[];
  /** Of another carrier: it is asked now and then, and carries nothing else unless it leads. */
  #trial: Shard | undefined;
  #isTrialLeading = false;
  /** When it is asked next, and whether the next question is for it. */
  #trialAskAt = Infinity;
  #isTrialDue = false;
  readonly #run = new PacketRun<Shard>();
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
    this.#clocks = new ClockLook(options.host, () => this.#onWoken());
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

  /** Takes a shard of another carrier on trial. */
  startTrial(shard: Shard): void {
    this.endTrial();
    this.#trial = shard;
  }

  /** Asks the server over it, now and every {@linkcode TRIAL_INTERVAL}. */
  askTrial(now: number): void {
    if (this.#trial !== undefined) this.#trialAskAt = now;
  }

  /** Gives the trial up. */
  endTrial(): void {
    this.lead(false);
    this.#trial?.link.close();
    this.#trial = undefined;
  }

  /**
   * Lets everything go over the shard on trial, or over the others again; it is asked no more. What
   * still comes over the links that are not used is taken.
   */
  lead(isTrial: boolean): void {
    this.#trialAskAt = Infinity;
    this.#isTrialDue = false;
    if (isTrial === this.#isTrialLeading) return;
    this.#isTrialLeading = isTrial;
    this.#askedAt = Infinity;
    this.#isSilent = false;
  }

  /** Whether packets go over a link now. */
  uses(link: Link): boolean {
    return this.#used.some((shard) => shard.link === link);
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
    return this.#used[0]!.link.address;
  }

  get carrier(): Carrier {
    return this.#used[0]!.link.carrier;
  }

  get reason(): string | undefined {
    return this.#options.reason();
  }

  get isFull(): boolean {
    return !this.#used.some((shard) => this.#hasRoom(shard));
  }

  get wokeAt(): number {
    return this.#clocks.wokeAt;
  }

  get isSought(): boolean {
    // A stream is asked by hellos seldom.
    return !isReliable(this.carrier) && this.#options.isSearching();
  }

  prepare(isQuestion: boolean, now: number): void {
    this.#clocks.look(now);
    this.#clocks.onActive(now);
    const isForTrial = isQuestion && this.#isTrialDue;
    if (isForTrial) this.#isTrialDue = false;
    else if (isQuestion && this.#askedAt === Infinity) this.#askedAt = now;
    const shard = (isForTrial ? this.#trial : undefined) ?? this.#choose();
    const rtt = this.#options.rtt();
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
    this.#clocks.onActive(now);
    const trial = this.#trial;
    if (trial?.link === link) {
      trial.resumer.onHeard(now);
      this.#options.onTrialHeard();
    }
    if (!this.uses(link)) return;
    const isDense = now - this.#heardAt < DENSE_GAP * this.#options.rtt().smoothed;
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
      this.#isSilent ? Infinity : this.#silentAt,
    );
    for (const { resumer } of this.#shards) deadline = Math.min(deadline, resumer.deadline);
    if (this.#hasWoken) deadline = this.wokeAt;
    return Math.min(deadline, this.#trialAskAt);
  }

  handleTimeout(now: number): boolean {
    this.#clocks.look(now);
    if (now >= this.#silentAt && !this.#isSilent) {
      this.#isSilent = true;
      this.#options.onSilent();
    }
    const hasStopped = now >= this.#stopsAt;
    let isInDoubt = this.#hasWoken || hasStopped;
    this.#hasWoken = false;
    if (hasStopped) {
      this.#dense = this.#flow = 0;
      this.#hasStopped = true;
    }
    for (const shard of this.#shards) if (this.#resume(shard, now)) isInDoubt = true;
    // One question at a time: that for the trial waits.
    if (isInDoubt || now < this.#trialAskAt) return isInDoubt;
    this.#trialAskAt = now + TRIAL_INTERVAL;
    this.#isTrialDue = true;
    return true;
  }

  retire(): void {
    this.#clocks.stop();
    this.#options.onRetired();
  }

  close(): void {
    this.retire();
    this.endTrial();
    for (const { link } of this.#shards) link.close();
  }

  get #used(): readonly Shard[] {
    const trial = this.#isTrialLeading ? this.#trial : undefined;
    return trial === undefined ? this.#shards : [trial];
  }

  /** The next in turn that has room, if one has. */
  #choose(): Shard {
    const shards = this.#used;
    const again = this.#run.next((shard) => shards.includes(shard) && this.#hasRoom(shard));
    if (again !== undefined) return again;
    let open: Shard | undefined;
    for (let i = 0; i < shards.length; i++) {
      const shard = shards[this.#next++ % shards.length]!;
      if (this.#hasRoom(shard)) {
        // Wire compatibility: the original answers over the stream that spoke last, so its packets
        // would go in runs too, overtake one another, and be taken for lost.
        return this.#options.isOwnKind() ? this.#run.start(shard) : shard;
      }
      if (shard.link.isOpen !== false) open = shard;
    }
    // The next time it is another one.
    this.#next++;
    return open ?? shards[0]!;
  }

  /** Whether a packet may go there. What a stream takes that never opens would never arrive. */
  #hasRoom({ link }: Shard): boolean {
    if (link.isFull) return false;
    return link.isOpen !== false || this.#used.every(({ link }) => link.isOpen === false);
  }

  /** Whoever has slept may be in another network now. */
  #onWoken(): void {
    this.#hasWoken = true;
    // What was asked before can have been answered while nobody listened.
    this.#askedAt = Infinity;
    this.#isSilent = false;
    this.refresh();
    for (const { link } of this.#shards) link.renew?.();
    this.#options.onDue();
  }

  /** When the answer to the first question is missed. */
  get #silentAt(): number {
    const { smoothed } = this.#options.rtt();
    return this.#askedAt + Math.max(MOST_SILENCE, MOST_SILENCE_RTTS * smoothed);
  }

  get #stopsAt(): number {
    const { smoothed } = this.#options.rtt();
    if (this.#dense >= DENSE_COUNT) return this.#heardAt + STOP_PART * smoothed + STOP_TIME;
    return this.#flow >= FLOW_COUNT ? this.#heardAt + FLOW_STOP : Infinity;
  }

  #resume({ resumer, link }: Shard, now: number): boolean {
    const length = resumer.pollTransmit(resumeMemory, now, this.#clocks.wall);
    return length > 0 && link.send(resumeMemory.subarray(0, length));
  }
}
