/**
 * One session: bodies in, packets out, and the other way round.
 *
 * Each body becomes a frame with a number of its own, together with what has been received so far,
 * and a packet sealed under the key of its direction. A packet that comes is opened, its number is
 * taken once, its body handed on. Bodies that were lost are rebuilt from the other side's parity
 * frames; which parity we send is decided elsewhere, here it is only sealed.
 *
 * Nothing here waits: a body is sent or lost at once, so there is no deadline.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import { SESSION_OVERHEAD } from "../crypto/aead.ts";
import type { SessionIdentity } from "../crypto/keys.ts";
import { type Extension, extensionLength, REPORT } from "../wire/extension.ts";
import {
  type DataFrame,
  dataFrameOverhead,
  type DecodedFrame,
  decodeFrame,
  encodeFrame,
  type ParityFrame,
} from "../wire/frame.ts";
import { Writer } from "../wire/writer.ts";
import { Acquaintance } from "./acquaintance.ts";
import type {
  FrameDrops,
  PacketOutcome,
  ReceivedBody,
  SessionCounts,
  SessionMachineOptions,
} from "./contract.ts";
import { LossReport } from "./loss_report.ts";
import { type PaddingPolicy, UniformPadding } from "./padding.ts";
import { PathFit } from "./path_fit.ts";
import { MOST_PACKET_SENT, type PathMtu } from "./path_mtu.ts";
import { Rebuilding } from "./rebuilding.ts";
import { ReceiveLoss } from "./receive_loss.ts";
import { ReplayWindow } from "./replay_window.ts";
import { SessionKeys } from "./session_keys.ts";

export type { FrameDrops, PacketOutcome, ReceivedBody, SessionCounts, SessionMachineOptions };
export { MOST_PACKET_SENT };

// Protocol constants.

/** Longest packet that is accepted: the original's buffer. */
export const MOST_PACKET_RECEIVED = 2048;

/** Longest message of an application: what a server of the original can send back. */
export const MOST_DATAGRAM = 1311;

/** How far a frame number may lie above the highest: an honest sender never comes near it. */
const MOST_JUMP = 2 ** 24;

/** Bytes by which the parity of a body may be longer than its own packet: it has no counters. */
const PARITY_EXCESS = 2;

const NOTHING = new Uint8Array(0);

// Tuning.

/** Frames for which a length told by `mostBody` still holds: a segment may be sent again much later. */
const COUNTER_MARGIN = 4096;

/** One session. All times in ms. */
export class SessionMachine {
  /** What both ends have told of themselves. */
  readonly acquaintance: Acquaintance = new Acquaintance();
  /** What looks after the path: what it takes, and whether it leads to the other side. */
  readonly fit: PathFit;
  /** What the path takes. Its deadline is the session's; its probes are polled here. */
  readonly pathMtu: PathMtu;
  /** Those of its packets. */
  readonly keys: SessionKeys;
  readonly #padding: PaddingPolicy;
  readonly #window = new ReplayWindow();
  readonly #loss = new ReceiveLoss();
  readonly #lossReport = new LossReport();
  readonly #rebuilding = new Rebuilding();
  #lastBody: Uint8Array = NOTHING;
  #recovered = 0;
  #nextFrame = 0;
  #totalReceived = 0;
  #received: ReceivedBody | undefined;
  #toldLoss: number | undefined;
  #toldHighest = -1;
  #toldTotal = 0;
  #bytesSent = 0;
  #paritySent = 0;
  #bytesReceived = 0;
  readonly #drops = { undecodable: 0, frameNumber: 0, counters: 0, parity: 0 };
  #replayed = 0;

  constructor(options: SessionMachineOptions) {
    const { secret, random, padding } = options;
    this.keys = new SessionKeys(options);
    this.fit = new PathFit(secret);
    this.pathMtu = this.fit.mtu;
    this.#padding = padding ?? new UniformPadding(random);
  }

  /** How both ends call it. */
  get identity(): SessionIdentity {
    return this.keys.identity;
  }

  /** The highest frame of the other side that has come; -1: none yet. */
  get highestReceived(): number {
    return this.#window.highest;
  }

  /** What pays for bodies and pieces that are kept. Until it is set nobody does. */
  set budget(budget: ByteBudget) {
    this.fit.budget = budget;
    this.#rebuilding.budget = budget;
  }

  /** Nothing has come for long, or nothing more will: gives back what was kept for what would have. */
  rest(): void {
    this.fit.rest();
    this.#rebuilding.release();
    this.#window.rest();
    this.#loss.rest();
  }

