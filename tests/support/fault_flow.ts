/**
 * A transfer over a stream during which something breaks: what came, when, and whether it was right.
 */
import assert from "node:assert/strict";
import type { Link } from "../../src/adapters/sim.ts";
import type { RelConn } from "../../src/net/contract.ts";

/** Bytes of a stream, of which any part says where it belongs. */
function byteAt(position: number): number {
  return (position * 31 + (position >> 8) * 7 + (position >> 16)) % 251;
}

/** Written again and again by flows; each write is that long. */
const CHUNK = 65_536;

/** One direction of a stream in use. */
export class FaultFlow {
  /** When something came, ms, and how many bytes had come by then. */
  readonly arrivals: { readonly at: number; readonly total: number }[] = [];
  /** Settles when all has arrived; rejects when the stream fails at either end. */
  readonly done: Promise<void>;
  readonly #now: () => number;

  /** Starts to send so many bytes. */
  constructor(from: RelConn, to: RelConn, amount: number, now: () => number) {
    this.#now = now;
    this.done = Promise.all([this.#write(from, amount), this.#read(to, amount)]).then(() => {});
    this.done.catch(() => {});
  }

  /** Bytes that have come. */
  get total(): number {
    return this.arrivals.at(-1)?.total ?? 0;
  }

  /** How long after an instant so many bytes have come since then, ms; `Infinity`: they have not. */
  timeUntil(bytes: number, since: number): number {
    const before = this.arrivals.findLast(({ at }) => at <= since)?.total ?? 0;
    const found = this.arrivals.find(({ total }) => total >= before + bytes);
    return found === undefined ? Infinity : found.at - since;
  }

  /** The longest time in which nothing came, of a span that is given by its ends, ms. */
  longestGap(from: number, until: number): number {
    const times = this.arrivals.map(({ at }) => at).filter((at) => at > from && at < until);
    return Math.max(...[from, ...times].map((at, i) => (times[i] ?? until) - at));
  }

  async #write(conn: RelConn, amount: number): Promise<void> {
    for (let start = 0; start < amount; start += CHUNK) {
      const length = Math.min(CHUNK, amount - start);
      await conn.write(Uint8Array.from({ length }, (_, i) => byteAt(start + i)));
    }
    conn.closeWrite();
  }

  async #read(conn: RelConn, amount: number): Promise<void> {
    const into = new Uint8Array(CHUNK);
    let total = 0;
    for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
      for (let i = 0; i < count; i++) {
        if (into[i] !== byteAt(total + i)) assert.fail(`byte ${total + i} is wrong`);
      }
      total += count;
      this.arrivals.push({ at: this.#now(), total });
    }
    assert.equal(total, amount);
  }
}

/** What a node sends into a path, between two looks at the counters. */
export class SendMeter {
  readonly #link: Link;
  #packets = 0;
  #bytes = 0;
  #since = -Infinity;

  constructor(link: Link, now: number) {
    this.#link = link;
    this.read(now);
  }

  /** Packets and bytes a second since the last look. */
  read(now: number): { readonly packets: number; readonly bytes: number } {
    const { sent, bytesSent } = this.#link.counts;
    const seconds = (now - this.#since) / 1_000;
    const packets = (sent - this.#packets) / seconds;
    const bytes = (bytesSent - this.#bytes) / seconds;
    [this.#packets, this.#bytes, this.#since] = [sent, bytesSent, now];
    return { packets, bytes };
  }
}
