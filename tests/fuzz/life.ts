/**
 * What is fuzzed, and how. Types only.
 *
 * A target begins *lives*. A life makes inputs that suit what it has come to, and takes them; what it
 * does with them hangs on its seed and on what it has taken, and on nothing else. So a life that has
 * failed can be lived again from its seed and its steps, whatever becomes of what makes inputs.
 */

/** Something to be taken. */
export interface Input {
  /** What it was meant to be, for the tally. */
  readonly kind: string;
  /** Lent until the next one is made. */
  readonly bytes: Uint8Array;
}

/** One life of a target. Each method throws when something does not hold that must. */
export interface Life {
  /** The next input. */
  next(): Input;

  /**
   * Takes an input, and looks at once what came of it.
   *
   * @returns Whether the target could make something of it; `undefined`: that was not looked at.
   */
  take(input: Uint8Array): boolean | undefined | Promise<boolean>;

  /** Lets time pass, ms, and looks whether the target still does what it is for. */
  check(ms: number): void | Promise<void>;

  /** Whether nothing more can come of it. */
  readonly isOver: boolean;

  /** Ends it; nothing may be left. */
  end(): void | Promise<void>;
}

/** Something that can be fuzzed. */
export interface Target {
  /** Inputs of one life, at the most. */
  readonly inputsPerLife: number;
  /** Bytes that the whole process may hold more during a life than at first. */
  readonly mostHeld: number;
  /**
   * Kinds of input of which some must be taken: a generator whose inputs are all refused tests
   * nothing behind the first check.
   */
  readonly mustTake: readonly string[];
  /** Begins a life. */
  begin(seed: number): Life | Promise<Life>;
}
