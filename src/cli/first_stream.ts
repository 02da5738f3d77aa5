/**
 * `listen` without `--to`: the first stream that any peer opens is joined to stdin and stdout.
 *
 * Knowing the key is not yet having something to say: a peer that opens no stream must not keep the
 * others out. Whoever comes after the first is refused at once instead of waiting in vain.
 *
 * @module
 */
import type { RelConn, Session } from "../net/contract.ts";
import type { Listener } from "../net/listen_contract.ts";
import { acceptStreams } from "./accept_streams.ts";
import type { Context } from "./context.ts";
import { explainLoss } from "./explain.ts";
import { Failure } from "./failure.ts";
import { keepAlive } from "./keep_alive.ts";
import { StdioEnd } from "./stdio_end.ts";
import { linger, pipeStream } from "./stream_pipe.ts";

/** How to wait for the stream, and for its peer. */
export interface FirstStreamOptions {
  /** How long to wait for the stream, ms; for ever by default. */
  readonly timeout?: number;
  /** How long the peer may be silent when an answer is awaited, ms. */
  readonly deadAfter: number;
}

interface FirstStream {
  readonly session: Session;
  readonly conn: RelConn;
}

/** Waits for the first stream, and carries it to its end. */
export async function joinFirstStream(
  context: Context,
  listener: Listener,
  options: FirstStreamOptions,
): Promise<void> {
  const { session, conn } = await firstStream(context, listener, options);
  const alive = keepAlive(context.host, session);
  try {
    await pipeStream(context, session, conn, new StdioEnd());
    await linger(session);
    context.reporter.sayTotal();
  } catch (error) {
    throw explainLoss(error);
  } finally {
    alive[Symbol.dispose]();
  }
}

async function firstStream(
  context: Context,
  listener: Listener,
  { timeout, deadAfter }: FirstStreamOptions,
): Promise<FirstStream> {
  const found = Promise.withResolvers<FirstStream>();
  let isTaken = false;
  const onStream = (session: Session, conn: RelConn) => {
    if (isTaken) {
      conn.reset();
      context.reporter.warn("another stream was refused: this listener serves the first one only");
    } else {
      isTaken = true;
      found.resolve({ session, conn });
    }
  };
  const timer = timeout === undefined
    ? undefined
    : setTimeout(() => found.reject(nobodyCame(timeout)), timeout);
  // It goes on until the listener is closed, which then is no news.
  acceptStreams(context, listener, { deadAfter, onStream }).catch(found.reject);
  try {
    return await found.promise;
  } finally {
    clearTimeout(timer);
  }
}

function nobodyCame(timeout: number): Failure {
  return new Failure("no-answer", `nobody connected in ${timeout / 1000} s`, [
    { cause: "the other side was not started", remedy: "paste the line above there" },
    {
      cause: "the port is blocked on the way",
      remedy: "open it in the firewalls, for UDP and TCP",
    },
  ]);
}
