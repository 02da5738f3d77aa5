/**
 * `sosistab demo-receive`: the receiving process of the demo of a bad link. It counts what comes by
 * plain UDP and what comes by sosistab, by the numbers in the messages.
 *
 * @module
 */
import { formatAddress } from "../address.ts";
import { listen } from "../net/listener.ts";
import { formatUrl } from "../net/url.ts";
import type { Context } from "./context.ts";
import { type Fate, MessageTally } from "./message_tally.ts";
import { decodeMessage, wallClock } from "./numbered_message.ts";
import type { Fields } from "./reporter.ts";
import { untilStdinEnds } from "./until_stdin_ends.ts";

// Tuning.

/** How often to tell what has come, ms: often enough for a picture that moves. */
const REPORT_INTERVAL = 100;

/**
 * Reports for which a message may be missing behind a later one before it counts as lost: half a
 * second is more than anybody waits for a picture or a word.
 */
const PATIENCE = 5;

const LOOPBACK = "127.0.0.1";

/**
 * Counts until stdin ends.
 *
 * @param count How many messages there will be.
 */
export async function receiveDemo(
  { host, reporter, signal }: Context,
  count: number,
): Promise<void> {
  const flows = { plain: new Flow(count), sosistab: new Flow(count) };
  const plain = await host.bindDatagram({ hostname: LOOPBACK, port: 0 }, {
    onDatagram: (datagram) => flows.plain.take(datagram),
    onError: () => {},
  });
  // Nobody can reach this server again later.
  const secretKey = new Uint8Array(32);
  host.random(secretKey);
  const listener = await listen(host, { hostname: LOOPBACK, secretKey, freshKey: true, signal });
  const report = (event: string, isEnd: boolean) => {
    const fields = (flow: Flow) => flow.report(isEnd);
    reporter.event(event, { plain: fields(flows.plain), sosistab: fields(flows.sosistab) });
  };
  const reports = setInterval(() => report("tally", false), REPORT_INTERVAL);
  try {
    reporter.event("listening", {
      address: formatAddress(listener.addr),
      url: formatUrl({ ...listener.addr, serverKey: listener.publicKey }),
      plain_address: formatAddress(plain.addr),
    });
    void listener.accept().then(async (session) => {
      const mux = session.multiplex();
      for (;;) flows.sosistab.take(await mux.receiveUrel());
    }).catch(() => {});
    await untilStdinEnds();
    report("final", true);
  } finally {
    clearInterval(reports);
    plain.close();
    await listener.close();
  }
}

/** One way that the messages come. */
class Flow {
  readonly #count: number;
  readonly #tally = new MessageTally();
  /** How many were known at the last reports, the oldest first. */
  readonly #known: number[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  take(datagram: Uint8Array): void {
    const message = decodeMessage(datagram);
    // Anybody on this machine can send here.
    if (message === undefined || message.sequence >= this.#count) return;
    this.#tally.take(message.sequence, Math.max(0, wallClock() - message.sentAt));
  }

  /** @param isEnd Nothing will come any more. */
  report(isEnd: boolean): Fields {
    const tally = this.#tally;
    this.#known.push(tally.known);
    const old = this.#known.length > PATIENCE ? this.#known.shift() : 0;
    const fates = tally.settle(isEnd ? this.#count : old ?? 0);
    return {
      ...tally.counts,
      delay_ms: tally.delays.percentile(0.5),
      delay_p99_ms: tally.delays.percentile(0.99),
      fates: fates.map((fate) => LETTERS[fate]).join(""),
    };
  }
}

const LETTERS: Readonly<Record<Fate, string>> = { arrived: "a", rebuilt: "r", lost: "l" };
