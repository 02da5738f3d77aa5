/**
 * Messages of a soak: numbered, sent back by the other end, and none comes twice.
 *
 * @module
 */
import type { Multiplex } from "../../mod.ts";
import { fillStream, Violation } from "./soak_deal.ts";
import type { SoakEnd } from "./soak_end.ts";

/** Between two messages, ms. */
const INTERVAL = 250;

/** Bytes of a message; its number stands at its head. */
const LENGTH = 200;

/** The messages of one multiplex. */
export class SoakMessages {
  /** Settles when they have ended. */
  readonly ended: Promise<void>;
  readonly #mux: Multiplex;
  readonly #end: SoakEnd;
  readonly #answered = new Set<number>();
  #sent = 0;

  /** @param over Ends the sending; what still comes is checked until the multiplex ends. */
  constructor(mux: Multiplex, end: SoakEnd, over: AbortSignal) {
    this.#mux = mux;
    this.#end = end;
    const timer = setInterval(() => this.#send(), INTERVAL);
    over.addEventListener("abort", () => clearInterval(timer), { once: true });
    this.ended = this.#receive();
  }

  #send(): void {
    try {
      this.#mux.sendUrel(messageOf(this.#sent++));
    } catch {
      // The multiplex has just ended, and its owner is about to hear of it.
    }
  }

  async #receive(): Promise<void> {
    for (;;) {
      let message: Uint8Array;
      try {
        message = await this.#end.waits.of("a message", this.#mux.receiveUrel());
      } catch {
        return;
      }
      this.#check(message);
    }
  }

  #check(message: Uint8Array): void {
    const number = message.length < 4
      ? NaN
      : new DataView(message.buffer, message.byteOffset).getUint32(0);
    const right = messageOf(number);
    const isRight = message.length === LENGTH && right.every((byte, i) => byte === message[i]);
    if (!isRight) this.#end.onError("a message", new Violation("it came changed"));
    else if (number >= this.#sent) this.#end.onError("a message", new Violation("nobody sent it"));
    else if (this.#answered.has(number)) {
      this.#end.onError("a message", new Violation("it came twice"));
    } else this.#end.messages++;
    this.#answered.add(number);
  }
}

function messageOf(number: number): Uint8Array {
  const message = new Uint8Array(LENGTH);
  fillStream(message, number, 0);
  new DataView(message.buffer).setUint32(0, number);
  return message;
}
