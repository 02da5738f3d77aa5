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
import { pipeStream } from "./stream_pipe.ts";
import { connectTcp, type TcpEnd } from "./tcp_end.ts";

/** Forwards until the listener is closed, or the signal aborted. */
export async function forwardStreams(
  context: Context,
  listener: Listener,
  target: Address,
  deadAfter: number,
): Promise<void> {
  const { reporter } = context;
  const where = formatAddress(target);
  let isReachable = true;
  await acceptStreams(context, listener, {
    deadAfter,
    onStream: (session, conn) => void forward(session, conn),
  });

  async function forward(session: Session, conn: RelConn): Promise<void> {
    const service = await reach(conn);
    if (service === undefined) return;
    try {
      await pipeStream(context, session, conn, service);
    } catch (error) {
      // One stream that broke is its two ends' affair; programs are told all the same.
      const reason = error instanceof Error ? error.message : String(error);
      reporter.event("broken", { stream: conn.id, reason });
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
