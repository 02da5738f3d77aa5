/**
 * The inside of a program of a load test: takes orders from its parent (`program.ts`) and answers.
 *
 * @module
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { say } from "../link/progress.ts";

/** What comes with an order. */
export type Settings = Readonly<Record<string, unknown>>;

/** What can be ordered; what is returned goes with the answer. */
export type Orders = Readonly<
  Record<string, (settings: Settings) => Promise<object | void> | object | void>
>;

/**
 * Takes orders until the parent has no more.
 *
 * @param onEnd Called then. What is closed by it must leave nothing that keeps the process alive.
 */
export function takeOrders(orders: Orders, onEnd: () => Promise<void> | void): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { order, number, ...settings } = JSON.parse(line);
    void carryOut(orders, order, settings).then((answer) =>
      say({ event: "answer", number, ...answer })
    );
  });
  lines.on("close", () => void onEnd());
}

async function carryOut(orders: Orders, order: string, settings: Settings): Promise<object> {
  try {
    const carry = orders[order];
    if (carry === undefined) throw new Error(`nobody knows how to ${order}`);
    return await carry(settings) ?? {};
  } catch (error) {
    return { error: error instanceof Error ? error.stack ?? error.message : String(error) };
  }
}
