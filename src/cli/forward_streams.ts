/**
 * `listen --to`: each stream of each peer becomes a connection to a TCP service.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { RelConn, Session } from "../net/contract.ts";
import type { Listener } from "../net/listen_contract.ts";
import { acceptStreams } from "./accept_streams.ts";
import type { Context } from "./context.ts";
import { systemReason } from "./explain.ts";
import { drainStreams, OpenStreams } from "./open_streams.ts";
import { pipeStream } from "./stream_pipe.ts";
import { connectTcp, type TcpEnd } from "./tcp_end.ts";
import { untilAborted } from "./until_aborted.ts";

/** How streams are forwarded. */
export interface ForwardOptions {
  /** The TCP service. */
  readonly target: Address;
  /** How long a peer may be silent when an answer is awaited, ms. */
  readonly deadAfter: number;
  /** How long streams may take to finish when the program is to stop, ms; 0: they are cut. */
  readonly drain: number;
}

/**
 * Forwards until the program is to stop.
 *
 * @returns Settles when all streams have finished then. Rejects with the reason when some were cut.
 */
export async function forwardStreams(
  context: Context,
  listener: Listener,
  { target, deadAfter, drain }: ForwardOptions,
): Promise<void> {
  const { reporter, signal } = context;
  const where = formatAddress(target);
  const streams = new OpenStreams();
  let isReachable = true;
  const asked = drain > 0 ? context.finishFirst() : signal;
  const accepting = acceptStreams(context, listener, {
    deadAfter,
    onStream: (session, conn) => streams.add(forward(session, conn)),
  });
  try {
    await Promise.race([accepting, untilAborted(asked)]);
  } catch (error) {
    if (!asked.aborted || signal.aborted) throw error;
    const close = () => listener.close({ drain, signal });
    await drainStreams(context, streams, error, { time: drain, close });
  }

  async function forward(session: Session, conn: RelConn): Promise<void> {
    const service = await reach(conn);
    if (service === undefined) return;
    try {
      await pipeStream(context, session, conn, service);
    } catch (error) {
      // One stream that broke is its two ends' affair; programs are told all the same.
      const reason = error instanceof Error ? error.message : String(error);
      reporter.event("broken", { stream: conn.id, reason });
      throw error;
    }
  }

  async function reach(conn: RelConn): Promise<TcpEnd | undefined> {
    try {
      const service = await connectTcp(target);
      isReachable = true;
      return service;
    } catch (error) {
      conn.reset();
      // Said once, and not for every stream while the service is down.
      if (isReachable) {
        reporter.warn(
          `cannot reach ${where}: ${systemReason(error)}; the stream was refused`,
          `start the service there, or name another one: --to HOST:PORT`,
        );
      }
      isReachable = false;
      return undefined;
    }
  }
}
