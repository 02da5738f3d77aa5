/**
 * A host without a network: time passes when it is told to, and alarms ring then.
 */
import type { Host, PacketCipher, X25519 } from "../../src/host.ts";
import { NullCipher } from "../../src/sim/null_cipher.ts";
import { seededSource } from "../support/seeded_random.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";

/** Alarms that may ring within one step of time: more means that something goes round for ever. */
const MOST_RINGS = 5_000;

interface Alarm extends Disposable {
  readonly at: number;
  readonly wake: () => void;
}

/** The host. */
export class LoneHost implements Host {
  readonly random: Host["random"];
  readonly x25519: X25519;
  #now = 1_000;
  readonly #alarms = new Set<Alarm>();
  #fault: unknown;

  constructor(seed: number) {
    this.random = seededSource(seed);
    this.x25519 = new ToyX25519(this.random);
  }

  now(): number {
    return this.#now;
  }

  epochSeconds(): number {
    return 1.7e9 + this.#now / 1000;
  }

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  setAlarm(at: number, wake: () => void): Disposable {
    const alarm = { at, wake, [Symbol.dispose]: () => void this.#alarms.delete(alarm) };
    this.#alarms.add(alarm);
    return alarm;
  }

  resolve(hostname: string): Promise<readonly string[]> {
    return Promise.resolve([hostname]);
  }

  bindDatagram(): never {
    throw new Error("there is no network here");
  }

  createCipher(key: Uint8Array): PacketCipher {
    return new NullCipher(key);
  }

  onFault(error: unknown): void {
    this.#fault ??= error;
  }

  /** Throws what a guard has caught. */
  assertNoFault(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const until = this.#now + ms;
    for (let rings = 0;; rings++) {
      const next = this.#first();
      if (next === undefined || next.at > until) break;
      if (rings > MOST_RINGS) throw new Error("alarms keep it busy for ever");
      this.#now = Math.max(this.#now, next.at);
      this.#alarms.delete(next);
      next.wake();
    }
    this.#now = until;
    this.assertNoFault();
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) if (first === undefined || alarm.at < first.at) first = alarm;
    return first;
  }
}
