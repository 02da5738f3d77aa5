/**
 * How far messages are overtaken on their way to a server that sends them back.
 *
 * @module
 */
import type { Multiplex } from "../../mod.ts";
import { delay } from "../../tests/support/delay.ts";

/** Between two messages, ms. */
const INTERVAL = 1;

/** How long the last ones may take, ms. */
const PATIENCE = 2_000;

/** What became of messages. */
export interface OrderResult {
  /** How many came back. */
  readonly came: number;
  /** By how many numbers one was overtaken, at the most. */
  readonly overtakenBy: number;
}

/** Sends so many numbered messages. */
export async function messageOrder(mux: Multiplex, count: number): Promise<OrderResult> {
  let came = 0;
  let highest = -1;
  let overtakenBy = 0;
  const patience = new AbortController();
  const receiving = (async () => {
    while (came < count) {
      const message = await mux.receiveUrel({ signal: patience.signal });
      const number = new DataView(message.buffer, message.byteOffset).getUint32(0);
      came++;
      overtakenBy = Math.max(overtakenBy, highest - number);
      highest = Math.max(highest, number);
    }
  })().catch(() => {});
  for (let number = 0; number < count; number++) {
    const message = new Uint8Array(100);
    new DataView(message.buffer).setUint32(0, number);
    mux.sendUrel(message, { maxAge: 0 });
    await delay(INTERVAL);
  }
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  await receiving;
  clearTimeout(timer);
  return { came, overtakenBy };
}
