/**
 * `sosistab ping URL`: which ways lead to a server from here, how long each takes, and what it loses.
 *
 * All ways are tried at once, each with a session of its own. What was found is the answer, and goes to
 * stdout: a line for each way, or one JSON object.
 *
 * @module
 */
import process from "node:process";
import { formatAddress } from "../address.ts";
import type { ServerAddress } from "../net/url.ts";
import { probeCarrier, type ProbedTransport, type ProbeResult } from "./carrier_probe.ts";
import type { Context } from "./context.ts";
import { explainConnect, explainSilence } from "./explain.ts";
import { Failure } from "./failure.ts";
import { type CarrierFlags, chooseTransport, withProxy } from "./open_session.ts";
import { formatAdvice, formatProbe, probeFields } from "./ping_report.ts";
import { findServerUrl } from "./server_url.ts";
import { printLine, readStdinText } from "./stdio_end.ts";

// Tuning.

/**
 * How long the other ways are waited for once one has answered, ms: by then a lost hello has been
 * repeated, and a lost SYN twice.
 */
const HEAD_START = 3_000;

/** Options of `ping`. */
export interface PingFlags extends CarrierFlags {
  /** How long to wait for an answer, ms. */
  readonly timeout: number;
  /** How many round trips. */
  readonly count: number;
}

/** Tries the ways, and tells. */
export async function ping(
  context: Context,
  argument: string | undefined,
  given: PingFlags,
): Promise<void> {
  const flags = withProxy(given, process.env.SOSISTAB_PROXY);
  const ways = waysOf(flags);
  const environment = process.env.SOSISTAB_URL;
  const { server } = await findServerUrl(argument, environment, readStdinText);
  const { isJson } = context.reporter;
  const { label } = server;
  const address = formatAddress(server);
  if (!isJson) await printLine(label === undefined ? address : `${address}  ${label}`);
  const results: ProbeResult[] = [];
  try {
    for (const probe of startProbes(context, server, ways, flags)) {
      const result = await probe;
      results.push(result);
      if (!isJson) await printLine(formatProbe(result));
    }
  } catch (error) {
    throw explainConnect(error, server, flags);
  }
  const outcome = formatAdvice(results, flags.proxy !== undefined);
  if (isJson) {
    const transports = results.map(probeFields);
    const named = label === undefined ? {} : { label };
    const advised = outcome === undefined ? {} : { advice: outcome };
    await printLine(JSON.stringify({ address, ...named, transports, ...advised }));
  }
  if (results.every(({ trips }) => trips === undefined)) {
    const advice = explainSilence(server, chooseTransport({ ...flags, sni: undefined }));
    throw new Failure("no-answer", `no answer from ${address}`, advice);
  }
  if (!isJson && outcome !== undefined) await printLine(outcome);
}

/** What is to be tried. */
function waysOf(flags: PingFlags): readonly ProbedTransport[] {
  const { transport, proxy } = flags;
  // The name is for TLS, which is among them.
  if (transport === "auto") return proxy === undefined ? ["udp", "tcp", "tls"] : ["tcp", "tls"];
  chooseTransport(flags);
  return [transport];
}

/** Begins all of them; none is left unwatched. */
function startProbes(
  context: Context,
  server: ServerAddress,
  ways: readonly ProbedTransport[],
  { proxy, sni, timeout, count }: PingFlags,
): readonly Promise<ProbeResult>[] {
  const late = new AbortController();
  const onAnswer = () => {
    const timer = setTimeout(() => late.abort(), HEAD_START);
    void Promise.allSettled(probes).then(() => clearTimeout(timer));
  };
  const probes = ways.map((transport) =>
    probeCarrier(context, server, {
      transport,
      proxy,
      sni,
      timeout,
      count,
      late: late.signal,
      onAnswer,
    })
  );
  for (const probe of probes) probe.catch(() => {});
  return probes;
}
