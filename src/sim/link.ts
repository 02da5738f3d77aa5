/**
 * One direction of a bad path.
 *
 * A packet goes through five stages:
 *
 *     loss ahead -> queue -> bottleneck -> loss behind -> delay -> arrival
 *
 * Each stage looks at the conditions when the packet gets there. So they may change while packets
 * are on their way: a new rate holds from the next packet on that leaves the queue, a new delay for
 * those that leave the bottleneck after it.
 *
 * What happens to the n-th packet under one condition hangs on the seed, the condition and n alone:
 * switching one condition on leaves the fates under the others as they were. The link does not know
 * what time is: it runs under virtual time in the simulator, and on real timers in a relay.
 *
 * @module
 */
import type { EventQueue } from "./clock.ts";
import { Codel } from "./codel.ts";
import { type CompleteConditions, completeConditions, type LinkConditions } from "./conditions.ts";
import { DelayHistogram } from "./delay_histogram.ts";
import { isBlackedOut, Loss } from "./loss.ts";
import { type Deliver, HEADERS, Packet, WaitingPackets } from "./packet.ts";
import { SeededStream } from "./seeded_random.ts";

// Protocol constants.

/** Bytes in a ms at 1 Mbit/s. */
const BYTES_PER_MBIT_MS = 125;

// Tuning.

/** Packets that are kept to be used again: half a megabyte, and enough for what comes and goes. */
const MOST_FREE = 256;

/** What has happened to the packets of a link. */
export interface LinkCounts {
  /** Packets that came in. */
  readonly sent: number;
  /** Bytes of all of these on the wire, headers included. */
  readonly bytesSent: number;
  /** Lost by `loss` or a trace. */
  readonly lost: number;
  /** Lost because the link was down. */
  readonly blackedOut: number;
  /** Dropped at the queue. */
  readonly overflowed: number;
  /** Dropped because they were too long. */
  readonly tooLong: number;
  /** Delivered twice. */
  readonly duplicated: number;
  /** Held back. */
  readonly reordered: number;
  /** Delivered with a bit turned over. */
  readonly corrupted: number;
  /** Packets that came out, each copy counted. */
  readonly delivered: number;
  /** Bytes of all of these on the wire, headers included. */
  readonly bytesDelivered: number;
}

export type { Deliver };

/** A link. */
export class Link {
  /** How long each packet waited at the bottleneck before it was sent. */
  readonly waits: DelayHistogram = new DelayHistogram();
  readonly #clock: EventQueue;
  readonly #loss: Loss;
  readonly #jitter: SeededStream;
  readonly #reorder: SeededStream;
  readonly #reorderDelay: SeededStream;
  readonly #duplicate: SeededStream;
  readonly #corrupt: SeededStream;
  readonly #corruptBit: SeededStream;
  readonly #waiting: WaitingPackets;
  readonly #codel = new Codel();
  readonly #free: Packet[] = [];
  readonly #onSent = () => this.#leaveBottleneck();
  #given: LinkConditions;
  #conditions: CompleteConditions;
  #counts = zeroCounts();
  #numbered = 0;
  #leaving: Packet | undefined;
  #lastArrivalAt = 0;

