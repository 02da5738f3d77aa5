/**
 * A machine whose processor takes time: one thing is done at a time, and what comes meanwhile waits.
 *
 * On the simulated network things take no time. Here what is done costs what a test says that it
 * does: each datagram something, and each use of X25519 much more. The clock goes on meanwhile.
 */
import type { DatagramHandler, Host, KeyPair, X25519 } from "../../src/host.ts";
import type { SimulatedNode } from "../../src/sim/contract.ts";
import type { VirtualPair } from "./virtual_pair.ts";

/** Datagrams that a socket holds for a program that is busy: as many as Linux by default. */
const MOST_WAITING = 92;

/** What things cost, ms. */
export interface Costs {
  /** A datagram that has come, whatever it is. */
  readonly datagram: number;
  /** One use of X25519. */
  readonly x25519: number;
}

/** The host of a simulated machine, with a processor. */
export class BusyHost {
  /** The host, for whoever runs on it. */
  readonly host: Host;
  /** How long it was busy, ms; and with X25519. */
  busy = 0;
  agreeing = 0;
  /** Datagrams that found too many others waiting. */
  lost = 0;
  readonly #pair: VirtualPair;
  readonly #node: SimulatedNode;
  readonly #waiting: (() => void)[] = [];
  /** When what is being done was begun, and what it has cost so far. */
  #beganAt = 0;
  #spent = 0;
  #isBusy = false;

  constructor(pair: VirtualPair, node: SimulatedNode, x25519: X25519, costs: Costs) {
    this.#pair = pair;
    this.#node = node;
    const agree = () => {
      this.agreeing += costs.x25519;
      this.#spend(costs.x25519);
    };
    this.host = {
      ...node,
      now: () => this.#now,
      bindDatagram: (address, handler) =>
        node.bindDatagram(address, this.#queueing(handler, costs.datagram)),
      x25519: {
        generate(): KeyPair {
          agree();
          return x25519.generate();
        },
        shared(secretKey, publicKey) {
          agree();
          return x25519.shared(secretKey, publicKey);
        },
      },
    };
  }

  get #now(): number {
    return Math.max(this.#pair.now, this.#beganAt + this.#spent);
  }

  #spend(cost: number): void {
    this.busy += cost;
    this.#spent += cost;
  }

  #queueing(handler: DatagramHandler, cost: number): DatagramHandler {
    return {
      onError: (error) => handler.onError(error),
      onDatagram: (datagram, from) => {
        if (this.#waiting.length >= MOST_WAITING) {
          this.lost++;
          return;
        }
        const copy = datagram.slice();
        this.#waiting.push(() => {
          this.#spend(cost);
          handler.onDatagram(copy, from);
        });
        if (!this.#isBusy) this.#next();
      },
    };
  }

  #next(): void {
    const work = this.#waiting.shift();
    this.#isBusy = work !== undefined;
    if (work === undefined) return;
    this.#beganAt = this.#pair.now;
    this.#spent = 0;
    work();
    this.#node.setAlarm(this.#beganAt + this.#spent, () => this.#next());
  }
}
