/**
 * The server of the load tests: `load_server.ts SETTINGS`, where the settings are JSON (see
 * {@linkcode ServerSettings}).
 *
 * Orders:
 *
 * ```text
 * cpu      processor time since it began, ms
 * report   what it costs, with all garbage gone, and what its listener has counted
 * idle     processor time in the next `seconds`, as a share of one core
 * watch    begins to count datagrams, and to measure how late the event loop is
 * seen     ends that: how many came, and the lateness
 * ```
 *
 * @module
 */
import process from "node:process";
import { listen, type Multiplex, type RelConn, type Session } from "../../mod.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import { delay } from "../../tests/support/delay.ts";
import { say } from "../link/progress.ts";
import { processorTime, takeFootprint } from "./footprint.ts";
import { LagMeter } from "./lag_meter.ts";
import { takeOrders } from "./orders.ts";

/** The secret key of every server of a load test. */
const SECRET_KEY = new Uint8Array(32).fill(7);

/** What a server is to be. */
export interface ServerSettings {
  /** What it does with datagrams: sends them back over a multiplex, or counts them on the session. */
  readonly datagrams?: "echo" | "count";
  /** Sessions at the most; the library's own limit by default. */
  readonly sessions?: number;
  /** Whether byte streams are taken too. */
  readonly tcp?: boolean;
  /** The share of the processor for handshakes; half of it by default. */
  readonly handshakeShare?: number;
}

/** Memory in which a stream waits for its first bytes, and in which it goes on. */
const FIRST_CHUNK = 1_024;
const CHUNK = 32_768;

const settings: ServerSettings = JSON.parse(process.argv[2] ?? "{}");
let datagrams = 0;
let lag: LagMeter | undefined;
const host = await currentHost();
const listener = await listen(host, {
  hostname: "127.0.0.1",
  secretKey: SECRET_KEY,
  freshKey: true,
  tcp: settings.tcp ?? false,
  limits: {
    ...(settings.sessions === undefined ? {} : { sessions: settings.sessions }),
    // All clients of a test come from one machine, and at once: the tests are about what comes after.
    silentStreamsPerNetwork: 4_096,
    handshakeShare: settings.handshakeShare ?? 0.5,
  },
});
say({ event: "listening", port: listener.addr.port });
void serve();

takeOrders({
  cpu: () => ({ cpu: processorTime() }),
  report: async () => ({ ...await takeFootprint(), listener: listener.stats() }),
  idle: async ({ seconds }) => {
    const before = processorTime();
    const startedAt = performance.now();
    await delay(Number(seconds) * 1000);
    return { share: (processorTime() - before) / (performance.now() - startedAt) };
  },
  watch: () => {
    datagrams = 0;
    lag = new LagMeter();
  },
  seen: () => {
    const late = lag?.stop();
    lag = undefined;
    return { datagrams, ...late };
  },
}, () => listener.close());

async function serve(): Promise<void> {
  for await (const session of listener) void ended(serveSession(session));
}

/** A client may have gone before it was accepted: its session is no multiplex any more. */
async function serveSession(session: Session): Promise<void> {
  if (settings.datagrams === "count") return await count(session);
  const mux = session.multiplex();
  await Promise.all([sendBack(mux), serveStreams(mux)]);
}

async function count(session: Session): Promise<void> {
  for (;;) {
    await session.receive();
    datagrams++;
  }
}

async function sendBack(mux: Multiplex): Promise<void> {
  for (;;) mux.sendUrel(await mux.receiveUrel());
}

async function serveStreams(mux: Multiplex): Promise<void> {
  for await (const conn of mux) void ended(echo(conn));
}

/** Sends all that comes back, and then the end. */
async function echo(conn: RelConn): Promise<void> {
  let memory = new Uint8Array(FIRST_CHUNK);
  for (let length = await conn.read(memory); length !== null; length = await conn.read(memory)) {
    await conn.write(memory.subarray(0, length));
    if (length === FIRST_CHUNK) memory = new Uint8Array(CHUNK);
  }
  conn.closeWrite();
}

/** What ends a session ends what is done with it; anything else is told. */
async function ended(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
  }
}
