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
import { SESSION_OVERHEAD, SessionCipher } from "../crypto/aead.ts";
import { deriveSessionKeys } from "../crypto/keys.ts";
import { isSoundParity, Recoverer } from "../fec/recoverer.ts";
import type { PacketCipher } from "../host.ts";
import type { Random } from "../random.ts";
import { type Extension, EXTENSION_LENGTH, REPORT } from "../wire/extension.ts";
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
import { type PaddingPolicy, UniformPadding } from "./padding.ts";
import { LossReport } from "./loss_report.ts";
import { ReceiveLoss } from "./receive_loss.ts";
import { ReplayWindow } from "./replay_window.ts";

// Protocol constants.

/** Longest packet that is accepted: the original's buffer. */
export const MOST_PACKET_RECEIVED = 2048;

/**
 * Longest packet that is sent while the path is not known to take more: what the original's server
 * sends at the most.
 */
export const MOST_PACKET_SENT = 1400;

/** Longest message of an application: what a server of the original can send back. */
export const MOST_DATAGRAM = 1311;

/** How far a frame number may lie above the highest: an honest sender never comes near it. */
const MOST_JUMP = 2 ** 24;

/** Where a run of parity may begin, relative to the highest frame number. */
const MOST_RUN_AGE = 4096;
const MOST_RUN_LEAD = 256;

/** Bytes by which the parity of a body may be longer than its own packet: it has no counters. */
const PARITY_EXCESS = 2;

const NONCE_LENGTH = 12;

const NOTHING = new Uint8Array(0);

// Tuning.

/**
 * How long bodies are kept for rebuilding after parity came, a frame was missing or loss was
 * reported, ms. Nobody sends parity before something was lost, so on a clean path nothing is copied.
 */
const PARITY_MEMORY = 30_000;

/** Frames for which a length told by `mostBody` still holds: a segment may be sent again much later. */
const COUNTER_MARGIN = 4096;

/** Settings of a session. */
export interface SessionMachineOptions {
  /** Which end this is: it decides which key is whose. */
  readonly role: "client" | "server";
  /** The secret of the handshake, 32 bytes. */
  readonly secret: Uint8Array;
  readonly random: Random;
  /** How long packets are made; by default a uniform draw of up to 63 bytes is added. */
  readonly padding?: PaddingPolicy;
  /** The host's own cipher; by default the portable one. */
  readonly createCipher?: (key: Uint8Array) => PacketCipher;
}

/**
 * What became of a packet:
 *
 * - `newest`: data that is newer than all before, so the other side sent it just now;
 * - `late`: data that newer data has overtaken;
 * - `parity`: it helps to rebuild, but has no number of its own: it may be a replay, and proves
 *   nothing about where the other side is or whether it lives;
 * - `replayed`: data that came before, or a frame that is too old to tell;
 * - `malformed`: the other side made it, but it is no frame or breaks a limit;
 * - `foreign`: the other side did not make it. It is left as it was.
 */
export type PacketOutcome = "newest" | "late" | "parity" | "replayed" | "malformed" | "foreign";

/** A body that has come. Valid until the machine is touched again. */
export interface ReceivedBody {
  readonly body: Uint8Array;
  /** Number of the frame that it came in, or would have come in. */
  readonly frameNumber: number;
  /** The other side's counters; both 0 in a body that was rebuilt. */
  readonly highReceived: number;
  readonly totalReceived: number;
  /** Whether it is no datagram, and only brings the counters. */
  readonly isReport?: boolean;
}

/** What a session has counted. */
export interface SessionCounts {
  /** Data frames sent. */
  readonly framesSent: number;
  /** Parity frames sent. */
  readonly paritySent: number;
  /** Data frames received, each once. */
  readonly framesReceived: number;
  /** Bytes of packets sent, headers of UDP and IP not counted. */
  readonly bytesSent: number;
  /** The same of packets received, each once. */
  readonly bytesReceived: number;
  /** Packets of the other side that were no frame, or broke a limit. */
  readonly framesMalformed: number;
  /** Frames that had been received before, or were too old to tell. */
  readonly replayed: number;
  /** Bodies rebuilt from parity. */
  readonly recovered: number;
  /** Loss of what the other side sends, 0 to 1, as measured here. */
  readonly receiveLoss: number;
  /** Loss of what we send, 0 to 1, as the other side says; `undefined`: it has not said. */
  readonly sendLoss: number | undefined;
}

