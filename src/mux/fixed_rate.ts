/**
 * A rate that somebody has set, whatever the path says; with a cap on what may be in flight, so that
 * a path that has fallen silent is not flooded.
 *
 * For a link of one's own whose rate is known. On a shared one it pushes the others aside.
 *
 * @module
 */
import type { CongestionController } from "./congestion.ts";

// Tuning.

/** Bytes of a full packet with the headers of IP and UDP: the unit of the pacer. */
const FULL_PACKET = 1_428;

/** What may be in flight unless it is set, ms of the rate: three round trips of a long path. */
const USUAL_CAP = 1_000;
const LEAST_CAP = 16;
const MOST_CAP = 32_768;

/** Settings of a fixed rate. */
export interface FixedRateOptions {
  /** Tells it from the others. */
  readonly name: "fixed";
  /** Bits a second on the wire, headers included; 1,000 to 10^11. */
  readonly bitsPerSecond: number;
  /** Segments in flight at the most, 4 to 32,768; by default what the rate sends in a second. */
  readonly window?: number;
}

/** The controller. */
export class FixedRate implements CongestionController {
  readonly name = "fixed";
  readonly window: number;
  readonly pacingRate: number;

  /** Throws a RangeError where a setting makes no sense. */
  constructor({ bitsPerSecond, window }: FixedRateOptions) {
    if (!(bitsPerSecond >= 1_000 && bitsPerSecond <= 1e11)) {
      throw new RangeError(
        `congestion.bitsPerSecond must be 1,000 to 100,000,000,000, got ${bitsPerSecond}`,
      );
    }
    if (window !== undefined && !(Number.isInteger(window) && window >= 4 && window <= MOST_CAP)) {
      throw new RangeError(`congestion.window must be an integer from 4 to 32768, got ${window}`);
    }
    this.pacingRate = bitsPerSecond / 8 / 1_000 / FULL_PACKET;
    const usual = Math.ceil(USUAL_CAP * this.pacingRate);
    this.window = window ?? Math.min(MOST_CAP, Math.max(LEAST_CAP, usual));
  }

  onAck(): void {
    // Nothing is learnt.
  }

  onTimeout(): void {
    // The probes go out at their own pace; the cap holds the rest back.
  }

  onSpuriousLoss(): void {
    // Nothing was changed.
  }
}