  /**
   * Nothing is on its way at first.
   *
   * @param clock The time that it runs under.
   * @param seed Decides everything.
   * @throws RangeError where a condition makes no sense.
   */
  constructor(clock: EventQueue, seed: number | string, conditions: LinkConditions = {}) {
    this.#clock = clock;
    this.#loss = new Loss(`${seed}`);
    this.#jitter = new SeededStream(`${seed}/jitter`);
    this.#reorder = new SeededStream(`${seed}/reorder`);
    this.#reorderDelay = new SeededStream(`${seed}/reorder delay`);
    this.#duplicate = new SeededStream(`${seed}/duplicate`);
    this.#corrupt = new SeededStream(`${seed}/corrupt`);
    this.#corruptBit = new SeededStream(`${seed}/corrupt bit`);
    this.#given = { ...conditions };
    this.#conditions = completeConditions(conditions);
    this.#waiting = new WaitingPackets((packet) => {
      this.#counts.overflowed++;
      this.#release(packet);
    });
  }

  /** The conditions that were set. */
  get conditions(): LinkConditions {
    return this.#given;
  }

  /** Whether no datagram passes. */
  get blocksDatagrams(): boolean {
    return this.#conditions.blocksDatagrams;
  }

  /** What has happened since the beginning, or the last `resetCounts`. */
  get counts(): LinkCounts {
    return this.#counts;
  }

  /** Packets at the bottleneck now, the one that is being sent included. */
  get queueLength(): number {
    return this.#waiting.length + (this.#leaving === undefined ? 0 : 1);
  }

  /**
   * Changes some conditions; the others stay. `undefined` takes one back.
   *
   * @throws RangeError where a condition makes no sense. Nothing has changed then.
   */
  change(conditions: LinkConditions): void {
    const given = { ...this.#given, ...conditions };
    this.#conditions = completeConditions(given);
    this.#given = given;
  }

  /** Begins to count and to measure anew. */
  resetCounts(): void {
    this.#counts = zeroCounts();
    this.waits.reset();
  }

  /**
   * Sends a copy of a packet on its way.
   *
   * @param deliver Called when and if it arrives, never synchronously: once, or twice for one that
   * is duplicated.
   */
  send(packet: Uint8Array, deliver: Deliver): void {
    const { lossAt, rate, mtu, queue, queueTime } = this.#conditions;
    const number = this.#numbered++;
    const size = packet.length + HEADERS;
    this.#counts.sent++;
    this.#counts.bytesSent += size;
    if (size > mtu) {
      this.#counts.tooLong++;
      return;
    }
    if (lossAt === "ahead" && this.#isLost(number)) return;
    const isIdle = this.#leaving === undefined;
    if (isIdle && rate === Infinity) {
      this.#waitForNothing(this.#keep(packet, number, deliver));
      return;
    }
    const bytes = this.#waiting.bytes + (this.#leaving === undefined ? 0 : this.#leaving.size);
    if (this.queueLength >= queue || (bytes + size) / (rate * BYTES_PER_MBIT_MS) > queueTime) {
      this.#counts.overflowed++;
      return;
    }
    this.#waiting.push(this.#keep(packet, number, deliver));
    if (isIdle) this.#enterBottleneck();
  }

  #waitForNothing(packet: Packet): void {
    this.waits.add(0);
    this.#leave(packet);
  }

  #enterBottleneck(): void {
    const { now } = this.#clock;
    const { rate, discipline } = this.#conditions;
    const packet = discipline === "codel"
      ? this.#codel.take(this.#waiting, now)
      : this.#waiting.take();
    this.#leaving = packet;
    if (packet === undefined) return;
    this.waits.add(now - packet.sentAt);
    this.#clock.at(now + packet.size / (rate * BYTES_PER_MBIT_MS), this.#onSent);
  }

  #leaveBottleneck(): void {
    const packet = this.#leaving;
    if (packet === undefined) throw new Error("a bottleneck lost its packet");
    this.#leave(packet);
    this.#enterBottleneck();
  }

  #leave(packet: Packet): void {
    const { lossAt, delay, jitter, keepsOrder, reorder, reorderDelay, duplicate, clump } =
      this.#conditions;
    const { number } = packet;
    if (lossAt === "behind" && this.#isLost(number)) {
      this.#release(packet);
      return;
    }
    let at = this.#clock.now + delay;
    if (jitter > 0) at += jitter * this.#jitter.at(number);
    if (reorder > 0 && this.#reorder.at(number) < reorder) {
      this.#counts.reordered++;
      at += reorderDelay * this.#reorderDelay.at(number);
    } else if (keepsOrder) {
      at = Math.max(at, this.#lastArrivalAt);
      this.#lastArrivalAt = at;
    }
    if (clump > 0) at = Math.ceil(at / clump) * clump;
    this.#damage(packet);
    if (duplicate > 0 && this.#duplicate.at(number) < duplicate) {
      this.#counts.duplicated++;
      const copy = this.#keep(packet.memory.subarray(0, packet.length), number, packet.deliver);
      this.#clock.at(at, packet.arrive);
      this.#clock.at(at, copy.arrive);
    } else this.#clock.at(at, packet.arrive);
  }

  #damage({ memory, length, number }: Packet): void {
    const { corrupt } = this.#conditions;
    if (corrupt === 0 || length === 0 || this.#corrupt.at(number) >= corrupt) return;
    this.#counts.corrupted++;
    const bit = Math.floor(this.#corruptBit.at(number) * length * 8);
    memory[bit >>> 3]! ^= 1 << (bit & 7);
  }

  #isLost(number: number): boolean {
    // The chain of bursts goes on while the link is down.
    const isStruck = this.#loss.strikes(this.#conditions, number);
    if (isBlackedOut(this.#conditions, this.#clock.now)) {
      this.#counts.blackedOut++;
      return true;
    }
    if (isStruck) this.#counts.lost++;
    return isStruck;
  }

  #arrive(packet: Packet): void {
    this.#counts.delivered++;
    this.#counts.bytesDelivered += packet.size;
    try {
      packet.deliver(packet.memory.subarray(0, packet.length));
    } finally {
      this.#release(packet);
    }
  }

  #keep(bytes: Uint8Array, number: number, deliver: Deliver): Packet {
    const packet = this.#free.pop() ?? new Packet((arrived) => this.#arrive(arrived));
    packet.fill(bytes, number, deliver, this.#clock.now);
    return packet;
  }

  #release(packet: Packet): void {
    if (this.#free.length < MOST_FREE) this.#free.push(packet);
  }
}

type MutableCounts = { -readonly [Name in keyof LinkCounts]: number };

function zeroCounts(): MutableCounts {
  return {
    sent: 0,
    bytesSent: 0,
    lost: 0,
    blackedOut: 0,
    overflowed: 0,
    tooLong: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    delivered: 0,
    bytesDelivered: 0,
  };
}