/** One session. All times in ms. */
export class SessionMachine {
  readonly #sealer: PacketCipher;
  readonly #opener: PacketCipher;
  readonly #random: Random;
  readonly #padding: PaddingPolicy;
  readonly #window = new ReplayWindow();
  readonly #loss = new ReceiveLoss();
  readonly #lossReport = new LossReport();
  readonly #acquaintance = new Acquaintance();
  readonly #nonce = new Uint8Array(NONCE_LENGTH);
  #recoverer: Recoverer | undefined;
  #parityUntil = -Infinity;
  #recovered = 0;
  #nextFrame = 0;
  #totalReceived = 0;
  #received: ReceivedBody | undefined;
  #toldLoss: number | undefined;
  #toldHighest = -1;
  #bytesSent = 0;
  #paritySent = 0;
  #bytesReceived = 0;
  #malformed = 0;
  #replayed = 0;

  constructor({ role, secret, random, padding, createCipher }: SessionMachineOptions) {
    const { upload, download } = deriveSessionKeys(secret);
    const create = createCipher ?? ((key) => new SessionCipher(key));
    this.#sealer = create(role === "client" ? upload : download);
    this.#opener = create(role === "client" ? download : upload);
    this.#random = random;
    this.#padding = padding ?? new UniformPadding(random);
  }

  /** What has been counted. */
  get counts(): SessionCounts {
    return {
      framesSent: this.#nextFrame,
      paritySent: this.#paritySent,
      framesReceived: this.#totalReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      framesMalformed: this.#malformed,
      replayed: this.#replayed,
      recovered: this.#recovered,
      receiveLoss: this.#loss.rate,
      sendLoss: this.#toldLoss === undefined ? undefined : this.#toldLoss / 255,
    };
  }

  /** Whether the other side has shown that it is of our own kind. */
  get isOwnKind(): boolean {
    return this.#acquaintance.isOwnKind;
  }

  /** Whether the other side has shown that it solves the parity of overlapping runs jointly. */
  get solvesJointly(): boolean {
    return this.#acquaintance.solvesJointly;
  }

  /** Loss of what we send, 0 to 254, as the other side has said last; `undefined`: it has not. */
  get toldLoss(): number | undefined {
    return this.#toldLoss;
  }

  /** The highest frame of ours that the other side says it has received; -1: none yet. */
  get toldHighest(): number {
    return this.#toldHighest;
  }

  /** Loss of what the other side sends, 0 to 1, as measured here. */
  get receiveLoss(): number {
    return this.#loss.rate;
  }

  /** The number of the last frame that was written; -1 before the first. */
  get lastFrame(): number {
    return this.#nextFrame - 1;
  }