  /** What has been counted. */
  get counts(): SessionCounts {
    const drops = this.#drops;
    return {
      framesSent: this.#nextFrame,
      paritySent: this.#paritySent,
      framesReceived: this.#totalReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      framesMalformed: drops.undecodable + drops.frameNumber + drops.counters + drops.parity,
      frameDrops: { ...drops, shard: this.#rebuilding.wrongShards },
      replayed: this.#replayed,
      recovered: this.#recovered,
      receiveLoss: this.#loss.rate,
      sendLoss: this.#toldLoss === undefined ? undefined : this.#toldLoss / 255,
    };
  }

  /** Whether the other side has shown that it is of our own kind. */
  get isOwnKind(): boolean {
    return this.acquaintance.isOwnKind;
  }

  /** Whether the other side has shown that it solves the parity of overlapping runs jointly. */
  get solvesJointly(): boolean {
    return this.acquaintance.solvesJointly;
  }

  /** Loss of what we send, 0 to 254, as the other side has said last; `undefined`: it has not. */
  get toldLoss(): number | undefined {
    return this.#toldLoss;
  }

  /** The highest frame of ours that the other side says it has received; -1: none yet. */
  get toldHighest(): number {
    return this.#toldHighest;
  }

  /** How many frames of ours the other side says it has received. */
  get toldTotal(): number {
    return this.#toldTotal;
  }

  /** Loss of what the other side sends, 0 to 1, as measured here. */
  get receiveLoss(): number {
    return this.#loss.rate;
  }

  /** The number of the last frame that was written; -1 before the first. */
  get lastFrame(): number {
    return this.#nextFrame - 1;
  }

  /** The body of that frame: a piece of the one that was given, where the path takes no more. */
  get lastBody(): Uint8Array {
    return this.#lastBody;
  }

  /** The longest body that a packet takes now. Shrinks by a few bytes over time. */
  get mostBody(): number {
    const overhead = dataFrameOverhead(
      this.#nextFrame + COUNTER_MARGIN,
      Math.max(0, this.#window.highest) + COUNTER_MARGIN,
      this.#totalReceived + COUNTER_MARGIN,
      this.pathMtu.length,
    );
    return this.pathMtu.length - SESSION_OVERHEAD - overhead - 1 - PARITY_EXCESS;
  }

  /**
   * Makes a packet of a body. One that is longer than the path takes is sent in pieces, if the other
   * side is known to join them: then {@linkcode encodeRest} must follow.
   *
   * @param body Borrowed until the call returns, or until `encodeRest` has returned 0.
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @returns The packet's length.
   */
  encode(body: Uint8Array, into: Uint8Array, now: number): number {
    const room = this.pathMtu.length - SESSION_OVERHEAD;
    const isTooLong = this.#frameLength(body) > room && this.acquaintance.joinsFragments;
    if (isTooLong && this.fit.cut(body, this.mostBody, now)) return this.encodeRest(into, now);
    const wanted = this.acquaintance.block;
    const blockLength = wanted === undefined ? 0 : extensionLength(wanted);
    // In a full packet there is no room for the block; openings and acknowledgements carry it.
    const block = this.#frameLength(body) + blockLength <= room ? wanted : undefined;
    if (block !== undefined) this.acquaintance.onBlockSent();
    return this.#encodeData(body, block, into, now);
  }

  /**
   * Makes a packet of the next piece of the body that was given last.
   *
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @returns The packet's length; 0: there was no further piece.
   */
  encodeRest(into: Uint8Array, now: number): number {
    const fragment = this.fit.nextFragment();
    return fragment === undefined ? 0 : this.#encodeData(fragment, undefined, into, now);
  }

  /**
   * Writes the next packet that the session sends of its own accord: what asks whether its length
   * passes, and the answer to that of the other side.
   *
   * It repeats a number that the other side has had: so it counts for nothing, and its loss is no loss.
   *
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @param control What is to be sent instead: a question of {@linkcode PathFit.challenge}.
   * @returns The packet's length; 0: nothing now.
   */
  pollControl(into: Uint8Array, now: number, control = this.fit.pollControl(now)): number {
    if (control === undefined) return 0;
    const writer = new Writer(into);
    const frame = this.#dataFrame(Math.max(0, this.#toldHighest), control.body);
    encodeFrame(frame, this.#lossByte(now), undefined, writer);
    return this.#seal(writer, into, control.packetLength - SESSION_OVERHEAD);
  }

  /**
   * Makes a packet that only says what has been received. For our own kind alone: to the original it
   * would be an empty datagram.
   *
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @returns The packet's length.
   */
  encodeReport(into: Uint8Array, now: number): number {
    return this.#encodeData(NOTHING, this.acquaintance.reportBlock, into, now);
  }

  /**
   * Makes a packet of a parity frame.
   *
   * @param frame Its shard is borrowed until the call returns.
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @returns The packet's length.
   */
  encodeParity(frame: ParityFrame, into: Uint8Array, now: number): number {
    const writer = new Writer(into);
    encodeFrame(frame, this.#lossByte(now), undefined, writer);
    this.#paritySent++;
    return this.#seal(writer, into);
  }

  /** A packet has come; it is opened in place. */
  handleDatagram(datagram: Uint8Array, now: number): PacketOutcome {
    this.#received = undefined;
    const plaintext = datagram.length <= MOST_PACKET_RECEIVED
      ? this.keys.open(datagram)
      : undefined;
    if (plaintext === undefined) return "foreign";
    const outcome = this.#take(decodeFrame(plaintext), now);
    if (outcome === "replayed") this.#replayed++;
    else if (outcome !== "malformed") this.#bytesReceived += datagram.length;
    return outcome;
  }

  /** The next body that the last packet brought, or `undefined`. */
  pollBody(): ReceivedBody | undefined {
    const received = this.#received;
    if (received !== undefined) {
      this.#received = undefined;
      return this.fit.joined(received);
    }
    for (;;) {
      const rebuilt = this.#rebuilding.poll();
      if (rebuilt === undefined) return undefined;
      if (!this.#window.accept(rebuilt.frameNumber)) continue;
      this.#recovered++;
      // Without its block nobody knows whether it was a datagram; an empty one is lost, then.
      const isReport = this.isOwnKind && rebuilt.body.length === 0;
      return this.fit.joined({ ...rebuilt, highReceived: 0, totalReceived: 0, isReport });
    }
  }

  #frameLength(body: Uint8Array): number {
    const highest = Math.max(0, this.#window.highest);
    return body.length + 1 +
      dataFrameOverhead(this.#nextFrame, highest, this.#totalReceived, body.length);
  }

  #dataFrame(frameNumber: number, body: Uint8Array): DataFrame {
    return {
      kind: "data",
      frameNumber,
      highReceived: Math.max(0, this.#window.highest),
      totalReceived: this.#totalReceived,
      body,
    };
  }

  #encodeData(
    body: Uint8Array,
    block: Extension | undefined,
    into: Uint8Array,
    now: number,
  ): number {
    const writer = new Writer(into);
    const lossByte = this.#lossByte(now);
    if (lossByte > 0) this.#rebuilding.onLoss(now);
    const frame = this.#dataFrame(this.#nextFrame++, body);
    encodeFrame(frame, lossByte, block, writer);
    this.#lastBody = body;
    const length = this.#seal(writer, into);
    this.pathMtu.onSent(frame.frameNumber, length, now);
    return length;
  }

  #lossByte(now: number): number {
    return this.#lossReport.byte(this.#loss, this.isOwnKind, this.#totalReceived, now);
  }

  #seal(writer: Writer, into: Uint8Array, least = 0): number {
    const most = this.pathMtu.length - SESSION_OVERHEAD;
    const usual = writer.length + this.#padding.paddingFor(writer.length, most);
    const padded = Math.max(least, usual);
    // Zeros: sealed they look like anything else, and they never begin like an extension block.
    into.fill(0, writer.length, padded);
    const packetLength = this.keys.seal(into, padded);
    this.#bytesSent += packetLength;
    return packetLength;
  }

  #take(decoded: DecodedFrame | undefined, now: number): PacketOutcome {
    if (decoded === undefined) return this.#refuse("undecodable");
    const { frame, lossByte, extension } = decoded;
    if (frame.kind === "parity") {
      const verdict = this.#rebuilding.onParity(frame, this.#window.highest, now);
      return verdict === "malformed" ? this.#refuse("parity") : verdict;
    }
    const outcome = this.#handleData(frame, now);
    if (outcome === "newest" || outcome === "late") {
      if (lossByte !== undefined) this.#toldLoss = lossByte;
      this.acquaintance.onFrame(
        extension,
        this.fit.isOwn(frame.body) ? undefined : frame.body.length,
      );
      if (this.#received?.body.length === 0 && extension !== undefined) {
        this.#received = { ...this.#received, isReport: (extension.bits & REPORT) !== 0 };
      }
      if (this.acquaintance.joinsFragments) this.pathMtu.enable();
    }
    const isControl = outcome !== "malformed" && this.fit.handleControl(frame.body, now);
    return isControl && outcome === "replayed" ? "parity" : outcome;
  }

  #refuse(reason: Exclude<keyof FrameDrops, "shard">): "malformed" {
    this.#drops[reason]++;
    return "malformed";
  }

  #handleData(frame: DataFrame, now: number): PacketOutcome {
    const { highReceived, totalReceived } = frame;
    if (frame.frameNumber > this.#window.highest + MOST_JUMP) return this.#refuse("frameNumber");
    // What asks about the path may have had a number before anything else had.
    const sent = Math.max(1, this.#nextFrame);
    const isFuture = totalReceived > sent || (totalReceived > 0 && highReceived >= sent);
    if (isFuture) return this.#refuse("counters");
    this.#loss.onArrived(frame.frameNumber, now);
    const lead = frame.frameNumber - this.#window.highest;
    if (lead > 1) this.#rebuilding.onLoss(now);
    if (!this.#window.accept(frame.frameNumber)) return "replayed";
    this.#totalReceived++;
    this.#rebuilding.onData(frame.frameNumber, frame.body, now);
    const arePossible = totalReceived <= highReceived + 1;
    this.#received = arePossible ? frame : { ...frame, highReceived: 0, totalReceived: 0 };
    if (arePossible && totalReceived > 0) {
      this.#toldHighest = highReceived;
      this.#toldTotal = Math.max(this.#toldTotal, totalReceived);
      this.pathMtu.onCounters(highReceived, totalReceived, now);
    }
    return lead > 0 ? "newest" : "late";
  }
}
