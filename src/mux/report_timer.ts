/**
 * When to tell the other side what has come of what it sent, though there is nothing to send.
 *
 * Every frame carries the counters from which the other side learns its losses and its round trip; a
 * side that only listens to unreliable messages sends none. So it says something now and then, but
 * only when messages have come since it last spoke. What says nothing itself (an Empty message) is
 * not reported, or two silent ends would talk for ever.
 *
 * @module
 */

// Tuning.

/** How often at the most while frames are missing, ms: repair on request waits for the report. */
const LOSSY_INTERVAL = 25;

/** How often on a path that loses nothing, ms: round trip and loss are kept up to date by it. */
const CLEAN_INTERVAL = 500;

/** How long a path counts as losing after a loss, ms: the memory of the sender's loss estimate. */
const LOSS_MEMORY = 15_000;

/** The reports of one session. Times in ms. */
export class ReportTimer {
  #deadline = Infinity;
  #spokeAt = -Infinity;
  #lossyUntil = -Infinity;

  /** When {@linkcode handleTimeout} wants to be called. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Frames of the other side are missing. */
  onLoss(now: number): void {
    this.#lossyUntil = now + LOSS_MEMORY;
  }

  /** A message has come that is worth a report. */
  onHeard(now: number): void {
    const isLossy = now < this.#lossyUntil;
    const due = isLossy ? Math.max(now, this.#spokeAt + LOSSY_INTERVAL) : now + CLEAN_INTERVAL;
    this.#deadline = Math.min(this.#deadline, due);
  }

  /** A frame is sent: it says all that there is to say. */
  onSpoken(now: number): void {
    this.#spokeAt = now;
    this.#deadline = Infinity;
  }

  /** The deadline may have passed; returns whether it is time to speak. */
  handleTimeout(now: number): boolean {
    return now >= this.#deadline;
  }
}
