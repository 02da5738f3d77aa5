/**
 * Finds out whether the other side is of our own kind, and lets it know that we are.
 *
 * Each side puts its block into every frame until a block with the bit `SEEN` has come. A side whose
 * own block changes at that moment, because the other's first block carries the bit already, still
 * has to say so: it goes on for a few frames, and answers a block that comes later with one more, now
 * and then. So both sides fall silent after a few frames, whatever is lost.
 *
 * @module
 */
import {
  type Extension,
  FLOW_LIMIT,
  HALF_CLOSE,
  JOINT_PARITY,
  REPEATED_ACKS,
  REPORT,
  SEEN,
} from "../wire/extension.ts";

// Protocol constants.

/** What this implementation understands. */
const OWN_BITS = HALF_CLOSE | REPEATED_ACKS | JOINT_PARITY | FLOW_LIMIT;

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

  /** Whether the other side is of our own kind; until its block has come it counts as the original. */
  get isOwnKind(): boolean {
    return this.#theirs !== undefined;
  }

  /** Whether the other side has said that it solves the parity of overlapping runs jointly. */
  get solvesJointly(): boolean {
    return this.#theirs !== undefined && (this.#theirs.bits & JOINT_PARITY) !== 0;
  }

  /** A frame has come, with this block or none. */
  onFrame(extension: Extension | undefined): void {
    if (extension === undefined) return;
    if (this.#theirs === undefined) this.#announcements = ANNOUNCEMENTS;
    this.#theirs = extension;
    this.#isSeen ||= (extension.bits & SEEN) !== 0;
    if (this.#announcements === 0 && ++this.#lateBlocks % LATE_BLOCKS === 0) {
      this.#announcements = 1;
    }
  }

  /** The block that the next frame is to carry, or `undefined`. */
  get block(): Extension | undefined {
    if (this.#isSeen && this.#announcements === 0) return undefined;
    return { bits: this.#theirs === undefined ? OWN_BITS : OWN_BITS | SEEN };
  }

  /** The block of a frame that only reports, for our own kind alone. */
  get reportBlock(): Extension {
    return { bits: OWN_BITS | SEEN | REPORT };
  }

  /** A frame has been written, with the block in it. */
  onBlockSent(): void {
    if (this.#announcements > 0) this.#announcements--;
  }
}
