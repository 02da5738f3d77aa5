/**
 * The client of a soak: `soak_client.ts SEED PORT...`, a port for each server.
 *
 * Some workers each keep a session for a while, open and close streams on it and send messages, and
 * then begin anew. It says when the first stream has come to its end. Orders: `report`, and `finish`, after which they come to an orderly end. It ends
 * when its stdin does, with a last report.
 *
 * @module
 */
import process from "node:process";
import {
  connect,
  type ConnectOptions,
  type Multiplex,
  publicKeyOf,
  type Session,
} from "../../mod.ts";
import { delay } from "../../tests/support/delay.ts";
import { seededFraction } from "../../tests/support/seeded_random.ts";
import { say } from "../link/progress.ts";
import { takeOrders } from "./orders.ts";
import { type Deal, formatDeal, keepDeal } from "./soak_deal.ts";
import { SoakEnd } from "./soak_end.ts";
import { SoakMessages } from "./soak_messages.ts";

/** The secret key of every server of a soak. */
const SECRET_KEY = new Uint8Array(32).fill(7);

/** How each worker connects; they take the servers in turns. */
const WAYS: readonly Pick<ConnectOptions, "protocol" | "shards">[] = [
  { protocol: "udp" },
  { protocol: "udp" },
  { protocol: "udp", shards: 4 },
  { protocol: "tcp", shards: 2 },
  { protocol: "tcp" },
  { protocol: "auto" },
];

/** Streams of a session at the same time. */
const STREAMS = 2;

/** How long a session is kept, ms: from, and to. */
const SESSION_AGE = [15_000, 180_000] as const;

/** How long is waited between two streams of one place, ms. */
const STREAM_PAUSE = [100, 5_000] as const;

/** Bytes of a direction of a stream; small ones are as frequent as large ones. */
const STREAM_LENGTH = [1, 600_000] as const;

/** How many streams are cut while they are in use, and how many sessions closed: a share. */
const CUTS = 0.05;
const EARLY_ENDS = 0.3;

/** How long a failed connect is left alone, ms. */
const RECONNECT_DELAY = 1_000;

/** The longest that an orderly end may take, ms: as dead others are noticed in 30 s. */
const END_LIMIT = 60_000;

/** The longest that opening may take, ms: 30 s, and a stall of the machine. */
const OPEN_LIMIT = 60_000;

/** How long closed sessions may take to let go of all that they have, ms. */
const GRACE = 1_000;

const [seed = 1, ...ports] = process.argv.slice(2).map(Number);
const fraction = seededFraction(seed);
const serverKey = publicKeyOf(SECRET_KEY);
const end = await SoakEnd.create();
const stop = new AbortController();
const workers = WAYS.map((way, i) => work(way, i % ports.length));

takeOrders({
  report: () => end.report(),
  finish: async () => {
    stop.abort();
    await end.waits.of("the end", Promise.all(workers), END_LIMIT);
  },
}, async () => {
  stop.abort();
  await Promise.all(workers);
  await delay(GRACE);
  end.close();
  say({ event: "end", ...await end.report() });
});

async function work(way: (typeof WAYS)[number], server: number): Promise<void> {
  while (!stop.signal.aborted) {
    const options = { ...way, hostname: "127.0.0.1", port: ports[server]!, serverKey };
    try {
      const { signal } = stop;
      const opening = connect(end.host, { ...options, signal });
      await useSession(await end.waits.of("connect", opening, OPEN_LIMIT), server);
    } catch (error) {
      if (stop.signal.aborted) return;
      end.onError(`connect over ${way.protocol}`, error, { side: "client", server });
      await pause(RECONNECT_DELAY, RECONNECT_DELAY, stop.signal);
    }
  }
}

/** Keeps a session for a while. */
async function useSession(session: Session, server: number): Promise<void> {
  end.sessions++;
  end.survivors.watch("session", session);
  const mux = end.survivors.watch("multiplex", session.multiplex());
  const over = new AbortController();
  const onStop = () => over.abort();
  stop.signal.addEventListener("abort", onStop, { once: true });
  void mux.closed.then(onStop);
  const isEarly = fraction() < EARLY_ENDS;
  const messages = new SoakMessages(mux, end, over.signal);
  const streams = Array.from({ length: STREAMS }, () => useStreams(mux, server, over.signal));
  await pause(...SESSION_AGE, over.signal);
  over.abort();
  stop.signal.removeEventListener("abort", onStop);
  if (!isEarly) await Promise.all(streams);
  closing.add(mux);
  await end.waits.of("the end of a session", session.close(), END_LIMIT);
  await Promise.all([...streams, messages.ended]);
  const closure = await end.waits.of("closed of a session", mux.closed, END_LIMIT);
  if (closure.error !== undefined) {
    end.onError("a session", closure.error, { side: "client", server });
  }
}

/** Multiplexes that were closed here, whatever was under way on them. */
const closing = new WeakSet<Multiplex>();

/** Opens and closes streams, one after the other. */
async function useStreams(mux: Multiplex, server: number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const deal = drawDeal();
    const isCut = fraction() < CUTS;
    const cutAfter = fraction() * 500;
    const progress = { sent: 0, received: 0 };
    try {
      const info = formatDeal(deal);
      const conn = await end.waits.of("openConn", mux.openConn(info), OPEN_LIMIT);
      end.survivors.watch("stream", conn);
      if (isCut) void pause(cutAfter, cutAfter, over).then(() => conn.reset());
      await keepDeal(conn, deal, "client", end.waits, progress);
      if (end.streams++ === 0) say({ event: "ready" });
    } catch (error) {
      const isOurs = isCut || closing.has(mux);
      const details = { side: "client", server, deal: deal.number, isOurs };
      end.onError("a stream of the client", error, details);
    }
    end.bytes += progress.received;
    await pause(...STREAM_PAUSE, over);
  }
}

function drawDeal(): Deal {
  const [least, most] = STREAM_LENGTH;
  const length = () => Math.floor(least * (most / least) ** fraction());
  return { number: Math.floor(fraction() * 2 ** 32), up: length(), down: length() };
}

/** Waits for a time that is drawn evenly, or until it is told to go on. */
function pause(least: number, most: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, least + (most - least) * fraction());
    signal.addEventListener("abort", wake);
  });
}
