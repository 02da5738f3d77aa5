/**
 * Load tests of many sessions.
 *
 * @module
 */
import { delay } from "../../tests/support/delay.ts";
import { askAll, cpuOf, type Figures, type LoadBench, mostOf, share, sumOf } from "./load_bench.ts";
import type { LoadTest } from "./test_contract.ts";
import type { Program, Told } from "./program.ts";

/** Processes that the clients are spread over, at the most, and sessions that are worth another one. */
const MOST_CLIENTS = 4;
const SESSIONS_OF_CLIENT = 500;

/**
 * Handshakes of a client process at the same time. Each repeats its hello while it waits, and a server that
 * can do no more would be asked for ever more.
 */
const AT_ONCE = 4;

/** The same of strangers, who spend most of their time waiting for what must not come. */
const STRANGERS_AT_ONCE = 16;

/** Sessions that come and go before anything is measured: what is made once is then there. */
const WARM_UP = 100;

/** How long the server is left alone, s; less where the tests shall be shorter. */
const IDLE_SECONDS = 10;

/** How long a connect may take, ms: a server that has much to do answers hellos last. */
const PATIENCE = 120_000;

/** The longest that all pings may take, ms, before it is given up; the target is lower. */
const PING_LIMIT = 30_000;

/** What many idle sessions cost. */
export const L_SESS: LoadTest = {
  id: "L-SESS",
  text: "10,000 sessions over UDP, each with a multiplex, open and idle on one server; " +
    "then a message of each, 64 at a time, which is answered",
  figures: [
    { name: "sessions", label: "sessions" },
    { name: "open", label: "of them open", equals: "sessions" },
    { name: "openSeconds", label: "time to open them, s", digits: 1 },
    { name: "rss", label: "memory of the process for each, KB", digits: 1, most: 12 },
    { name: "heap", label: "heap for each, KB", digits: 1 },
    { name: "idle", label: "processor while idle, %", digits: 1, most: 3 },
    { name: "answered", label: "answered", equals: "sessions" },
    { name: "pingSeconds", label: "until the last answer, s", digits: 2, most: 2 },
    { name: "pingCpu", label: "processor of the server for it, s", digits: 2 },
    { name: "repeats", label: "messages that had to be sent again" },
  ],
  run: runIdleSessions,
};

/** What happens when there are too many. */
export const L_SESS_MAX: LoadTest = {
  id: "L-SESS-MAX",
  text: "sessions up to the cap of 16,384, then 20,000 more clients that are refused",
  figures: [
    { name: "cap", label: "cap" },
    { name: "open", label: "sessions open at the cap", equals: "cap" },
    { name: "strangers", label: "further clients" },
    { name: "greeted", label: "of them through their handshake" },
    { name: "after", label: "sessions open after them", equals: "cap" },
    { name: "heard", label: "packets that reached them", most: 0 },
    { name: "answered", label: "old sessions that answer", equals: "cap" },
    { name: "grown", label: "memory grown by them, MB", digits: 1 },
  ],
  run: runTooManySessions,
};

async function runIdleSessions(bench: LoadBench): Promise<Figures> {
  const { program: server, port } = await bench.server();
  const sessions = bench.scaled(10_000);
  const clients = await startClients(bench, sessions);
  await openSessions(clients, port, Math.min(WARM_UP, sessions));
  await askAll(clients, "ping", () => ({ limit: PING_LIMIT }));
  await askAll(clients, "close");
  const before = await server.ask("report");
  bench.say(`opening ${sessions} sessions`);
  const startedAt = performance.now();
  await openSessions(clients, port, sessions);
  const openSeconds = (performance.now() - startedAt) / 1000;
  // Some answers may be under way.
  await delay(1_000);
  const after = await server.ask("report");
  const open = openOf(after) - openOf(before);
  bench.say(`${open} are open after ${openSeconds.toFixed(1)} s; the server is left alone`);
  const { share: idle } = await server.ask("idle", {
    seconds: Math.min(IDLE_SECONDS, bench.size.seconds),
  });
  bench.say("each says something");
  const cpuBefore = await cpuOf(server);
  const pings = await askAll(clients, "ping", () => ({ limit: PING_LIMIT }));
  const pingCpu = (await cpuOf(server) - cpuBefore) / 1000;
  const grown = (field: string) => (Number(after[field]) - Number(before[field])) / open / 1024;
  return {
    sessions,
    open,
    openSeconds,
    rss: grown("rss"),
    heap: grown("heap"),
    idle: Number(idle) * 100,
    answered: sumOf(pings, "answered"),
    pingSeconds: mostOf(pings, "took") / 1000,
    pingCpu,
    repeats: sumOf(pings, "repeats"),
  };
}

async function runTooManySessions(bench: LoadBench): Promise<Figures> {
  const cap = bench.scaled(16_384);
  const { program: server, port } = await bench.server({ sessions: cap });
  const clients = await startClients(bench, cap);
  bench.say(`opening ${cap} sessions`);
  await openSessions(clients, port, cap);
  await askAll(clients, "ping", () => ({ limit: PING_LIMIT }));
  const full = await server.ask("report");
  const strangers = bench.scaled(20_000);
  bench.say(`${openOf(full)} are open; ${strangers} more want in`);
  const knocks = await askAll(clients, "knock", (i) => ({
    port,
    count: share(strangers, clients.length, i),
    atOnce: STRANGERS_AT_ONCE,
    timeout: PATIENCE,
  }));
  const after = await server.ask("report");
  bench.say("the old ones say something");
  const pings = await askAll(clients, "ping", () => ({ limit: PING_LIMIT }));
  return {
    cap,
    strangers,
    open: openOf(full),
    greeted: sumOf(knocks, "greeted"),
    after: openOf(after),
    heard: sumOf(knocks, "heard"),
    answered: sumOf(pings, "answered"),
    grown: (Number(after.rss) - Number(full.rss)) / 1e6,
  };
}

function startClients(bench: LoadBench, sessions: number): Promise<Program[]> {
  return bench.clients(Math.min(MOST_CLIENTS, Math.ceil(sessions / SESSIONS_OF_CLIENT)));
}

function openSessions(clients: readonly Program[], port: number, count: number): Promise<Told[]> {
  return askAll(clients, "open", (i) => ({
    port,
    count: share(count, clients.length, i),
    atOnce: AT_ONCE,
    timeout: PATIENCE,
  }));
}

/** Sessions that are open, as the listener counts them. */
function openOf(report: Told): number {
  const { listener } = report;
  if (typeof listener !== "object" || listener === null || !("sessionsOpen" in listener)) {
    return NaN;
  }
  return Number(listener.sessionsOpen);
}
