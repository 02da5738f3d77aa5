/**
 * What comes to a listener and belongs to none of its sessions: hellos, resumes, first packets, noise.
 *
 * Nobody gets anything here that costs more than he has proved. A hello is answered, if the budget
 * allows, and forgotten. A resume makes a candidate, which is a few bytes. The first packet that opens
 * under the keys of a candidate proves who has them: anybody may have copied the token, but this makes
 * the session.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { formatHex } from "../bytes.ts";
import type { Responder, Resume } from "../handshake/responder.ts";
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED, type PacketOutcome, SessionMachine } from "../session/machine.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import type { StreamAdmission } from "../transport/stream_server.ts";
import { throwUncaught } from "../transport/throw_uncaught.ts";
import { Alarm } from "./alarm.ts";
import { Candidates } from "./candidates.ts";
import { HandshakeBudget } from "./handshake_budget.ts";
import type { ListenOptions, PacketDrops } from "./listen_contract.ts";
import type { ResolvedLimits } from "./listen_limits.ts";
import type { ServerCounts } from "./server_counts.ts";

/** A session that begins. */
export interface Beginning {
  /** Names it as its client's resumes do. */
  readonly tokenId: string;
  /** Whether the answer to its hello went to a host. */
  readonly isFor: (hostname: string) => boolean;
  /** What has opened the first packet, and as what. */
  readonly session: SessionMachine;
  readonly outcome: PacketOutcome;
  /** The shard that spoke; and how many bytes its resume and its packet had. */
  readonly shardId: number;
  readonly resumeLength: number;
  readonly packetLength: number;
}

/** What strangers are handled with. */
export interface StrangersOptions {
  readonly host: Host;
  readonly options: ListenOptions;
  readonly limits: ResolvedLimits;
  readonly responder: Responder;
  readonly random: Random;
  /** Where things are counted. */
  readonly counts: ServerCounts;
}

/** The sessions, as strangers need to know them. */
export interface StrangersOwner {
  /** Whether a token may open a session that was issued then. */
  isGood(tokenId: string, issuedAt: number, now: number): boolean;
  /** Binds a shard of a session that lives to a link; `false`: no such session does. */
  bind(tokenId: string, shardId: number, link: Link, length: number, now: number): boolean;
  /** Whether a session has spoken over a link. */
  isPeer(key: string): boolean;
  /** The client of a session that lives has shown itself. */
  onResume(tokenId: string): void;
  /** A session begins; `false`: it does not, there are too many. */
  begin(beginning: Beginning, link: Link): boolean;
  /** Sends a packet of no session. */
  send(packet: Uint8Array, link: Link): boolean;
}

/** Handles what strangers send. */
export class Strangers implements StreamAdmission {
  readonly #host: Host;
  readonly #options: ListenOptions;
  readonly #owner: StrangersOwner;
  readonly #counts: ServerCounts;
  readonly #responder: Responder;
  readonly #random: Random;
  readonly #candidates: Candidates;
  readonly #budget: HandshakeBudget;
  readonly #alarm: Alarm;
  readonly #answerMemory = new Uint8Array(MOST_PACKET_RECEIVED);
  #isClosed = false;