  /** The longest body that a packet of the usual length takes. Shrinks by a few bytes over time. */
  get mostBody(): number {
    const overhead = dataFrameOverhead(
      this.#nextFrame + COUNTER_MARGIN,
      Math.max(0, this.#window.highest) + COUNTER_MARGIN,
      this.#totalReceived + COUNTER_MARGIN,
      MOST_PACKET_SENT,
    );
    return MOST_PACKET_SENT - SESSION_OVERHEAD - overhead - 1 - PARITY_EXCESS;
  }

  /**
   * Makes a packet of a body.
   *
   * @param body Borrowed until the call returns.
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @returns The packet's length.
   */
  encode(body: Uint8Array, into: Uint8Array, now: number): number {
    const length = body.length + 1 + EXTENSION_LENGTH + dataFrameOverhead(
      this.#nextFrame,
      Math.max(0, this.#window.highest),
      this.#totalReceived,
      body.length,
    );
    // In a full packet there is no room for the block; openings and acknowledgements carry it.
    const hasRoom = length <= MOST_PACKET_SENT - SESSION_OVERHEAD;
    const block = hasRoom ? this.#acquaintance.block : undefined;
    if (block !== undefined) this.#acquaintance.onBlockSent();
    return this.#encodeData(body, block, into, now);
  }

  /**
   * Makes a packet that only says what has been received. For our own kind alone: to the original it
   * would be an empty datagram.
   *
   * @param into Where the packet goes: 2,048 bytes are always enough.
   * @returns The packet's length.
   */
  encodeReport(into: Uint8Array, now: number): number {
    return this.#encodeData(NOTHING, this.#acquaintance.reportBlock, into, now);
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
      ? this.#opener.open(datagram)
      : undefined;
    if (plaintext === undefined) return "foreign";
    const outcome = this.#take(decodeFrame(plaintext), now);
    switch (outcome) {
      case "malformed":
        this.#malformed++;
        break;
      case "replayed":
        this.#replayed++;
        break;
      default:
        this.#bytesReceived += datagram.length;
    }
    return outcome;
  }

  /** The next body that the last packet brought, or `undefined`. */
  pollBody(): ReceivedBody | undefined {
    const received = this.#received;
    if (received !== undefined) {
      this.#received = undefined;
      return received;
    }
    for (;;) {
      const rebuilt = this.#recoverer?.pollBody();
      if (rebuilt === undefined) return undefined;
      if (!this.#window.accept(rebuilt.frameNumber)) continue;
      this.#recovered++;
      // Without its block nobody knows whether it was a datagram; an empty one is lost, then.
      const isReport = this.isOwnKind && rebuilt.body.length === 0;
      return { ...rebuilt, highReceived: 0, totalReceived: 0, isReport };
    }
  }

  #encodeData(
    body: Uint8Array,
    block: Extension | undefined,
    into: Uint8Array,
    now: number,
  ): number {
    const writer = new Writer(into);
    const lossByte = this.#lossByte(now);
    if (lossByte > 0) this.#parityUntil = now + PARITY_MEMORY;
    const frame: DataFrame = {
      kind: "data",
      frameNumber: this.#nextFrame++,
      highReceived: Math.max(0, this.#window.highest),
      totalReceived: this.#totalReceived,
      body,
    };
    encodeFrame(frame, lossByte, block, writer);
    return this.#seal(writer, into);
  }

  #lossByte(now: number): number {
    return this.#lossReport.byte(this.#loss, this.isOwnKind, this.#totalReceived, now);
  }

  #seal(writer: Writer, into: Uint8Array): number {
    const most = MOST_PACKET_SENT - SESSION_OVERHEAD;
    const padded = writer.length + this.#padding.paddingFor(writer.length, most);
    // Zeros: sealed they look like anything else, and they never begin like an extension block.
    into.fill(0, writer.length, padded);
    this.#random.fill(this.#nonce);
    const packetLength = this.#sealer.seal(into, padded, this.#nonce);
    this.#bytesSent += packetLength;
    return packetLength;
  }

  #take(decoded: DecodedFrame | undefined, now: number): PacketOutcome {
    if (decoded === undefined) return "malformed";
    const { frame, lossByte, extension } = decoded;
    if (frame.kind === "parity") return this.#handleParity(frame, now);
    const outcome = this.#handleData(frame, now);
    if (outcome === "newest" || outcome === "late") {
      if (lossByte !== undefined) this.#toldLoss = lossByte;
      this.#acquaintance.onFrame(extension);
      if (this.#received?.body.length === 0 && extension !== undefined) {
        this.#received = { ...this.#received, isReport: (extension.bits & REPORT) !== 0 };
      }
    }
    return outcome;
  }

  #isPlausible(frameNumber: number): boolean {
    return frameNumber <= this.#window.highest + MOST_JUMP;
  }

  #handleData(frame: DataFrame, now: number): PacketOutcome {
    if (!this.#isPlausible(frame.frameNumber)) return "malformed";
    this.#loss.onArrived(frame.frameNumber, now);
    const lead = frame.frameNumber - this.#window.highest;
    if (lead > 1) this.#parityUntil = now + PARITY_MEMORY;
    if (!this.#window.accept(frame.frameNumber)) return "replayed";
    this.#totalReceived++;
    if (now < this.#parityUntil) {
      this.#recoverer ??= new Recoverer();
      this.#recoverer.onData(frame.frameNumber, frame.body);
    } else this.#recoverer = undefined;
    const arePossible = this.#areCountersPossible(frame);
    this.#received = arePossible ? frame : { ...frame, highReceived: 0, totalReceived: 0 };
    if (arePossible && frame.totalReceived > 0) this.#toldHighest = frame.highReceived;
    return lead > 0 ? "newest" : "late";
  }

  #handleParity(frame: ParityFrame, now: number): PacketOutcome {
    const lead = frame.runStart - this.#window.highest;
    if (lead > MOST_RUN_LEAD || !isSoundParity(frame)) return "malformed";
    // Nobody sends parity that late: it was recorded.
    if (lead < -MOST_RUN_AGE) return "replayed";
    this.#parityUntil = now + PARITY_MEMORY;
    this.#recoverer ??= new Recoverer();
    this.#recoverer.onParity(frame);
    return "parity";
  }

  /** Nobody can have received more than was sent. */
  #areCountersPossible({ highReceived, totalReceived }: DataFrame): boolean {
    return totalReceived === 0 ||
      (highReceived < this.#nextFrame && totalReceived <= highReceived + 1);
  }
}
