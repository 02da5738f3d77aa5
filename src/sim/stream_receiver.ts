/**
 * The receiving half of a simulated byte stream.
 *
 * It takes what fits into its window, in any order, and gives it on in order.
 *
 * @module
 */
import { ByteRing } from "./byte_ring.ts";

// Tuning.

/** Bytes that wait to be read, at the most: what systems allow a connection from the start. */
const WINDOW = 256 * 1024;

/** Bytes that have come, and before which some are missing. */
interface Island {
  from: number;
  until: number;
}

/** The receiving half. Places are counted as in TCP: byte 0 is the SYN. */
export class StreamReceiver {
  readonly #ring = new ByteRing(WINDOW);
  readonly #islands: Island[] = [];
  #next = 1;
  #readUntil = 1;
  #finAt = Infinity;

  /** The first place of which nothing has come. */
  get next(): number {
    return this.#next;
  }

  /** Bytes that may come beyond `next`. */
  get window(): number {
    return Math.max(0, this.#readUntil + WINDOW - this.#next);
  }

  /** Bytes that can be read. */
  get readable(): number {
    return Math.min(this.#next, this.#finAt) - this.#readUntil;
  }

  /** Whether all has come that will ever come. */
  get isFinished(): boolean {
    return this.#next > this.#finAt;
  }

  /** Whether something came before which something is missing. */
  get hasGap(): boolean {
    return this.#islands.length > 0;
  }

  /** Bytes have come; `isLast`: the stream ends behind them. */
  take(sequence: number, payload: Uint8Array, isLast: boolean): void {
    if (isLast) this.#finAt = sequence + payload.length;
    const from = Math.max(sequence, this.#next);
    const until = Math.min(sequence + payload.length, this.#readUntil + WINDOW);
    if (until > from) {
      this.#ring.write(from, payload.subarray(from - sequence, until - sequence));
      this.#join(from, until);
    }
    // The end takes a place of its own, and is believed only when all before it is there.
    if (this.#next === this.#finAt) this.#next++;
  }

  /** Reads what is there, at most so much. */
  read(most: number): Uint8Array {
    const bytes = this.#ring.read(this.#readUntil, Math.min(most, this.readable));
    this.#readUntil += bytes.length;
    return bytes;
  }

  #join(from: number, until: number): void {
    const islands = this.#islands;
    islands.push({ from, until });
    islands.sort((a, b) => a.from - b.from);
    for (let i = 0; i + 1 < islands.length;) {
      const [left, right] = [islands[i]!, islands[i + 1]!];
      if (left.until < right.from) i++;
      else {
        left.until = Math.max(left.until, right.until);
        islands.splice(i + 1, 1);
      }
    }
    const first = islands[0]!;
    if (first.from > this.#next) return;
    this.#next = first.until;
    islands.shift();
  }
}
