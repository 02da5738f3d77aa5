/**
 * `sosistab demo-send`: the sending process of the demo of a bad link. It sends each message twice,
 * once by plain UDP and once by sosistab, at a steady rate.
 *
 * @module
 */
import process from "node:process";
import { type Address, formatAddress } from "../address.ts";
import { connect } from "../net/client.ts";
import type { Multiplex } from "../net/contract.ts";
import type { DatagramSocket } from "../host.ts";
import type { Context } from "./context.ts";
import { explainConnect, explainLoss } from "./explain.ts";
import { encodeMessage, MESSAGE_LENGTH, MESSAGE_RATE, wallClock } from "./numbered_message.ts";
import { findServerUrl } from "./server_url.ts";
import { untilStdinEnds } from "./until_stdin_ends.ts";

// Tuning.

/** How long to ask for an answer, ms: a link that loses half of all packets may take some tries. */
const TIMEOUT = 15_000;

/** How often to look which messages are due, ms: about one each time. */
const INTERVAL = 4;

/** How often to tell what was measured, ms. */
const REPORT_INTERVAL = 100;

/** What to send, and where to. */
export interface SendJob {
  /** Where the plain datagrams go. */
  readonly target: Address;
  /** How many messages. */
  readonly count: number;
  /** How old a message may be to be of use still, ms; `undefined`: what sosistab does by itself. */
  readonly maxAge: number | undefined;
}

/** Sends, and ends with stdin. */
export async function sendDemo(context: Context, job: SendJob): Promise<void> {
  const { host, reporter, signal } = context;
  const stdinEnd = untilStdinEnds();
  const over = new AbortController();
  const { server } = await findServerUrl(undefined, process.env.SOSISTAB_URL, noStdin);
  const session = await connect(host, { ...server, timeout: TIMEOUT, signal })
    .catch((error: unknown) => {
      throw explainConnect(error, server, { timeout: TIMEOUT, transport: "udp" });
    });
  const mux = session.multiplex();
  const plain = await host.bindDatagram({ hostname: job.target.hostname, port: 0 }, DEAF);
  const reports = setInterval(() => {
    const { rtt, repair } = mux.stats();
    reporter.event("measured", { rtt_ms: rtt, repair: repair?.words });
  }, REPORT_INTERVAL);
  try {
    reporter.event("connected", { address: formatAddress(server) });
    await Promise.race([sendAll(mux, plain, job, over.signal), stdinEnd]);
    reporter.event("sent", {});
    await stdinEnd;
  } finally {
    over.abort();
    clearInterval(reports);
    plain.close();
    await mux.close();
  }
}

const DEAF = { onDatagram: () => {}, onError: () => {} };

function noStdin(): Promise<string> {
  return Promise.resolve("");
}

/** Sends what is due until all is sent. A timer that is late makes up for it. */
function sendAll(
  mux: Multiplex,
  plain: DatagramSocket,
  { target, count, maxAge }: SendJob,
  signal: AbortSignal,
): Promise<void> {
  const message = new Uint8Array(MESSAGE_LENGTH);
  const startedAt = performance.now();
  let sequence = 0;
  const sendDue = () => {
    const due = Math.floor((performance.now() - startedAt) / 1000 * MESSAGE_RATE);
    for (; sequence < Math.min(due, count); sequence++) {
      encodeMessage(message, { sequence, sentAt: wallClock() });
      plain.send(message, target);
      mux.sendUrel(message, { maxAge });
    }
  };
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      try {
        sendDue();
        if (sequence === count) resolve();
      } catch (error) {
        reject(explainLoss(error));
      }
      if (sequence === count) clearInterval(timer);
    }, INTERVAL);
    signal.addEventListener("abort", () => clearInterval(timer));
  });
}
