/**
 * How many of the frames that we sent are lost for good, by the other side's counters.
 *
 * A report says what the highest number is that arrived, and how many did. The difference is what is
 * missing: lost, or merely late. What is late arrives in the end, and the number of missing frames
 * falls again. So of all frames up to a report only so many can be lost as were missing at the
 * *least* in any later report. The rules:
 *
 *  - on a path that keeps order each report settles at once;
 *  - where missing frames have turned up, a report settles only after a *hold*: a bit longer than it
 *    took any of them lately. The least that is missing in that time is what was lost;
 *  - what turns up later still is taken back.
 *
 * @module
 */

// Tuning.

/** Reports remembered; they are merged when they come too often for that. */
const REPORTS = 64;

/** Reports closer together are one, ms. */
const LEAST_SPACING = 2;

/** Of a hold, so that the memory spans two of them. */
const SPACING_SHARE = 1 / 32;

/** A hold is longer than the lateness that was seen, as the next may be worse. */
const HOLD_MARGIN = 1.25;

/** Shortest hold, ms. */
const LEAST_HOLD = 5;

/** Longest hold, ms: what is later is useless anyway. */
const MOST_HOLD = 2000;

/** A hold grows by no more than this at a time: rare coincidences look like great lateness. */
const MOST_GROWTH = 2;

/** The first hold, ms, at the most. */
const MOST_FIRST_HOLD = 500;

/** Late arrivals that do not matter once there is a hold: no hold is worth the very last of them. */
const BEARABLE = 1;

/** And as a share of all frames: they would not show in the loss rate. */
const NEGLIGIBLE = 1 / 500;

/** A hold is halved after so long without a late arrival that mattered, ms. */
const MEMORY = 5000;

interface Report {
  at: number;
  highest: number;
  /** Missing when the report came. */
  missing: number;
  /** Missing at the least, then or later. */
  least: number;
}

/** What became certain. */
export interface Settled {
  /** The highest frame number that is settled. */
  readonly highest: number;
  /** Frames that were settled. */
  readonly frames: number;
  /** How many of them are lost; below 0 when frames arrived that had been given up. */
  readonly lost: number;
}

/** Sorts out the loss of one direction. Times in ms. */
export class SettledLoss {
  #reports: Report[] = [];
  #highest = -1;
  #total = 0;
  #settledHighest = -1;
  #settledLost = 0;
  #hold = 0;
  #learnedAt = -Infinity;
  #learnedHighest = -1;
  #takenBack = 0;

  /** How long a report waits until it is believed; 0 while the path keeps order. */
  get hold(): number {
    return this.#hold;
  }

  /** The highest frame number that has arrived; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /**
   * Takes a report.
   *
   * @param highest The highest frame number that has arrived.
   * @param total How many frames have arrived, at least 1 and at most `highest + 1`.
   * @returns What it settled; `undefined` when it is older than one before.
   */
  update(highest: number, total: number, now: number): Settled | undefined {
    if (highest < this.#highest || total < this.#total) return undefined;
    this.#highest = highest;
    this.#total = total;
    const missing = highest + 1 - total;
    this.#learnHold(missing, now);
    for (let i = this.#reports.length - 1; i >= 0; i--) {
      const report = this.#reports[i]!;
      if (report.least <= missing) break;
      report.least = missing;
    }
    this.#remember({ at: now, highest, missing, least: missing });
    return this.#settle(missing, now);
  }

  /** No report is waited for any more: the last one says what is to be said of those before it. */
  rest(): void {
    this.#reports = this.#reports.slice(-1);
  }

  /** Late arrivals matter when they had been given up, and are not too few to show. */
  #learnHold(missing: number, now: number): void {
    this.#takenBack += Math.max(0, this.#settledLost - missing);
    const bearable = this.#hold === 0 ? 0 : BEARABLE;
    if (this.#takenBack > bearable + NEGLIGIBLE * (this.#highest - this.#learnedHighest)) {
      const hold = HOLD_MARGIN * (now - this.#moreMissingSince(missing, now));
      const most = this.#hold === 0 ? MOST_FIRST_HOLD : MOST_GROWTH * this.#hold;
      this.#hold = Math.max(LEAST_HOLD, this.#hold, Math.min(MOST_HOLD, most, hold));
    } else if (now - this.#learnedAt < MEMORY) return;
    else this.#hold = this.#hold <= LEAST_HOLD ? 0 : this.#hold / 2;
    this.#learnedAt = now;
    this.#learnedHighest = this.#highest;
    this.#takenBack = 0;
  }

  /** That long ago the latest of those that have just come should have come. */
  #moreMissingSince(missing: number, now: number): number {
    let since = now;
    for (let i = this.#reports.length - 1; i >= 0; i--) {
      const report = this.#reports[i]!;
      if (report.missing <= missing) break;
      since = report.at;
    }
    return since;
  }

  #remember(report: Report): void {
    const newest = this.#reports.at(-1);
    const spacing = Math.max(LEAST_SPACING, this.#hold * SPACING_SHARE);
    if (newest !== undefined && report.at - newest.at < spacing) {
      newest.highest = report.highest;
      newest.missing = report.missing;
      newest.least = report.least;
      return;
    }
    if (this.#reports.length >= REPORTS) this.#reports.shift();
    this.#reports.push(report);
  }

  #settle(missing: number, now: number): Settled {
    const highestBefore = this.#settledHighest;
    const lostBefore = this.#settledLost;
    for (const report of this.#reports) {
      if (report.at > now - this.#hold) break;
      if (report.highest < this.#settledHighest) continue;
      this.#settledHighest = report.highest;
      this.#settledLost = report.least;
    }
    this.#settledLost = Math.min(this.#settledLost, missing);
    return {
      highest: this.#settledHighest,
      frames: this.#settledHighest - highestBefore,
      lost: this.#settledLost - lostBefore,
    };
  }
}
