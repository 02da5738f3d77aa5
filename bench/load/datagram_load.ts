/**
 * Datagrams at a rate, over one session.
 *
 * @module
 */
import type { Session } from "../../mod.ts";
import { delay } from "../../tests/support/delay.ts";

/** How often some leave, ms: as soon as any timer rings. */
const INTERVAL = 1;

/** What was sent. */
export interface SendResult {
  /** Datagrams that were given to the session. */
  readonly sent: number;
  /** Those of them that it dropped at once. */
  readonly refused: number;
  /** How long it took, ms. */
  readonly took: number;
}

/**
 * Sends datagrams, by what the clock says is due.
 *
 * @param rate A second.
 */
export async function sendAtRate(
  session: Session,
  rate: number,
  seconds: number,
  length: number,
): Promise<SendResult> {
  const datagram = new Uint8Array(length);
  const startedAt = performance.now();
  const total = rate * seconds;
  let sent = 0;
  let refused = 0;
  while (sent < total) {
    const due = Math.min(total, (performance.now() - startedAt) * rate / 1000);
    for (; sent < due; sent++) if (!session.send(datagram, { maxAge: 0 })) refused++;
    await delay(INTERVAL);
  }
  return { sent, refused, took: performance.now() - startedAt };
}
