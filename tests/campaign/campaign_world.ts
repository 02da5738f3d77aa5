/**
 * What the programs of one run share: time, chance, and those who watch.
 */
import type { SimulatedNetwork } from "../../src/adapters/sim.ts";
import { Draw } from "../fuzz/draw.ts";
import { Causes } from "./causes.ts";
import { DatagramLedger } from "./datagram_ledger.ts";
import { StreamLedger } from "./stream_ledger.ts";
import { Tally } from "./tally.ts";
import { Waits } from "./waits.ts";

/** How long programs that wait for calm look away, ms. */
const POLL = 250;

/** The world of one run. */
export class CampaignWorld {
  readonly network: SimulatedNetwork;
  readonly tally = new Tally();
  readonly violations: string[] = [];
  readonly waits: Waits;
  readonly streams: StreamLedger;
  readonly datagrams: DatagramLedger;
  readonly causes: Causes;
  /** Bytes that may still be written. */
  budget: number;
  /** Whether the server may refuse streams: it takes few of them, or little, or is on its way out. */
  mayRefuse = false;
  /** From now on nothing goes wrong, and programs bring what they began to its end. */
  isCalm = false;
  /** From now on nothing is left to do. */
  isOver = false;
  readonly #draw: Draw;
  /** Settles at the first violation. */
  readonly broken: Promise<void>;
  readonly #break: () => void;

  constructor(network: SimulatedNetwork, seed: number, budget: number) {
    this.network = network;
    this.budget = budget;
    this.#draw = new Draw(seed ^ 0x5eed);
    const report = (violation: string) => this.report(violation);
    this.waits = new Waits(() => network.now, report);
    this.streams = new StreamLedger(report);
    this.datagrams = new DatagramLedger(report);
    this.causes = new Causes(() => network.now);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.broken = promise;
    this.#break = resolve;
  }

  get now(): number {
    return this.network.now;
  }

  /** Something must not be as it is. */
  report(violation: string): void {
    this.violations.push(`at ${this.now.toFixed(1)} ms: ${violation}`);
    this.#break();
  }

  /** Chance of its own for one program: what others do does not change it. */
  newDraw(): Draw {
    return new Draw(this.#draw.between(0, 2 ** 31 - 1));
  }

  /** Waits so many ms. */
  sleep(time: number): Promise<void> {
    return new Promise((resolve) => void this.network.at(this.now + time, resolve));
  }

  /** Waits so many ms, or until it is calm. */
  async pause(time: number): Promise<void> {
    const until = this.now + time;
    while (!this.isCalm && this.now < until) await this.sleep(Math.min(POLL, until - this.now));
  }

  /** Takes bytes from the budget, as many as there are. */
  spend(wanted: number): number {
    const length = Math.min(wanted, this.budget);
    this.budget -= length;
    return length;
  }

  /** A signal that is aborted after so many ms. */
  abortAfter(time: number): AbortSignal {
    const controller = new AbortController();
    this.network.at(this.now + time, () => controller.abort(ABORTED));
    return controller.signal;
  }
}

/** The reason of all signals that programs abort. */
export const ABORTED = new Error("the program has thought better of it");
