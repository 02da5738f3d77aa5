/**
 * Joins one stream of sosistab to one local end, and tells of it.
 *
 * @module
 */
import { formatAddress } from "../address.ts";
import type { RelConn, Session } from "../net/contract.ts";
import { type ByteEnd, join } from "./byte_end.ts";
import type { Context } from "./context.ts";

// Tuning.

/** Longest time that the last acknowledgement is repeated for, ms, and how long without a round trip. */
const MOST_LINGER = 2_000;
const LEAST_LINGER = 50;

/** Round trips until a repeated end has come and was answered again. */
const LINGER_RTTS = 3;

/**
 * Carries a stream to its end in both directions.
 *
 * @returns Settles when everything that was written has arrived over there. Rejects with what went
 * wrong at either end; then both are cut.
 */
export async function pipeStream(
  { reporter, signal }: Context,
  session: Session,
  conn: RelConn,
  near: ByteEnd,
): Promise<void> {
  const stream = { peer: formatAddress(session.remoteAddr), stream: conn.id };
  let sent = 0;
  let received = 0;
  reporter.begin();
  reporter.event("opened", { ...stream, info: conn.info });
  try {
    await join(near, conn, {
      onSent: (bytes) => {
        sent += bytes;
        reporter.count("sent", bytes);
      },
      onReceived: (bytes) => {
        received += bytes;
        reporter.count("received", bytes);
      },
      signal,
    });
    const { error } = await conn.closed;
    if (error !== undefined) throw error;
  } finally {
    reporter.event("closed", { ...stream, bytes_sent: sent, bytes_received: received });
  }
}

/**
 * Waits until the other side has surely been told that everything came: the last acknowledgement may
 * be lost, and is repeated only while the session lasts.
 */
export async function linger(session: Session): Promise<void> {
  const time = Math.min(MOST_LINGER, LEAST_LINGER + LINGER_RTTS * session.stats().rtt);
  await new Promise((resolve) => setTimeout(resolve, time));
}
