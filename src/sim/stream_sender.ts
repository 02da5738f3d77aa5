/**
 * The sending half of a simulated byte stream: TCP as it is in textbooks.
 *
 * Slow start and congestion avoidance, a fast retransmission after three repeated acknowledgements
 * and one for each gap that is found behind it (NewReno), and a timer that begins again from the
 * first byte that is missing. Nothing is ever lost to the program; loss shows as delay. Sources:
 * RFC 5681, 6298, 6582.
 *
 * @module
 */
import { ByteRing } from "./byte_ring.ts";
import type { EventQueue } from "./clock.ts";
import { MOST_PAYLOAD } from "./segment.ts";

// Protocol constants: those of RFC 6298 and RFC 6928, but for the shortest timer, which is Linux's.

const FIRST_TIMEOUT = 1_000;
const LEAST_TIMEOUT = 200;
const MOST_TIMEOUT = 60_000;
const INITIAL_WINDOW = 10 * MOST_PAYLOAD;

// Tuning.

/** Bytes that were written and not acknowledged, at the most. */
const BUFFER = 256 * 1024;

/** Timeouts in a row after which the connection counts as lost. */
const MOST_TIMEOUTS = 10;

/** What a sender needs. */
export interface SenderOptions {
  readonly clock: EventQueue;
  /** Sends bytes of the stream. `isLast`: the stream ends behind them. */
  readonly transmit: (sequence: number, payload: Uint8Array, isLast: boolean) => void;
  /** Nobody has answered for too long. */
  readonly onLost: () => void;
}

/** The sending half. Places are counted as in TCP: byte 0 is the SYN. */
export class StreamSender {
  readonly #options: SenderOptions;
  readonly #ring = new ByteRing(BUFFER);
  #written = 1;
  #isFinished = false;
  /** The first place that is not acknowledged, the next to send, and the highest that was sent. */
  #acked = 1;
  #next = 1;
  #sentUntil = 1;
  #windowEnd = 1;
  #congestionWindow = INITIAL_WINDOW;
  #threshold = Infinity;
  #repeats = 0;
  /** Until this place is acknowledged the loss that was noticed last is being repaired. */
  #recoverUntil = 0;
  #timed: { readonly place: number; readonly sentAt: number } | undefined;
  #smoothed = 0;
  #variance = 0;
  #timeout = FIRST_TIMEOUT;
  #timeouts = 0;
  #timer: Disposable | undefined;
  #isStopped = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Bytes that can be written now. */
  get room(): number {
    return BUFFER - (this.#written - this.#acked);
  }

  /** Whether everything has arrived, the end included. */
  get isDone(): boolean {
    return this.#isFinished && this.#acked > this.#written;
  }

  /** Takes bytes to send, as many as there is room for; returns how many. */
  write(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.room);
    this.#ring.write(this.#written, bytes.subarray(0, count));
    this.#written += count;
    this.#sendAll();
    return count;
  }

