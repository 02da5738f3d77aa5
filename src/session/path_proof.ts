/**
 * Proof that the other side is where it is thought to be: it tells random numbers that went there alone.
 *
 * The numbers are those of probes of the path (`own_body.ts`), which every end of our kind answers, so a
 * question is three probes under numbers of 16 bits, and again as many when answers are late. Three
 * that are right are a proof. Whoever guesses may be wrong some times, but not often: he has a chance
 * of one in 10^9 after the first question, and of three in 10^7 while all of them are remembered.
 * (PATH_CHALLENGE of RFC 9000, 8.2, has 64 bits.)
 *
 * @module
 */
import type { Random } from "../random.ts";

// Protocol constants.

/** Numbers have 16 bits. */
const MOST_NUMBER = 0xffff;

// Tuning.

/** Right answers that are a proof. */
const NEEDED = 3;

/** Wrong ones after which no further is heard: probes of the path's length are answered meanwhile, too. */
const MOST_WRONG = 32;

/** Questions that are remembered: some 20 s of them, as the time between them doubles. */
const MOST_ASKED = 8 * NEEDED;

/** The proof of one place. */
export class PathProof {
  /** The numbers that were asked for, and whether they have been told. */
  readonly #asked = new Map<number, boolean>();
  #right = 0;
  #wrong = 0;

  /** How many probes a question takes. */
  static readonly probes: number = NEEDED;

  /** Whether the proof was given. */
  get isGiven(): boolean {
    return this.#right >= NEEDED && this.#wrong <= MOST_WRONG;
  }

  /** Begins anew: it is about another place. */
  begin(): void {
    this.#asked.clear();
    this.#right = this.#wrong = 0;
  }

  /** Draws the number of the next probe; `undefined`: too many have gone without an answer. */
  next(random: Random): number | undefined {
    if (this.#asked.size >= MOST_ASKED) return undefined;
    const number = random.between(0, MOST_NUMBER);
    this.#asked.set(number, this.#asked.get(number) ?? false);
    return number;
  }

  /** The other side has told a number. */
  onAnswer(number: number): void {
    if (this.#asked.size === 0) return;
    const wasTold = this.#asked.get(number);
    if (wasTold === undefined) this.#wrong++;
    else if (!wasTold) this.#right++;
    if (wasTold === false) this.#asked.set(number, true);
  }
}
