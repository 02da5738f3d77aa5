/**
 * A recovery, and the two sides that it stands between.
 */
import { Recovery } from "../../src/mux/recovery.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import type { Segment, SegmentOwner } from "../../src/mux/segment.ts";
import { ANSWER } from "../../src/mux/sent_message.ts";
import { FixedCongestion } from "./fixed_congestion.ts";
import { segment, segmentOwner } from "./segments.ts";

/** Sends segments in numbered frames, and tells the recovery what the other side says. */
export class RecoveryBench {
  readonly rtt = new RttEstimator(100);
  readonly congestion: FixedCongestion;
  readonly recovery: Recovery;
  readonly owner = segmentOwner();
  now = 0;
  /** Number of the next frame. */
  frame: number;
  /** Number of the next segment. */
  sequence = 0;

  constructor(firstFrame = 0, congestion = new FixedCongestion()) {
    this.frame = firstFrame;
    this.congestion = congestion;
    this.recovery = new Recovery(this.rtt, congestion, 0);
  }

  /** Segments in flight, asked for through the window. */
  get inFlight(): number {
    let least = 0;
    const { window } = this.congestion;
    for (let step = 65_536; step >= 1; step /= 2) {
      this.congestion.window = least + step;
      // The window is full when that many or more are in flight.
      if (this.recovery.paceDeadline === Infinity) least += step;
    }
    this.congestion.window = window;
    return least;
  }

  /** Sends a segment, or a new one; returns it. */
  send(sent?: Segment, owner: SegmentOwner = this.owner, isProbe = false, isLast = false): Segment {
    const piece = sent ?? segment(this.sequence++, owner);
    this.recovery.onSent(
      this.frame++,
      { segment: piece, isEliciting: true, isQuestion: true, isProbe, isLast, maxAge: 0 },
      this.now,
    );
    return piece;
  }

  /** Sends so many new segments, a millisecond apart. */
  sendMany(count: number, owner: SegmentOwner = this.owner): Segment[] {
    return Array.from({ length: count }, () => {
      this.now++;
      return this.send(undefined, owner);
    });
  }

  /** Sends a frame without a segment. */
  sendOther(isEliciting = false): void {
    this.recovery.onSent(this.frame++, { ...ANSWER, isEliciting }, this.now);
  }

  /** A frame comes that says which was the highest frame, how many came, and what is acknowledged. */
  report(highest: number, total: number, acked: readonly Segment[] = [], owners = [this.owner]) {
    this.recovery.onCounters(highest, total);
    for (const piece of acked) this.recovery.onAcked(piece);
    for (const owner of owners) this.recovery.onStreamReport(owner);
    this.recovery.settle(this.now);
  }

  /** Lets time pass until the deadline. */
  timeout(): void {
    this.now = Math.max(this.now, this.recovery.deadline);
    this.recovery.handleTimeout(this.now);
  }

  /** Takes all lost segments. */
  lost(): Segment[] {
    const taken: Segment[] = [];
    for (let next = this.recovery.takeLost(); next; next = this.recovery.takeLost()) {
      taken.push(next);
    }
    return taken;
  }

  /** Takes all probes. */
  probes(): Segment[] {
    const taken: Segment[] = [];
    for (let next = this.recovery.takeProbe(); next; next = this.recovery.takeProbe()) {
      taken.push(next);
    }
    return taken;
  }
}
