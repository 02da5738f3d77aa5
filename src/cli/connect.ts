/**
 * `sosistab connect URL`: connects to a peer, and joins stdin and stdout, or a local TCP port, to it.
 *
 * @module
 */
import process from "node:process";
import { type Address, formatAddress } from "../address.ts";
import { endError } from "../net/closure.ts";
import type { Multiplex, Session } from "../net/contract.ts";
import { watchCarrier } from "./carrier_watch.ts";
import type { Context } from "./context.ts";
import { explainConnect, explainLocalPort, explainLoss, systemReason } from "./explain.ts";
import { keepAlive } from "./keep_alive.ts";
import { drainStreams, OpenStreams } from "./open_streams.ts";
import {
  type CarrierFlags,
  chooseTransport,
  openSession,
  transportName,
  withProxy,
} from "./open_session.ts";
import { findServerUrl } from "./server_url.ts";
import { readStdinText, StdioEnd } from "./stdio_end.ts";
import { linger, pipeStream } from "./stream_pipe.ts";
import { StreamWatch } from "./stream_watch.ts";
import { listenTcp, type TcpEnd, type TcpPort } from "./tcp_end.ts";

/** Options of `connect`. */
export interface ConnectFlags extends CarrierFlags {
  /** What to say of the streams. */
  readonly info: string;
  /** Local port whose connections become streams. */
  readonly local?: Address;
  /** How long to wait for an answer, ms. */
  readonly timeout: number;
  /** How long the other side may be silent later, ms. */
  readonly deadAfter: number;
  /** How long forwarded connections may take to finish when the program is to stop, ms. */
  readonly drain: number;
}

/** Connects, and carries data until it ends. */
export async function connect(
  context: Context,
  argument: string | undefined,
  given: ConnectFlags,
): Promise<void> {
  const flags = withProxy(given, process.env.SOSISTAB_PROXY);
  const { host, reporter, signal } = context;
  const transport = chooseTransport(flags);
  const environment = process.env.SOSISTAB_URL;
  const { server, isFromStdin } = await findServerUrl(argument, environment, readStdinText);
  const { timeout, deadAfter } = flags;
  reporter.event("connecting", { address: formatAddress(server), transport });
  const watch = new StreamWatch(host);
  let session: Session;
  try {
    session = await openSession(server, { ...flags, watch, signal });
  } catch (error) {
    throw explainConnect(error, server, { timeout, transport, streams: watch.words });
  }
  const mux = session.multiplex({ deadAfter });
  const alive = keepAlive(context.host, session);
  const carrier = watchCarrier(reporter, session);
  try {
    sayConnected(context, session, server.label, flags.proxy);
    if (flags.local) await forwardPort(context, session, mux, { ...flags, local: flags.local });
    else await joinStdio(context, session, mux, flags.info, !isFromStdin);
  } catch (error) {
    throw explainLoss(error);
  } finally {
    carrier[Symbol.dispose]();
    alive[Symbol.dispose]();
    await mux.close();
  }
}

function sayConnected(
  { reporter }: Context,
  session: Session,
  label: string | undefined,
  proxy: Address | undefined,
): void {
  const address = formatAddress(session.remoteAddr);
  const transport = transportName(session);
  const { rtt: exactRtt, carrierReason: reason } = session.stats();
  const rtt = Math.round(exactRtt);
  const name = label === undefined ? "" : `${label}  `;
  const through = proxy === undefined ? "" : ` through ${formatAddress(proxy)}`;
  const why = reason === undefined ? "" : ` (${reason})`;
  const named = label === undefined ? {} : { label };
  const reasoned = reason === undefined ? {} : { reason };
  reporter.event(
    "connected",
    { address, transport, ...reasoned, rtt_ms: rtt, ...named },
    `${reporter.highlight("connected")} ${name}${address}  ${transport}${why}${through}  ` +
      `RTT ${rtt} ms`,
  );
}

async function joinStdio(
  context: Context,
  session: Session,
  mux: Multiplex,
  info: string,
  input: boolean,
): Promise<void> {
  const conn = await mux.openConn(info, { signal: context.signal });
  await pipeStream(context, session, conn, new StdioEnd({ input }));
  await linger(session);
  context.reporter.sayTotal();
}

/** Makes a stream of each connection to a local port, until the session ends or the program is to stop. */
async function forwardPort(
  context: Context,
  session: Session,
  mux: Multiplex,
  { local, info, drain }: { local: Address; info: string; drain: number },
): Promise<void> {
  const { reporter, signal } = context;
  const streams = new OpenStreams();
  const asked = drain > 0 ? context.finishFirst() : signal;
  let tcp: TcpPort;
  try {
    tcp = await listenTcp(local, (end) => streams.add(forwardOne(end)));
  } catch (error) {
    throw explainLocalPort(error, local);
  }
  const address = formatAddress(tcp.addr);
  reporter.event(
    "listening",
    { address, transport: "tcp" },
    `${
      reporter.highlight("listening")
    } tcp ${address}: each connection is a stream to the other side`,
  );
  const reason = await endOf(mux, AbortSignal.any([signal, asked]));
  tcp.close();
  if (!asked.aborted || signal.aborted) throw reason;
  await drainStreams(context, streams, reason, { time: drain });

  async function forwardOne(end: TcpEnd): Promise<void> {
    const from = formatAddress(end.remoteAddr);
    try {
      await pipeStream(context, session, await mux.openConn(info, { signal }), end);
    } catch (error) {
      end.reset();
      // When all is over it is told once, and not for each connection.
      if (signal.aborted || !(error instanceof Error)) return;
      reporter.warn(`the connection from ${from} was cut: ${systemReason(error)}`);
    }
  }
}

/** Waits until the session ends or the program is to stop, and gives the reason. */
function endOf(mux: Multiplex, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    mux.closed.then((closure) => resolve(endError(closure)));
    signal.addEventListener("abort", () => resolve(signal.reason));
    if (signal.aborted) resolve(signal.reason);
  });
}
