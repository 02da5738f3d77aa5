/**
 * How much may be under way over byte streams, which have a congestion control of their own.
 *
 * Below, TCP finds out what the path takes; a second one on top of it would see each of its pauses as
 * a queue, slow down, and leave it with nothing to find out by: at 100 Mbit/s, 50 ms and 5 % loss
 * one connection gave 3 Mbit/s so, and gives 27 to 68. So nothing is paced here, and loss means
 * nothing. What is left to do is to keep the queue in the system's buffers short, which take
 * megabytes: no more is sent ahead than
 *
 *     rate * (round trip + room + silence)
 *
 * with the largest rate of late, the shortest round trip, and the longest time of late in which
 * nothing was heard while much was under way. Where a packet is lost, all that came behind it waits
 * until it has been sent again, so without the last of them the sender would run dry each time. While
 * there is no queue the rate grows with the window, and so the window with itself.
 *
 * @module
 */
import type { AckSample, CongestionController } from "./congestion.ts";
import { MaxFilter } from "./max_filter.ts";

// Tuning.

/** Window at the start, packets, and the least: TCP starts with ten of its own. */
const LEAST_WINDOW = 32;

/** Largest window, packets: what the ledger of frames can hold, less room for acknowledgements. */
const MOST_WINDOW = 32_768;

/** Queue that is allowed, ms, and in shortest round trips: as with UDP. */
const ROOM = 32;
const ROOM_PART = 0.6;

/**
 * A rate is measured every so often, ms and in shortest round trips, over twice as long: in less time
 * what a lost packet held back comes all at once, and looks like a rate.
 */
const RATE_TIME = 200;
const RATE_RTTS = 2;

/** Most of the window while it starts: before a rate is known, packets; then beyond what that fills. */
const FIRST_BOUND = 512;
const START_GAIN = 3;

/** The start is over when the rate has not grown by so much since it was measured before. */
const START_GROWTH = 1.25;

/** How long a rate and a silence count, ms, at least: TCP's own timers make pauses of a second. */
const MEMORY = 3_000;

/**
 * Longest silence that is made up for, ms. At 100 Mbit/s, 50 ms and 5 % loss one connection gave 4
 * Mbit/s without, 43 to 67 with 100 ms and more; but what is sent ahead for a silence waits in a queue
 * whenever there is none.
 */
const MOST_SILENCE = 150;

/** Faster than anything, packets a ms: it is the stream that takes packets, or does not. */
const UNPACED = 1_000;

/** A controller for carriers that keep all that they take. Times in ms. */
export class StreamWindow implements CongestionController {
  readonly name = "stream";
  readonly pacingRate = UNPACED;
  /** Of this term and the one before. */
  readonly #rates = new MaxFilter(2);
  readonly #silences = new MaxFilter(2);
  #least = Infinity;
  #heardAt = -Infinity;
  #measuredAt: number | undefined;
  #acked = 0;
  /** What was acknowledged in the time that was measured before. */
  #measured = { acked: 0, time: 0 };
  #isStarting = true;
  #window: number;

  /** @param window Packets to begin with: what another carrier of the same path took. */
  constructor(window: number = LEAST_WINDOW) {
    this.#window = Math.min(FIRST_BOUND, Math.max(LEAST_WINDOW, window));
  }

  get window(): number {
    return this.#window;
  }

  onAck(sample: AckSample): void {
    const term = Math.floor(sample.now / MEMORY);
    this.#least = Math.min(this.#least, sample.rtt, sample.leastRtt);
    this.#measureRate(sample, term);
    this.#measureSilence(sample, term);
    const room = Math.max(ROOM, ROOM_PART * this.#least);
    const rate = this.#rates.largest;
    if (this.#isStarting) {
      // Below TCP starts too: what waits for it now will not wait for long.
      const growth = sample.rtt > this.#least + room ? 0 : sample.acked;
      const most = Math.max(FIRST_BOUND, START_GAIN * rate * (this.#least + room));
      this.#window = Math.min(MOST_WINDOW, most, this.#window + growth);
      return;
    }
    const target = rate * (this.#least + room + this.#silences.largest);
    this.#window = Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, target));
  }

  onTimeout(): void {
    // Whatever is under way still comes, or its stream is cut.
  }

  onSpuriousLoss(): void {
    // Loss means nothing here.
  }

  #measureRate({ now, acked }: AckSample, term: number): void {
    this.#acked += acked;
    const time = now - (this.#measuredAt ??= now);
    if (time < Math.max(RATE_TIME, RATE_RTTS * this.#least)) return;
    const before = this.#measured;
    const rate = (before.acked + this.#acked) / (before.time + time);
    if (rate < START_GROWTH * this.#rates.largest) this.#isStarting = false;
    this.#rates.add(term, rate);
    this.#measured = { acked: this.#acked, time };
    this.#measuredAt = now;
    this.#acked = 0;
  }

  #measureSilence({ now, priorInFlight }: AckSample, term: number): void {
    const silence = now - this.#heardAt;
    this.#heardAt = now;
    // Where little was under way nothing was to be heard.
    const isSilent = priorInFlight > this.#window / 2;
    this.#silences.add(term, isSilent ? Math.min(MOST_SILENCE, silence) : 0);
  }
}
