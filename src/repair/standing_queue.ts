/**
 * Notices a queue on the way, by the delay of reports.
 *
 * While even the quickest report of a moment takes longer than one ever did lately, a queue stands.
 * A delay that stays raised and flat is a new route.
 *
 * @module
 */

// Tuning.

/** A queue stands when reports take longer by so much, in ms and as a share. */
const QUEUED = 8;
const QUEUED_SHARE = 0.15;

/** Length of a moment whose quickest report counts, ms, and its reports: some are late by losses. */
const MOMENT = 60;
const MOMENT_REPORTS = 8;

/** A report waits for no longer than a frame's spacing: reports it averages over, and most, ms. */
const SPACING_SPAN = 8;
const MOST_SPACING = 100;

/** How long the quickest report is remembered, ms: twice this, at most. */
const BASE_MEMORY = 30_000;

/** A route is new when the delay stays raised so long, ms, and flat within so much. */
const NEW_ROUTE = 5000;
const FLAT = 4;
const FLAT_SHARE = 0.08;

/** The queue of one path. Times in ms. */
export class StandingQueue {
  #base = Infinity;
  #newBase = Infinity;
  #baseSince = -Infinity;
  #momentLeast = Infinity;
  #momentSince = -Infinity;
  #momentReports = 0;
  #delay = 0;
  #spacing = 0;
  #isStanding = false;
  #raisedSince = 0;
  #flatLeast = Infinity;
  #flatMost = 0;

  /** Whether one stands now. */
  get isStanding(): boolean {
    return this.#isStanding;
  }

  /** What the quickest report took in the last moment. */
  get delay(): number {
    return this.#delay;
  }

  /**
   * A report has come, so long after the newest frame in it was sent.
   *
   * @param spacing How long after the one before that frame was sent. When reports and frames are in
   * step, a report may wait for so long at every time.
   * @returns Whether a moment is over.
   */
  onDelay(delay: number, spacing: number, now: number): boolean {
    this.#spacing += (Math.min(spacing, MOST_SPACING) - this.#spacing) / SPACING_SPAN;
    this.#momentLeast = Math.min(this.#momentLeast, delay);
    this.#momentReports++;
    if (now - this.#momentSince < MOMENT || this.#momentReports < MOMENT_REPORTS) return false;
    this.#judge(this.#momentLeast, now);
    this.#momentSince = now;
    this.#momentReports = 0;
    this.#momentLeast = Infinity;
    return true;
  }

  #judge(least: number, now: number): void {
    this.#delay = least;
    if (now - this.#baseSince > BASE_MEMORY) {
      this.#base = this.#newBase;
      this.#newBase = Infinity;
      this.#baseSince = now;
    }
    this.#newBase = Math.min(this.#newBase, least);
    this.#base = Math.min(this.#base, this.#newBase);
    const slack = this.#spacing + Math.max(QUEUED, QUEUED_SHARE * this.#base);
    this.#isStanding = least - this.#base > slack;
    if (this.#isStanding) this.#noticeNewRoute(least, now);
    else this.#flatLeast = Infinity;
  }

  #noticeNewRoute(least: number, now: number): void {
    const low = Math.min(this.#flatLeast, least);
    const high = Math.max(this.#flatMost, least);
    const isFlat = this.#flatLeast < Infinity && high - low <= Math.max(FLAT, FLAT_SHARE * low);
    [this.#flatLeast, this.#flatMost] = isFlat ? [low, high] : [least, least];
    if (!isFlat) this.#raisedSince = now;
    // A queue of our own is flat too when it is always full; trials guard against it.
    if (now - this.#raisedSince < NEW_ROUTE) return;
    this.#base = this.#newBase = low;
    this.#baseSince = now;
    this.#isStanding = false;
  }
}
