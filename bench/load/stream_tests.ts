/**
 * Load tests of many streams.
 *
 * @module
 */
import { delay } from "../../tests/support/delay.ts";
import { cpuOf, type Figures, type LoadBench } from "./load_bench.ts";
import type { LoadTest } from "./test_contract.ts";
import type { Program } from "./program.ts";

/** Sessions that the streams are spread over, at the most, and streams that are worth another one. */
const MOST_SESSIONS = 50;
const STREAMS_OF_SESSION = 10;

/** Streams of a session at the same time when they are opened and closed, as a busy program has. */
const CHURNS_AT_ONCE = 4;

/** Bytes of each of them, up and down again. */
const CHURN_LENGTH = 1_024;

/** Parts of a churn, after each of which memory is looked at. */
const CHURN_PARTS = 10;

/** Streams that many sessions have open at the same time. */
export const L_STREAM: LoadTest = {
  id: "L-STREAM",
  text: "50 sessions with 200 streams each, all open; then 64 KB over each and back, all at once",
  figures: [
    { name: "streams", label: "streams" },
    { name: "heap", label: "heap of the server for each while idle, KB", digits: 1, most: 8 },
    { name: "clientHeap", label: "heap of the client for each while idle, KB", digits: 1, most: 8 },
    { name: "right", label: "streams whose hash is right", equals: "streams" },
    { name: "seconds", label: "time for all, s", digits: 1, most: 60 },
    { name: "rate", label: "rate in each direction, Mbit/s" },
    { name: "lost", label: "segments of the client found lost, %", digits: 2 },
    { name: "serverCpu", label: "processor of the server, s", digits: 1 },
    { name: "clientCpu", label: "processor of the client, s", digits: 1 },
    { name: "serverPeak", label: "memory of the server afterwards, MB" },
    { name: "serverHeap", label: "heap of the server afterwards, MB", digits: 1 },
  ],
  run: runManyStreams,
};

/** Streams that are opened and closed again. */
export const L_CHURN: LoadTest = {
  id: "L-CHURN",
  text: "1,000,000 streams opened, used for 1 KB and back, and closed, over 50 sessions",
  figures: [
    { name: "streams", label: "streams" },
    { name: "done", label: "done", equals: "streams" },
    { name: "hung", label: "hung", most: 0 },
    { name: "collisions", label: "numbers used twice", most: 0 },
    { name: "perSecond", label: "a second" },
    { name: "serverCpu", label: "processor of the server for each, ms", digits: 3 },
    { name: "clientCpu", label: "processor of the client for each, ms", digits: 3 },
    { name: "slope", label: "heap of the server, MB in 100,000", digits: 2, most: 1 },
    { name: "clientSlope", label: "heap of the client, MB in 100,000", digits: 2, most: 1 },
  ],
  run: runChurn,
};

async function runManyStreams(bench: LoadBench): Promise<Figures> {
  const wanted = bench.scaled(10_000);
  const { server, client, sessions } = await openSessions(bench, wanted);
  const before = [await server.ask("report"), await client.ask("report")];
  const each = Math.ceil(wanted / sessions);
  const streams = each * sessions;
  bench.say(`opening ${streams} streams`);
  await client.ask("openStreams", { each });
  // Some answers may be under way.
  await delay(1_000);
  const after = [await server.ask("report"), await client.ask("report")];
  const [heap, clientHeap] = after.map((report, i) =>
    (Number(report.heap) - Number(before[i]?.heap)) / streams / 1024
  );
  bench.say("64 KB over each");
  const length = 65_536;
  const { right, took } = await client.ask("echo", { length });
  const ends = [await server.ask("report"), await client.ask("report")];
  const [serverCpu, clientCpu] = ends.map((end, i) =>
    (Number(end.cpu) - Number(after[i]?.cpu)) / 1000
  );
  const { sent, lost } = await client.ask("counts");
  return {
    streams,
    heap: heap ?? NaN,
    clientHeap: clientHeap ?? NaN,
    right: Number(right),
    seconds: Number(took) / 1000,
    rate: streams * length * 8 / 1000 / Number(took),
    lost: Number(lost) / Number(sent) * 100,
    serverCpu: serverCpu ?? NaN,
    clientCpu: clientCpu ?? NaN,
    serverPeak: Number(ends[0]?.rss) / 1e6,
    serverHeap: Number(ends[0]?.heap) / 1e6,
  };
}

async function runChurn(bench: LoadBench): Promise<Figures> {
  const streams = bench.scaled(bench.size.churns);
  const { server, client } = await openSessions(bench, streams);
  const total = { done: 0, hung: 0, collisions: 0 };
  const heaps: { readonly at: number; readonly server: number; readonly client: number }[] = [];
  const cpu = { server: 0, client: 0 };
  let seconds = 0;
  const look = async (): Promise<void> => {
    const [ofServer, ofClient] = [await server.ask("report"), await client.ask("report")];
    heaps.push({ at: total.done, server: Number(ofServer.heap), client: Number(ofClient.heap) });
  };
  // The first part fills what is kept for later: it is used, and not judged.
  for (let part = 0; part <= CHURN_PARTS; part++) {
    const isJudged = part > 0;
    const count = Math.ceil(streams / CHURN_PARTS);
    if (isJudged) await look();
    const before = { server: await cpuOf(server), client: await cpuOf(client) };
    const startedAt = performance.now();
    const settings = { count, atOnce: CHURNS_AT_ONCE, length: CHURN_LENGTH };
    const { done, hung, collisions } = await client.ask("churn", settings);
    if (isJudged) {
      seconds += (performance.now() - startedAt) / 1000;
      total.done += Number(done);
      cpu.server += await cpuOf(server) - before.server;
      cpu.client += await cpuOf(client) - before.client;
    }
    total.hung += Number(hung);
    total.collisions += Number(collisions);
    bench.say(`${part} of ${CHURN_PARTS} parts: ${done} streams, ${hung} hung`);
  }
  await look();
  return {
    streams: Math.ceil(streams / CHURN_PARTS) * CHURN_PARTS,
    ...total,
    perSecond: total.done / seconds,
    serverCpu: cpu.server / total.done,
    clientCpu: cpu.client / total.done,
    slope: slopeOf(heaps.map(({ at, server }) => [at, server])) * 0.1,
    clientSlope: slopeOf(heaps.map(({ at, client }) => [at, client])) * 0.1,
  };
}

async function openSessions(
  bench: LoadBench,
  streams: number,
): Promise<{ server: Program; client: Program; sessions: number }> {
  const sessions = Math.min(MOST_SESSIONS, Math.ceil(streams / STREAMS_OF_SESSION));
  const { program: server, port } = await bench.server();
  const [client] = await bench.clients(1);
  const { open } = await client!.ask("open", { port, count: sessions, atOnce: 8 });
  if (open !== sessions) throw new Error(`only ${open} of ${sessions} sessions could be opened`);
  await client!.ask("ping", { limit: 5_000 });
  return { server, client: client!, sessions };
}

/** By how much the second number grows with the first, by least squares. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1) =>
    points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const products = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const squares = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return squares === 0 ? 0 : products / squares;
}