  /** Nothing more will be written. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#sendAll();
  }

  /** The other end has everything below a place, and takes so many bytes beyond it. */
  onAck(place: number, window: number, isBare: boolean): void {
    if (place > this.#end || place < this.#acked) return;
    const isOpened = place + window > this.#windowEnd;
    this.#windowEnd = Math.max(this.#windowEnd, place + window);
    if (place > this.#acked) this.#onProgress(place);
    else if (isBare && !isOpened && this.#sentUntil > place) this.#onRepeat();
    this.#sendAll();
    this.#arm();
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** The place behind the last one that there is, the end included. */
  get #end(): number {
    return this.#written + (this.#isFinished ? 1 : 0);
  }

  #onProgress(place: number): void {
    const { now } = this.#options.clock;
    const fresh = place - this.#acked;
    this.#acked = place;
    this.#next = Math.max(this.#next, place);
    this.#timeouts = 0;
    this.#setTimeout();
    if (this.#timed !== undefined && place >= this.#timed.place) {
      this.#onMeasured(now - this.#timed.sentAt);
      this.#timed = undefined;
    }
    if (this.#repeats >= 3 && place < this.#recoverUntil) {
      // A gap behind the one that was filled.
      this.#congestionWindow = Math.max(
        MOST_PAYLOAD,
        this.#congestionWindow - fresh + MOST_PAYLOAD,
      );
      this.#send(place);
    } else {
      if (this.#repeats >= 3) this.#congestionWindow = this.#threshold;
      this.#repeats = 0;
      const isSlowStart = this.#congestionWindow < this.#threshold;
      this.#congestionWindow += isSlowStart
        ? Math.min(fresh, MOST_PAYLOAD)
        : MOST_PAYLOAD * MOST_PAYLOAD / this.#congestionWindow;
    }
    this.#cancel();
  }

  #onRepeat(): void {
    this.#repeats++;
    // Each repeat says that a packet has left the path.
    if (this.#repeats > 3) this.#congestionWindow += MOST_PAYLOAD;
    if (this.#repeats !== 3 || this.#acked < this.#recoverUntil) return;
    this.#recoverUntil = this.#sentUntil;
    this.#halve();
    this.#congestionWindow = this.#threshold + 3 * MOST_PAYLOAD;
    this.#send(this.#acked);
  }

  #onMeasured(rtt: number): void {
    if (this.#smoothed === 0) {
      this.#smoothed = rtt;
      this.#variance = rtt / 2;
    } else {
      this.#variance += (Math.abs(this.#smoothed - rtt) - this.#variance) / 4;
      this.#smoothed += (rtt - this.#smoothed) / 8;
    }
    this.#setTimeout();
  }

  #setTimeout(): void {
    const measured = Math.max(LEAST_TIMEOUT, this.#smoothed + 4 * this.#variance);
    this.#timeout = this.#smoothed === 0 ? FIRST_TIMEOUT : measured;
  }

  #onTimeout(): void {
    this.#timer = undefined;
    if (++this.#timeouts > MOST_TIMEOUTS) return this.#options.onLost();
    this.#timeout = Math.min(MOST_TIMEOUT, 2 * this.#timeout);
    this.#timed = undefined;
    this.#repeats = 0;
    if (this.#sentUntil > this.#acked) {
      this.#halve();
      this.#recoverUntil = this.#sentUntil;
      this.#congestionWindow = MOST_PAYLOAD;
    }
    this.#next = this.#acked;
    // Also into a window that is closed: the answer says whether it still is.
    this.#next += this.#send(this.#acked, this.#windowEnd > this.#acked ? MOST_PAYLOAD : 1);
    this.#arm();
  }

  #halve(): void {
    this.#threshold = Math.max(2 * MOST_PAYLOAD, (this.#sentUntil - this.#acked) / 2);
  }

  #sendAll(): void {
    if (this.#isStopped) return;
    const limit = Math.min(this.#windowEnd, this.#acked + this.#congestionWindow);
    while (this.#next < this.#end) {
      // The end needs no window.
      const most = Math.min(MOST_PAYLOAD, limit - this.#next);
      const rest = this.#written - this.#next;
      if (rest > 0 && most < Math.min(rest, MOST_PAYLOAD)) break;
      this.#next += this.#send(this.#next);
    }
    this.#arm();
  }

  /** Sends a packet that begins at a place; returns how many places it takes. */
  #send(place: number, most: number = MOST_PAYLOAD): number {
    const length = Math.max(0, Math.min(most, this.#written - place));
    const isLast = this.#isFinished && place + length === this.#written;
    const places = length + (isLast ? 1 : 0);
    if (places === 0) return 0;
    const isNew = place + places > this.#sentUntil;
    if (isNew && this.#timed === undefined) {
      this.#timed = { place: place + places, sentAt: this.#options.clock.now };
    }
    // What is sent again would be measured by the answer to the first copy.
    if (!isNew && this.#timed !== undefined && this.#timed.place <= place + places) {
      this.#timed = undefined;
    }
    this.#sentUntil = Math.max(this.#sentUntil, place + places);
    this.#options.transmit(place, this.#ring.read(place, length), isLast);
    return places;
  }

  #arm(): void {
    if (this.#isStopped || this.#acked >= this.#end) return this.#cancel();
    if (this.#timer !== undefined) return;
    const { clock } = this.#options;
    this.#timer = clock.at(clock.now + this.#timeout, () => this.#onTimeout());
  }

  #cancel(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
