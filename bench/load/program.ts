/**
 * A program of a load test, from outside: it is told what to do and answers, one JSON object a line in
 * both directions (`orders.ts` is the inside of it).
 *
 * @module
 */
import { Child } from "../link/child.ts";
import type { Command } from "../link/link.ts";

/** What a program says. */
export interface Told {
  /** What it is about. */
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A running program. */
export class Program {
  /** What it is, for people. */
  readonly name: string;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  readonly #child: Child;
  readonly #answers = new Map<number, PromiseWithResolvers<Told>>();
  #asked = 0;

  /** @param onTold Gets what it says unasked. */
  constructor(name: string, command: Command, onTold: (told: Told) => void) {
    this.name = name;
    this.#child = new Child(command, (line) => {
      const told: Told = JSON.parse(line);
      if (told.event !== "answer") return onTold(told);
      const number = Number(told.number);
      const answer = this.#answers.get(number);
      this.#answers.delete(number);
      if (told.error === undefined) answer?.resolve(told);
      else answer?.reject(new Error(`${name}: ${told.error}`));
    });
    this.ended = this.#child.ended.then(() => {
      const error = new Error(`${name} has ended: ${this.#child.complaint}`);
      for (const answer of this.#answers.values()) answer.reject(error);
      this.#answers.clear();
    });
  }

  /** What it complained of last. */
  get complaint(): string {
    return this.#child.complaint;
  }

  /**
   * Gives it an order.
   *
   * @returns What it answers. Rejects with why it cannot, and when it ends before it has answered.
   */
  ask(order: string, settings: Readonly<Record<string, unknown>> = {}): Promise<Told> {
    const number = ++this.#asked;
    const answer = Promise.withResolvers<Told>();
    this.#answers.set(number, answer);
    this.#child.write(JSON.stringify({ order, number, ...settings }));
    return answer.promise;
  }

  /** Ends it without a word. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  /** Lets it end; returns whether it did so by itself within that time, ms. */
  end(patience: number): Promise<boolean> {
    return this.#child.stop(patience);
  }
}
