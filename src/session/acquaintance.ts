/**
 * Finds out whether the other side is of our own kind, and lets it know that we are.
 *
 * Each side puts its block into every frame until a block with the bit `SEEN` has come. A side whose
 * own block changes at that moment, because the other's first block carries the bit already, still
 * has to say so: it goes on for a few frames, and answers a block that comes later with one more, now
 * and then. So both sides fall silent after a few frames, whatever is lost.
 *
 * The blocks also say whether this session goes on with what another one has begun: a client claims
 * it, the server answers.
 *
 * @module
 */
import {
  type Continued,
  type Extension,
  FRAGMENTS,
  JOINT_PARITY,
  OWN_BITS,
  REPORT,
  SEEN,
} from "../wire/extension.ts";

// Tuning.

/** Frames that carry the block once the other side's is known: all lost one time in 10^8 at 10 %. */
const ANNOUNCEMENTS = 8;

/** Late blocks of the other side that earn one answer: it has missed all announcements. */
const LATE_BLOCKS = 16;

/** The acquaintance of one session with its other side. */
export class Acquaintance {
  #theirs: Extension | undefined;
  #isSeen = false;
  #announcements = 0;
  #lateBlocks = 0;
  #claim: Uint8Array | undefined;
  #continued: Continued | undefined;
  #answer: Continued | undefined;

  /** Whether the other side is of our own kind; until its block has come it counts as the original. */
  get isOwnKind(): boolean {
    return this.#theirs !== undefined;
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

  /** A frame has come, with this block or none. */
  onFrame(extension: Extension | undefined): void {
    if (extension === undefined) return;
    if (this.#theirs === undefined) this.#announcements = ANNOUNCEMENTS;
    this.#theirs = extension;
    // A view on a packet that is borrowed.
    if (extension.continuation !== undefined) this.#claim ??= extension.continuation.slice();
    this.#continued ??= extension.continued;
    this.#isSeen ||= (extension.bits & SEEN) !== 0;
    if (this.#announcements === 0 && ++this.#lateBlocks % LATE_BLOCKS === 0) {
      this.#announcements = 1;
    }
  }

  /** The block that the next frame is to carry, or `undefined`. */
  get block(): Extension | undefined {
    if (this.#isSeen && this.#announcements === 0) return undefined;
    return this.#withItems(this.#theirs === undefined ? OWN_BITS : OWN_BITS | SEEN);
  }

  /** The block of a frame that only reports, for our own kind alone. */
  get reportBlock(): Extension {
    return this.#withItems(OWN_BITS | SEEN | REPORT);
  }

  /** A frame has been written, with the block in it. */
  onBlockSent(): void {
    if (this.#announcements > 0) this.#announcements--;
  }

  /** A server has an answer, a client a claim, until it is answered. */
  #withItems(bits: number): Extension {
    if (this.#answer !== undefined) return { bits, continued: this.#answer };
    const isOpen = this.#claim !== undefined && this.#continued === undefined;
    return isOpen ? { bits, continuation: this.#claim } : { bits };
  }
}
