/**
 * Datagrams that are to be sent, in memory of their own, one at a time and in order.
 *
 * A sender lends its datagram only until `send` returns, and the runtimes may read it later. They
 * are given one and not the next before they are done with it, for two reasons. Deno sends what it
 * is given in one turn of the event loop in the reverse order. And on Bun an ICMP answer to an
 * earlier datagram, to whomever, fails the next one, unsent: it must be tried again before another
 * one can provoke another answer, or clients that have vanished cost the others their datagrams.
 * It is no slower: where nothing waits, a datagram goes out at once.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { type DatagramGate, MAX_DATAGRAM } from "./datagram_gate.ts";

// Tuning.

/**
 * Datagrams that may wait. The runtimes never say at once that they are done, so this also bounds
 * what can be sent in one go: at 1 Gbit/s, paced by Deno's timers of 2.2 ms, 230 datagrams. Twice
 * that, and 1 MiB in the worst case.
 */
export const MAX_WAITING_SENDS = 512;

/** How often a datagram is tried: the ICMP answer that failed the first try is spent by it. */
const ATTEMPTS = 2;

/**
 * Gives a datagram to the runtime, and calls `done` when its memory may be used again: once, with
 * the error if it was not sent, and never synchronously. The datagram is the first `length` bytes
 * of `memory`.
 */
export type Transmit = (
  memory: Uint8Array,
  length: number,
  to: Address,
  done: (error?: unknown) => void,
) => void;

/** The queue of one socket. */
export class SendQueue {
  readonly #gate: DatagramGate;
  readonly #transmit: Transmit;
  /** A ring; its entries are made as they are needed, and begin at 0 again when it is empty. */
  readonly #waiting: Waiting[] = [];
  #first = 0;
  #count = 0;
  #attempts = 0;

  /**
   * @param gate Asked whether a datagram may go out, and told what failed.
   * @param transmit The runtime's own.
   */
  constructor(gate: DatagramGate, transmit: Transmit) {
    this.#gate = gate;
    this.#transmit = transmit;
  }

  /**
   * Sends a copy of a datagram, at once or when those before it are gone.
   *
   * @returns `false` when too many are waiting, or the gate does not admit it.
   */
  push(datagram: Uint8Array, to: Address): boolean {
    if (!this.#gate.admits(datagram, to) || this.#count === MAX_WAITING_SENDS) return false;
    const at = (this.#first + this.#count) % MAX_WAITING_SENDS;
    const entry = this.#waiting[at] ??= { memory: new Uint8Array(MAX_DATAGRAM), length: 0, to };
    entry.memory.set(datagram);
    entry.length = datagram.length;
    entry.to = to;
    this.#count++;
    if (this.#count === 1) this.#sendFirst();
    return true;
  }

  #sendFirst(): void {
    const entry = this.#waiting[this.#first];
    if (!entry) throw new Error("a send queue lost its first entry");
    this.#attempts++;
    this.#transmit(entry.memory, entry.length, entry.to, this.#onDone);
  }

  readonly #onDone = (error?: unknown): void => {
    if (this.#gate.closed) return;
    if (error && this.#attempts < ATTEMPTS) return this.#sendFirst();
    this.#attempts = 0;
    this.#count--;
    this.#first = this.#count === 0 ? 0 : (this.#first + 1) % MAX_WAITING_SENDS;
    if (this.#count > 0) this.#sendFirst();
    if (error) this.#gate.onError(error);
  };
}

interface Waiting {
  readonly memory: Uint8Array;
  length: number;
  to: Address;
}
