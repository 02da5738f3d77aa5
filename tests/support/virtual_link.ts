/**
 * One direction of a bad path under virtual time.
 */
import type { VirtualClock } from "./virtual_clock.ts";

/** How bad. Times in ms, rates in bytes a ms, chances 0 to 1. */
export interface LinkOptions {
  delay?: number;
  jitter?: number;
  loss?: number;
  /** Mean length of a run of losses; 1: independent. */
  burst?: number;
  duplicate?: number;
  /** Chance of being held back by up to `reorderDelay`. */
  reorder?: number;
  reorderDelay?: number;
  corrupt?: number;
  /** Bottleneck; Infinity: none. */
  rate?: number;
  /** Packets that wait at the bottleneck at the most. */
  queue?: number;
}

/** Bytes that UDP and IP add on the wire. */
const HEADERS = 28;

/** A seeded path for packets in one direction. Its options may change at any time. */
export class VirtualLink {
  readonly options: LinkOptions;
  /** Nothing gets through while it is set. */
  isDown = false;
  readonly counts = { sent: 0, lost: 0, overflowed: 0, delivered: 0 };
  readonly #clock: VirtualClock;
  readonly #next: () => number;
  #freeAt = 0;
  #queued = 0;
  #isBad = false;

  constructor(clock: VirtualClock, next: () => number, options: LinkOptions = {}) {
    this.#clock = clock;
    this.#next = next;
    this.options = { ...options };
  }

  /** Takes a copy of a packet; `deliver` gets it when and if it arrives. */
  send(packet: Uint8Array, deliver: (packet: Uint8Array) => void): void {
    const { rate = Infinity, queue = 1000, duplicate = 0 } = this.options;
    this.counts.sent++;
    if (this.#queued >= queue) {
      this.counts.overflowed++;
      return;
    }
    const copy = packet.slice();
    const leavesAt = Math.max(this.#clock.now, this.#freeAt) + (packet.length + HEADERS) / rate;
    this.#freeAt = leavesAt;
    this.#queued++;
    this.#clock.at(leavesAt, () => {
      this.#queued--;
      if (this.isDown || this.#isLost()) {
        this.counts.lost++;
        return;
      }
      this.#deliver(copy, deliver);
      if (this.#next() < duplicate) this.#deliver(copy.slice(), deliver);
    });
  }

  #deliver(packet: Uint8Array, deliver: (packet: Uint8Array) => void): void {
    const { delay = 0, jitter = 0, reorder = 0, reorderDelay = 10, corrupt = 0 } = this.options;
    const extra = jitter * this.#next() +
      (this.#next() < reorder ? reorderDelay * this.#next() : 0);
    if (packet.length > 0 && this.#next() < corrupt) {
      packet[Math.floor(this.#next() * packet.length)]! ^= 1 << Math.floor(this.#next() * 8);
    }
    this.#clock.at(this.#clock.now + delay + extra, () => {
      this.counts.delivered++;
      deliver(packet);
    });
  }

  #isLost(): boolean {
    const { loss = 0, burst = 1 } = this.options;
    if (burst <= 1) return this.#next() < loss;
    // Gilbert: good and bad states, with the mean lengths that make this loss.
    this.#isBad = this.#isBad
      ? this.#next() >= 1 / burst
      : this.#next() < loss / (1 - loss) / burst;
    return this.#isBad;
  }
}