  constructor(
    { host, options, limits, responder, random, counts }: StrangersOptions,
    owner: StrangersOwner,
  ) {
    this.#host = host;
    this.#options = options;
    this.#owner = owner;
    this.#counts = counts;
    this.#responder = responder;
    this.#random = random;
    this.#candidates = new Candidates(limits.candidates);
    this.#budget = new HandshakeBudget(limits.handshakeShare, options.secretKey);
    this.#alarm = new Alarm(host, () => {
      this.#candidates.sweep(host.now());
      this.#alarm.set(this.#candidates.deadline);
    });
  }

  /** Tokens that were shown, and whose sessions have not spoken. */
  get candidates(): number {
    return this.#candidates.size;
  }

  /** Lets nobody in any more; clients of sessions may still show where they are. */
  close(): void {
    this.#isClosed = true;
    this.#alarm.cancel();
    this.#candidates.clear();
  }

  /**
   * Before a datagram is tried on sessions: those whose shards were shown at its link before they
   * began are there, too.
   */
  settle(link: Link): void {
    if (!this.#candidates.has(link.key)) return;
    const now = this.#host.now();
    for (const place of this.#candidates.at(link.key)) {
      const { token, shardId, length } = this.#candidates.get(place);
      if (this.#owner.bind(formatHex(token), shardId, link, length, now)) {
        this.#candidates.remove(link.key, place);
      }
    }
  }

  /** A datagram has come that is none of a session's; it is opened in place. */
  handleDatagram(datagram: Uint8Array, link: Link): void {
    const { address, carrier, key } = link;
    const now = this.#host.now();
    if (!this.#isAdmitted(address, this.#candidates.has(key) || isReliable(carrier), now)) return;
    if (!this.#tryCandidates(datagram, link, now)) this.#handleHandshake(datagram, link, now);
    this.onServed(address, now);
  }

  /** Whether the hello of a byte stream may be answered. */
  mayAnswer(address: Address, carrier: Carrier): boolean {
    const now = this.#host.now();
    return this.#isAdmitted(address, true, now) && this.#mayAnswer(address, carrier, now);
  }

  isPeer(key: string): boolean {
    return this.#owner.isPeer(key);
  }

  /** Something was done for a stranger, since an instant. */
  onServed({ hostname }: Address, from: number): void {
    this.#budget.onServed(hostname, from, this.#host.now());
  }

  #isAdmitted({ hostname }: Address, isThere: boolean, now: number): boolean {
    const refusal = this.#budget.refusal(hostname, isThere, now);
    if (refusal === "share") this.#counts.droppedByHandshakeShare++;
    if (refusal === "source") this.#counts.droppedBySourceRate++;
    return refusal === undefined;
  }

  #handleHandshake(datagram: Uint8Array, link: Link, now: number): void {
    const into = this.#answerMemory;
    const { hostname } = link.address;
    const epochSeconds = this.#host.epochSeconds();
    const outcome = this.#responder.handleDatagram(
      datagram,
      hostname,
      into,
      now,
      epochSeconds,
      () => !this.#isClosed && this.#mayAnswer(link.address, link.carrier, now),
    );
    switch (outcome.kind) {
      case "answer":
        this.#counts.handshakes++;
        this.#budget.onAnswered(hostname, now);
        this.#owner.send(into.subarray(0, outcome.length), link);
        return;
      case "resume":
        this.#handleResume(outcome.resume, datagram.length, link, now);
        return;
      case "refused":
        return;
      case "replayed":
        this.#counts.packetsReplayed++;
        return;
      case "ignored":
        this.#drop(outcome.reason);
        return;
    }
  }

  #mayAnswer(remoteAddr: Address, carrier: Carrier, now: number): boolean {
    const { onHello } = this.#options;
    if (!this.#budget.canAnswer(isReliable(carrier))) {
      this.#counts.droppedByHandshakeShare++;
      return false;
    }
    try {
      if (onHello?.({ remoteAddr, carrier, now }) ?? true) return true;
    } catch (error) {
      throwUncaught(error);
    }
    this.#counts.droppedByOnHello++;
    return false;
  }

  #handleResume(
    { token, tokenId, shardId }: Resume,
    length: number,
    link: Link,
    now: number,
  ): void {
    if (this.#owner.bind(tokenId, shardId, link, length, now)) {
      this.#owner.onResume(tokenId);
      return;
    }
    if (this.#isClosed) return;
    const opened = this.#responder.openToken({ token }, now);
    opened?.secret.fill(0);
    if (opened === undefined) return this.#drop("token");
    if (!this.#owner.isGood(tokenId, opened.issuedAt, now)) return;
    const isThere = isReliable(link.carrier) || opened.isFor(link.address.hostname);
    if (this.#candidates.add(link.key, { token, shardId, length, isThere }, now)) {
      this.#alarm.set(this.#candidates.deadline);
    } else this.#counts.droppedByCandidateLimit++;
  }

  /** Whether one of the candidates at a link has opened a packet, and become a session. */
  #tryCandidates(datagram: Uint8Array, link: Link, now: number): boolean {
    for (const place of this.#candidates.at(link.key)) {
      const { token, shardId, length } = this.#candidates.get(place);
      const tokenId = formatHex(token);
      const opened = this.#responder.openToken({ token }, now);
      if (opened === undefined || !this.#owner.isGood(tokenId, opened.issuedAt, now)) {
        this.#candidates.remove(link.key, place);
        continue;
      }
      const session = this.#sessionOf(opened.secret);
      const outcome = session.handleDatagram(datagram, now);
      if (outcome === "foreign") {
        session.keys.wipe();
        continue;
      }
      this.#candidates.remove(link.key, place);
      const { isFor } = opened;
      const lengths = { resumeLength: length, packetLength: datagram.length };
      const beginning = { tokenId, isFor, session, outcome, shardId, ...lengths };
      if (!this.#owner.begin(beginning, link)) session.keys.wipe();
      return true;
    }
    return false;
  }

  #sessionOf(secret: Uint8Array): SessionMachine {
    const { createCipher } = this.#host;
    const session = new SessionMachine({
      role: "server",
      secret,
      random: this.#random,
      createCipher: createCipher?.bind(this.#host),
    });
    secret.fill(0);
    return session;
  }

  #drop(reason: keyof PacketDrops): void {
    this.#counts.packetsFailed++;
    this.#counts.packetDrops[reason]++;
  }
}
