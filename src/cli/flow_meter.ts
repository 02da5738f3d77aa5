/**
 * What becomes of one flow on a bad link, over the last seconds and over all the time.
 *
 * @module
 */
import type { FlowPicture } from "./comparison_text.ts";
import { megabitsPerSecond } from "./units.ts";

// Tuning.

/** What is shown is the last so much, ms: it follows what happens, and a figure is no accident. */
const SPAN = 3_000;

/** Fates that are kept, for the strip. */
const MOST_FATES = 200;

/** What was counted at one moment, since the beginning. */
export interface FlowReading {
  /** Packets that were sent into the link. */
  readonly packetsSent: number;
  /** Those of them that it lost. */
  readonly packetsLost: number;
  /** Bytes on the wire, in both directions. */
  readonly bytes: number;
  /** Messages whose fate is known. */
  readonly settled: number;
  /** Those of them that never came. */
  readonly lost: number;
  /** The time that 99 of 100 messages did not exceed, ms. */
  readonly delay: number;
}

interface TimedReading extends FlowReading {
  readonly at: number;
}

/** Makes pictures of readings. */
export class FlowMeter {
  readonly #name: string;
  /** Those of the last seconds. */
  readonly #readings: TimedReading[] = [];
  #first: TimedReading | undefined;
  /** When it was last seen that something had been sent. */
  #busyUntil = 0;
  #fates = "";

  /** @param name What it is called. */
  constructor(name: string) {
    this.#name = name;
  }

  /** @param now In ms; never goes back. */
  note(now: number, reading: FlowReading): void {
    const timed = { ...reading, at: now };
    const readings = this.#readings;
    if (reading.packetsSent !== readings.at(-1)?.packetsSent) this.#busyUntil = now;
    this.#first ??= timed;
    readings.push(timed);
    while (readings.length > 2 && now - readings[1]!.at >= SPAN) readings.shift();
  }

  /** More fates are known: `a` arrived, `r` rebuilt, `l` lost. */
  addFates(fates: string): void {
    this.#fates = (this.#fates + fates).slice(-MOST_FATES);
  }

  /** The last seconds. */
  get latest(): FlowPicture {
    return this.#picture(this.#readings[0]);
  }

  /** All the time. */
  get total(): FlowPicture {
    return this.#picture(this.#first);
  }

  #picture(from: TimedReading | undefined): FlowPicture {
    const last = this.#readings.at(-1);
    const since = (count: (reading: FlowReading) => number): number =>
      from && last ? count(last) - count(from) : 0;
    const packets = since((of) => of.packetsSent);
    // What is awaited at the end makes the rate no lower.
    const seconds = from ? (this.#busyUntil - from.at) / 1000 : 0;
    return {
      name: this.#name,
      wireLoss: packets > 0 ? since((of) => of.packetsLost) / packets : undefined,
      messages: since((of) => of.settled),
      lost: since((of) => of.lost),
      delay: last?.delay ?? 0,
      rate: megabitsPerSecond(since((of) => of.bytes), seconds),
      fates: this.#fates,
    };
  }
}
