/**
 * How the program ends when it does not end well.
 *
 * A {@linkcode Failure} is told to the user once, with a way out, and decides the exit code. What is
 * thrown and is no failure is a fault of the program itself.
 *
 * @module
 */

/** Exit codes by kind of failure; 0 is success. */
export const EXIT_CODES = {
  /** It failed while running. */
  failed: 1,
  /** It was called wrongly. */
  usage: 2,
  /** The other side did not answer. */
  "no-answer": 3,
  /** The connection was lost. */
  "connection-lost": 4,
  /** Something is wrong on this machine. */
  local: 5,
} as const;

/** What kind of failure it was. */
export type FailureKind = keyof typeof EXIT_CODES;

/** A way out. */
export interface Advice {
  /** What may be the reason. */
  readonly cause?: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Something that the user can do something about. */
export class Failure extends Error {
  /** What kind it is. */
  readonly kind: FailureKind;
  /** Ways out, the likeliest first. */
  readonly advice: readonly Advice[];

  /**
   * @param message One sentence without a full stop. Never holds a secret key.
   * @param advice Ways out, the likeliest first.
   */
  constructor(kind: FailureKind, message: string, advice: readonly Advice[] = []) {
    super(message);
    this.name = "Failure";
    this.kind = kind;
    this.advice = advice;
  }
}

/** The user, or the system, asked the program to stop. */
export class Interruption extends Error {
  /** 128 and the number of the signal, as shells have it. */
  readonly exitCode: number;

  /** @param signal Which signal came. */
  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`stopped by ${signal}`);
    this.name = "Interruption";
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

/** Nobody reads the output any more. The program ends quietly, as programs in a pipe do. */
export class OutputClosed extends Error {
  constructor() {
    super("nobody reads the output any more");
    this.name = "OutputClosed";
  }
}

/** The code of a system error (`"ENOENT"`), if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
