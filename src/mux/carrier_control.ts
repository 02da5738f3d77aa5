/**
 * The controller that is used unless one is chosen: it goes by what carries the packets.
 *
 * @module
 */
import type { AckSample, CongestionController } from "./congestion.ts";
import { StreamWindow } from "./stream_window.ts";

/** Over datagrams one controller, over streams another. */
export class CarrierControl implements CongestionController {
  readonly #isReliable: () => boolean;
  readonly #forDatagrams: () => CongestionController;
  #isStream: boolean;
  #current: CongestionController;

  constructor(isReliable: () => boolean, forDatagrams: () => CongestionController) {
    this.#isReliable = isReliable;
    this.#forDatagrams = forDatagrams;
    this.#isStream = isReliable();
    this.#current = this.#isStream ? new StreamWindow() : forDatagrams();
  }

  get name(): string {
    return this.#current.name;
  }

  get window(): number {
    return this.#current.window;
  }

  get pacingRate(): number {
    return this.#current.pacingRate;
  }

  onAck(sample: AckSample): void {
    const isStream = this.#isReliable();
    if (isStream !== this.#isStream) {
      this.#isStream = isStream;
      this.#current = isStream ? new StreamWindow(this.window) : this.#forDatagrams();
    }
    this.#current.onAck(sample);
  }

  onTimeout(): void {
    this.#current.onTimeout();
  }

  onSpuriousLoss(): void {
    this.#current.onSpuriousLoss();
  }
}
