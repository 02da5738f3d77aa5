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
    return this.#controller.name;
  }

  get window(): number {
    return this.#controller.window;
  }

  get pacingRate(): number {
    return this.#controller.pacingRate;
  }

  onAck(sample: AckSample): void {
    this.#controller.onAck(sample);
  }

  onTimeout(): void {
    this.#controller.onTimeout();
  }

  onSpuriousLoss(): void {
    this.#controller.onSpuriousLoss();
  }

  /** Another one from the first packet on: what a stream takes at once would drown a path of datagrams. */
  get #controller(): CongestionController {
    const isStream = this.#isReliable();
    if (isStream !== this.#isStream) {
      this.#isStream = isStream;
      this.#current = isStream ? new StreamWindow(this.#current.window) : this.#forDatagrams();
    }
    return this.#current;
  }
}
