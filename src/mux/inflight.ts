/**
 * The ledger of frames: what each frame number carried, when it left, and what was known then.
 *
 * A ring indexed by frame number. It grows with what is in flight, from 64 frames to 65,536, and a
 * frame that falls out at the far end while undecided is told to the caller. Frames that carry no
 * segment (acknowledgements, pings, unreliable messages) stand in it too: a round trip or a rate can
 * be measured at any frame, since the other side's counters count them all. But it does not grow for
 * their sake: who never hears anything may send them for ever.
 *
 * The undecided frames of one stream are chained, oldest first, so that an acknowledgement looks at
 * that stream's frames only.
 *
 * @module
 */
import type { Segment } from "./segment.ts";

// Tuning.

/** Frames that an idle session keeps room for: memory counts when there are thousands of them. */
const LEAST_CAPACITY = 64;

/** Frames kept at the most: 100 Mbit/s at 5 s of round trip and acknowledgements besides. */
const MOST_CAPACITY = 65_536;

/** What has become of a frame. `other` carries no segment; `gone` was never here, or is no more. */
export type FrameState = "gone" | "other" | "inFlight" | "acked" | "lost";

/** One frame. Objects are reused: read them at once. */
export interface FrameRecord {
  /** Its number, -1 in an unused slot. */
  frame: number;
  state: FrameState;
  /** The segment that it carried, while it is undecided. */
  segment: Segment | undefined;
  /** The next undecided frame of the same stream, -1: none. */
  nextOfStream: number;
  /** Whether the other side answers it within its acknowledgement delay. */
  isEliciting: boolean;
  /** A copy sent on suspicion, by a probe: nothing follows from its being needless. */
  isProbe: boolean;
  sentAt: number;
  /** Whether there was nothing more to send. */
  appLimited: boolean;
  /** The other side's counters, and when they rose last, as known when the frame left. */
  highest: number;
  total: number;
  reportedAt: number;
  /** When the frame left that was the newest one reported then: the start of the rate's interval. */
  firstSentAt: number;
  /** Segments sent up to this frame, and up to the newest one reported when it left. */
  segments: number;
  segmentsReported: number;
}

/** The frames from {@linkcode Inflight.oldest} to {@linkcode Inflight.newest}. */
export class Inflight {
  #ring: FrameRecord[] = [];
  #oldest = 0;
  #newest = -1;
  #count = 0;

  /** The oldest frame still held. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The newest frame; -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Segments in flight. */
  get count(): number {
    return this.#count;
  }

  /** The record of a frame, or `undefined` when it is not held. */
  at(frame: number): FrameRecord | undefined {
    if (frame < this.#oldest || frame > this.#newest) return undefined;
    const record = this.#ring[frame % this.#ring.length];
    return record !== undefined && record.frame === frame ? record : undefined;
  }

  /**
   * Makes room for a frame, which must be newer than all before.
   *
   * @param onForgotten Called for each frame that must be given up for it while in flight; decides it.
   * @returns The record to fill in, with `state` "other" and no segment.
   */
  add(frame: number, onForgotten: (record: FrameRecord) => void): FrameRecord {
    if (frame <= this.#newest) {
      throw new RangeError(`frame ${frame} is not newer than ${this.#newest}`);
    }
    for (;;) {
      if (this.#newest < this.#oldest) this.#oldest = frame;
      if (frame - this.#oldest < this.#ring.length) break;
      const old = this.at(this.#oldest);
      const isWanted = old?.state === "inFlight";
      if (this.#ring.length < (isWanted ? MOST_CAPACITY : LEAST_CAPACITY)) {
        this.#grow();
        continue;
      }
      if (isWanted) onForgotten(old);
      this.forgetBefore(this.#oldest + 1);
    }
    const slot = frame % this.#ring.length;
    const record = this.#ring[slot] ??= emptyRecord();
    record.frame = frame;
    record.state = "other";
    record.segment = undefined;
    record.nextOfStream = -1;
    this.#newest = frame;
    return record;
  }

  /** The newest frame carries a segment: it is in flight from now on. */
  carry(record: FrameRecord, segment: Segment): void {
    const owner = segment.owner;
    const last = this.at(owner.newestFrame);
    if (owner.oldestFrame >= 0 && last !== undefined) last.nextOfStream = record.frame;
    else owner.oldestFrame = record.frame;
    owner.newestFrame = record.frame;
    record.state = "inFlight";
    record.segment = segment;
    this.#count++;
  }

  /** Ends a frame's flight, and keeps the chain of its stream free of what is decided. */
  decide(record: FrameRecord, state: "acked" | "lost"): void {
    const owner = record.segment?.owner;
    record.state = state;
    record.segment = undefined;
    this.#count--;
    while (owner !== undefined && owner.oldestFrame >= 0) {
      const oldest = this.at(owner.oldestFrame);
      if (oldest?.state === "inFlight") return;
      owner.oldestFrame = oldest?.nextOfStream ?? -1;
    }
  }

  /** Forgets all frames below `frame`, none of which may be in flight. */
  forgetBefore(frame: number): void {
    while (this.#oldest < frame && this.#oldest <= this.#newest) {
      const record = this.at(this.#oldest);
      if (record !== undefined) {
        record.frame = -1;
        record.segment = undefined;
      }
      this.#oldest++;
    }
  }

  /** Forgets all frames, unless segments are in flight, and gives their memory back. */
  rest(): void {
    if (this.#count > 0) return;
    this.#ring = [];
    this.#oldest = this.#newest + 1;
  }

  #grow(): void {
    const size = Math.max(LEAST_CAPACITY, this.#ring.length * 2);
    const ring = new Array<FrameRecord>(size);
    for (const record of this.#ring) {
      if (record !== undefined && record.frame >= 0) ring[record.frame % size] = record;
    }
    this.#ring = ring;
  }
}

function emptyRecord(): FrameRecord {
  return {
    frame: -1,
    state: "gone",
    segment: undefined,
    nextOfStream: -1,
    isEliciting: false,
    isProbe: false,
    sentAt: 0,
    appLimited: false,
    highest: -1,
    total: 0,
    reportedAt: 0,
    firstSentAt: 0,
    segments: 0,
    segmentsReported: 0,
  };
}
