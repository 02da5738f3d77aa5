/**
 * Finds out whether the other side is of our own kind, and lets it know that we are.
 *
 * Each side puts its block into every frame until a block with the bit `SEEN` has come. A side whose
 * own block changes at that moment, because the other's first block carries the bit already, still
 * has to say so: it goes on for a few frames, and answers a block that comes later with one more, now
 * and then. So both sides fall silent after a few frames, whatever is lost.
 *
 * The blocks also say whether this session goes on with what another one has begun: a client claims
 * it, the server answers; and in the end, that it is over.
 *
 * @module
 */
import {
  type Continued,
  type Extension,
  FRAGMENTS,
  type Goodbye,
  JOINT_PARITY,
  OWN_BITS,
  REPORT,
  SEEN,
} from "../wire/extension.ts";

// Tuning.

/** Frames that carry the block once the other side's is known: all lost one time in 10^8 at 10 %. */
const ANNOUNCEMENTS = 8;

/**
 * Bytes of a body beside which there is room for a block on every path. A side whose block is not known
 * to be seen leaves it out only where there is none.
 */
const ROOMY_BODY = 500;

/** Late blocks of the other side that earn one answer: it has missed all announcements. */
const LATE_BLOCKS = 16;

/** The acquaintance of one session with its other side. */
export class Acquaintance {
  #theirs: Extension | undefined;
  /** Whether the server's hello has said that it is of our own kind, and nothing has denied it. */
  #isHinted = false;
  #isSeen = false;
  #announcements = 0;
  #lateBlocks = 0;
  #claim: Uint8Array | undefined;
  #continued: Continued | undefined;
  #answer: Continued | undefined;
  #goodbye: Goodbye | undefined;
  #ownGoodbye: Goodbye | undefined;

  /** Whether the other side is of our own kind; until its block has come it counts as the original. */
  get isOwnKind(): boolean {
    return this.#theirs !== undefined;
  }

  /** Whether it is, or may be: what that leads to must be harmless when it is not. */
  get mayBeOwnKind(): boolean {
    return this.isOwnKind || this.#isHinted;
  }

  /** Whether the other side has said that it solves the parity of overlapping runs jointly. */
  get solvesJointly(): boolean {
    return this.#theirs !== undefined && (this.#theirs.bits & JOINT_PARITY) !== 0;
  }

  /** Whether the other side has said that it joins bodies that come in pieces, and answers probes. */
  get joinsFragments(): boolean {
    return this.#theirs !== undefined && (this.#theirs.bits & FRAGMENTS) !== 0;
  }

  /** The session that the other side, a client, wants to go on with here. */
  get claim(): Uint8Array | undefined {
    return this.#claim;
  }

  /** What the other side, a server, says of the session that we claim; at first nothing. */
  get continued(): Continued | undefined {
    return this.#continued;
  }

  /** Whether the other side's claim has been answered. */
  get hasAnswered(): boolean {
    return this.#answer !== undefined;
  }

  /** How the other side has ended the session, once it has said so. */
  get goodbye(): Goodbye | undefined {
    return this.#goodbye;
  }

  /** This side has ended the session: each block says so from now on. */
  setGoodbye(goodbye: Goodbye): void {
    this.#ownGoodbye = goodbye;
  }

  /** Claims a session from the next frame on, until it is answered. */
  setClaim(claim: Uint8Array): void {
    this.#claim = claim;
    this.#isSeen = false;
  }

  /** Answers the other side's claim with each block from now on. */
  setAnswer(continued: Continued): void {
    this.#answer = continued;
    this.#announcements = ANNOUNCEMENTS;
  }

  /**
   * The server's hello had this block or none. Whoever knows the server's key can have written it into
   * a true answer, so it proves nothing.
   */
  onHello(extension: Extension | undefined): void {
    this.#isHinted = extension !== undefined;
  }

  /**
   * A frame has come with this block or none.
   *
   * @param bodyLength How long the body beside it was, bytes; none: it is one that nobody else sends.
   */
  onFrame(extension: Extension | undefined, bodyLength = Infinity): void {
    if (extension === undefined) {
      if (bodyLength <= ROOMY_BODY) this.#isHinted = false;
      return;
    }
    if (this.#theirs === undefined) this.#announcements = ANNOUNCEMENTS;
    this.#theirs = extension;
    // A view on a packet that is borrowed.
    if (extension.continuation !== undefined) this.#claim ??= extension.continuation.slice();
    this.#continued ??= extension.continued;
    this.#goodbye ??= extension.goodbye;
    this.#isSeen ||= (extension.bits & SEEN) !== 0;
    // Whoever still claims has not had the answer, and waits for it.
    if (extension.continuation !== undefined && this.#answer !== undefined) {
      this.#announcements = Math.max(1, this.#announcements);
    }
    if (this.#announcements === 0 && ++this.#lateBlocks % LATE_BLOCKS === 0) {
      this.#announcements = 1;
    }
  }

  /** The block that the next frame is to carry, or `undefined`. */
  get block(): Extension | undefined {
    if (this.#isSeen && this.#announcements === 0) return undefined;
    return this.#withItems(this.#bits);
  }

  /** The block of a frame that only reports, for our own kind alone. */
  get reportBlock(): Extension {
    return this.#withItems(this.#bits | REPORT);
  }

  /** A frame has been written, with the block in it. */
  onBlockSent(): void {
    if (this.#announcements > 0) this.#announcements--;
  }

  /** Only a block in a frame counts as seen: the one in a hello proves nothing. */
  get #bits(): number {
    return this.#theirs === undefined ? OWN_BITS : OWN_BITS | SEEN;
  }

  /** A server has an answer, a client a claim, until it is answered; and whoever leaves, a goodbye. */
  #withItems(bits: number): Extension {
    const goodbye = this.#ownGoodbye === undefined ? {} : { goodbye: this.#ownGoodbye };
    if (this.#answer !== undefined) return { bits, continued: this.#answer, ...goodbye };
    const isOpen = this.#claim !== undefined && this.#continued === undefined;
    return isOpen ? { bits, continuation: this.#claim, ...goodbye } : { bits, ...goodbye };
  }
}
