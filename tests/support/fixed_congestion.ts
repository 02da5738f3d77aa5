/**
 * A congestion controller that is told things and decides nothing.
 */
import type { AckSample, CongestionController } from "../../src/mux/congestion.ts";

/** Keeps the window and the rate that it was given, and remembers what it was told. */
export class FixedCongestion implements CongestionController {
  readonly name = "fixed";
  window: number;
  pacingRate: number;
  readonly samples: AckSample[] = [];
  timeouts = 0;
  spurious = 0;

  /** @param pacingRate Packets a ms. */
  constructor(window = 10_000, pacingRate = 1_000) {
    this.window = window;
    this.pacingRate = pacingRate;
  }

  onAck(sample: AckSample): void {
    this.samples.push(sample);
  }

  onTimeout(): void {
    this.timeouts++;
  }

  onSpuriousLoss(): void {
    this.spurious++;
  }
}
