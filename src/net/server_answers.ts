/**
 * What a server is said to have answered while the session that stands on another answer is silent.
 *
 * An answer proves nothing to a stranger of the server's: whoever knows its public key and reads along
 * can race each answer with one of his own, that leads to a session with nobody. So no answer is the
 * last one before its session has been heard. The others wait, and each has its turn when the one
 * before has been asked and has said nothing.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import { Alarm } from "./alarm.ts";
import type { ServerFound } from "./server_search.ts";

// Tuning.

/**
 * Answers that wait. However many somebody sends before a true one, that one comes last, so it is among
 * them; and the fewer they are, the sooner it has its turn.
 */
const MOST_WAITING = 3;

/**
 * How long a session has to answer once there is another answer, before that one has its turn: round
 * trips, and ms for the ways of an operating system.
 */
const GRACE_RTTS = 2;
const GRACE = 100;

/** The answers of one client's searches. Times in ms. */
export class ServerAnswers {
  readonly #host: Host;
  readonly #random: Random;
  readonly #alarm: Alarm;
  #waiting: ServerFound[] = [];
  /** Doubles when all have had their turn in vain: the round trip may be far longer than it seemed. */
  #patience = 1;

  /** @param onDue The session in use has had its time. */
  constructor(host: Host, random: Random, onDue: () => void) {
    this.#host = host;
    this.#random = random;
    this.#alarm = new Alarm(host, onDue);
  }

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /**
   * One more has come; the session in use is asked now.
   *
   * @param rtt How long a round trip seems to take.
   */
  add(found: ServerFound, rtt: number): void {
    if (this.#waiting.length >= MOST_WAITING) {
      // By chance: whoever comes last, or first, may be who has sent the most.
      const unlucky = Math.floor(MOST_WAITING * this.#random.fraction());
      const [dropped] = this.#waiting.splice(unlucky, 1);
      dropped?.secret.fill(0);
    }
    this.#waiting.push(found);
    if (this.#waiting.length === 1) this.#arm(rtt);
  }

  /**
   * Takes the next one, whose session is asked now.
   *
   * @param isJudged Whether the session in use could have answered at all; when it could not, it gives
   * way to one of our own kind alone, which can, and otherwise the others are forgotten.
   */
  take(isJudged: boolean, rtt: number): ServerFound | undefined {
    const index = this.#waiting.findIndex(({ extension }) => isJudged || extension !== undefined);
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (next === undefined) {
      this.#forget();
      return undefined;
    }
    if (this.isEmpty) this.#patience *= 2;
    else this.#arm(rtt);
    return next;
  }

  /** The session in use was heard: it is the right one. */
  onHeard(): void {
    this.#patience = 1;
    this.stop();
  }

  /** Forgets all of them; doing so twice is harmless. */
  stop(): void {
    this.#alarm.cancel();
    this.#forget();
  }

  #arm(rtt: number): void {
    this.#alarm.set(this.#host.now() + this.#patience * (GRACE + GRACE_RTTS * rtt));
  }

  #forget(): void {
    for (const { secret } of this.#waiting) secret.fill(0);
    this.#waiting = [];
  }
}
