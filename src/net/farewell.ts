/**
 * The end of a session's way out: the other end learns at once that it is over, and not by silence.
 *
 * A goodbye may get lost, so it is said again until the other end says its own, a few times at the
 * most: who has gone, too, answers nothing. All of it is in packets of the session, so nobody else can
 * say it, and nobody can say it again. The original would not understand it and is told nothing.
 *
 * @module
 */
import type { PacketOutcome } from "../session/machine.ts";
import type { Goodbye } from "../wire/extension.ts";
import { Alarm } from "./alarm.ts";
import type { Closure } from "./contract.ts";
import type { DriverOptions } from "./driver_contract.ts";
import type { PacketOutlet } from "./packet_outlet.ts";

// Tuning.

/** Times that it is said, at the most: where three of ten are lost, all are one time in 400. */
const MOST_GOODBYES = 5;

/** The first wait for an answer: round trips, and ms at least. It doubles each time. */
const FIRST_WAIT_RTTS = 1.5;
const LEAST_WAIT = 20;

/** How long all of it takes at the most, ms: somebody may wait for the end of it. */
const MOST_FAREWELL = 2_000;

/** The farewell of one end of a session. */
export class Farewell {
  readonly #options: DriverOptions;
  readonly #outlet: PacketOutlet;
  readonly #gone = Promise.withResolvers<void>();
  readonly #alarm: Alarm;
  #isUnderWay = false;
  #overAt = Infinity;
  #wait = 0;
  #said = 0;

  /** Nothing is said before {@linkcode begin}. */
  constructor(options: DriverOptions, outlet: PacketOutlet) {
    this.#options = options;
    this.#outlet = outlet;
    this.#alarm = new Alarm(options.host, () => this.#advance(), () => this.end());
  }

  /** Settles when nothing is left of the session here: no socket, and no alarm. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /**
   * The session has ended. Who ended it here tells the other end, and who was told answers. What throws
   * leaves nothing behind.
   */
  begin({ by }: Closure, goodbye: Goodbye): void {
    try {
      this.#begin(by, goodbye);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Nothing is said or closed here: the session belongs to somebody else now, or is beyond help. */
  forgo(): void {
    this.#gone.resolve();
  }

  /** A datagram has come after the end. */
  handleDatagram(datagram: Uint8Array): PacketOutcome {
    if (!this.#isUnderWay) return "foreign";
    const { session } = this.#outlet;
    const outcome = session.handleDatagram(datagram, this.#options.host.now());
    if (session.acquaintance.goodbye !== undefined) this.end();
    return outcome;
  }

  /** Gives everything up that is left. */
  end(): void {
    this.#isUnderWay = false;
    this.#alarm.cancel();
    this.#outlet.path.close();
    this.#outlet.session.keys.wipe();
    this.#gone.resolve();
  }

  #begin(by: Closure["by"], goodbye: Goodbye): void {
    const { acquaintance } = this.#outlet.session;
    acquaintance.setGoodbye(goodbye);
    const now = this.#options.host.now();
    if (by === "local" && acquaintance.mayBeOwnKind) {
      this.#outlet.path.retire();
      this.#isUnderWay = true;
      this.#overAt = now + MOST_FAREWELL;
      this.#wait = Math.max(LEAST_WAIT, FIRST_WAIT_RTTS * this.#options.rtt.smoothed);
      this.#advance();
      return;
    }
    if (acquaintance.goodbye !== undefined) this.#outlet.sendReport(false, now);
    this.end();
  }

  #advance(): void {
    const now = this.#options.host.now();
    if (this.#said === MOST_GOODBYES || now >= this.#overAt) return this.end();
    this.#said++;
    this.#outlet.sendReport(false, now);
    this.#alarm.set(Math.min(this.#overAt, now + this.#wait));
    this.#wait *= 2;
  }
}
