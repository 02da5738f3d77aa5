/**
 * Load tests of many packets, and of many sockets for one session.
 *
 * @module
 */
import { delay } from "../../tests/support/delay.ts";
import { cpuOf, type Figures, type LoadBench } from "./load_bench.ts";
import type { LoadTest } from "./test_contract.ts";
import type { Program } from "./program.ts";
import { slopeOf } from "./stream_tests.ts";

/** Datagrams a second, and bytes of each. */
const RATE = 20_000;
const LENGTH = 1_100;

/** Parts of the time, after each of which memory is looked at. */
const PARTS = 6;

/** How long the last datagrams may take, ms. */
const PATIENCE = 500;

/** Shards of each session, and bytes over a stream of each. */
const SHARDS = { udp: 16, tcp: 4 } as const;
const BULK = 20_000_000;

/** Messages of each, by which the order is found. */
const MESSAGES = 2_000;

/** Packets that a receiver keeps for those that were overtaken. */
const WINDOW = 10_000;

/** Datagrams at a rate. */
export const L_PPS: LoadTest = {
  id: "L-PPS",
  text: "20,000 datagrams of 1,100 bytes a second over one session",
  figures: [
    { name: "seconds", label: "time, s" },
    { name: "rate", label: "sent a second", least: RATE * 0.99 },
    { name: "loss", label: "loss, %", digits: 3, most: 0.1 },
    {
      name: "lag",
      label: "lateness of the server's event loop, 99th percentile, ms",
      digits: 1,
      most: 20,
    },
    { name: "serverCpu", label: "processor of the server, %" },
    { name: "clientCpu", label: "processor of the client, %" },
    { name: "slope", label: "heap of the server, MB a minute", digits: 2, most: 0.1 },
  ],
  run: runDatagrams,
};

/** Many sockets and connections of few sessions. */
export const L_SHARD: LoadTest = {
  id: "L-SHARD",
  text:
    "20 MB over a stream and back, alone over one socket; then two sessions at the same time, over " +
    "16 sockets and over 4 connections of TCP",
  figures: [
    { name: "single", label: "one socket alone, Mbit/s" },
    { name: "both", label: "both sessions together, Mbit/s" },
    { name: "right", label: "streams whose hash is right, of 3", least: 3 },
    { name: "came", label: "messages over 16 sockets that came back, %", digits: 1 },
    { name: "overtaken", label: "furthest that one was overtaken", most: WINDOW },
  ],
  run: runShards,
};

async function runDatagrams(bench: LoadBench): Promise<Figures> {
  const { program: server, port } = await bench.server({ datagrams: "count" });
  const [client] = await bench.clients(1);
  const rate = bench.scaled(RATE);
  const { seconds } = bench.size;
  let sent = 0;
  let seen = 0;
  let took = 0;
  let lag = 0;
  const heaps: (readonly [number, number])[] = [];
  const cpu = { server: 0, client: 0 };
  // The first part warms up, and is not judged.
  for (let part = 0; part <= PARTS; part++) {
    if (part > 0) heaps.push([took / 60_000, Number((await server.ask("report")).heap)]);
    const before = [await cpuOf(server), await cpuOf(client!)];
    await server.ask("watch");
    const answer = await client!.ask("datagrams", {
      port,
      rate,
      seconds: seconds / PARTS,
      length: LENGTH,
    });
    await delay(PATIENCE);
    const { datagrams, lagP99 } = await server.ask("seen");
    const after = [await cpuOf(server), await cpuOf(client!)];
    const loss = 1 - Number(datagrams) / Number(answer.sent);
    bench.say(`part ${part} of ${PARTS}: ${answer.sent} sent, ${(loss * 100).toFixed(3)} % lost`);
    if (part === 0) continue;
    sent += Number(answer.sent);
    seen += Number(datagrams);
    took += Number(answer.took);
    lag = Math.max(lag, Number(lagP99));
    cpu.server += after[0]! - before[0]!;
    cpu.client += after[1]! - before[1]!;
  }
  heaps.push([took / 60_000, Number((await server.ask("report")).heap)]);
  return {
    seconds,
    rate: sent / took * 1000,
    loss: (1 - seen / sent) * 100,
    lag,
    serverCpu: cpu.server / took * 100,
    clientCpu: cpu.client / took * 100,
    slope: slopeOf(heaps) / 1e6,
  };
}

async function runShards(bench: LoadBench): Promise<Figures> {
  const { port } = await bench.server({ tcp: true });
  const [alone, udp, tcp] = await bench.clients(3);
  const length = bench.scaled(BULK);
  await alone!.ask("open", { port, count: 1 });
  await alone!.ask("openStreams", { each: 1 });
  const single = await alone!.ask("echo", { length });
  bench.say("alone over one socket: done");
  await udp!.ask("open", { port, count: 1, shards: SHARDS.udp });
  await tcp!.ask("open", { port, count: 1, shards: SHARDS.tcp, protocol: "tcp" });
  const startedAt = performance.now();
  const bulk = async (program: Program) => {
    await program.ask("openStreams", { each: 1 });
    return Number((await program.ask("echo", { length })).right);
  };
  const right = await Promise.all([bulk(udp!), bulk(tcp!)]);
  const took = performance.now() - startedAt;
  const count = bench.scaled(MESSAGES);
  const { came, overtakenBy } = await udp!.ask("order", { count });
  return {
    single: length * 8 / 1000 / Number(single.took),
    both: 2 * length * 8 / 1000 / took,
    right: Number(single.right) + right[0]! + right[1]!,
    came: Number(came) / count * 100,
    overtaken: Number(overtakenBy),
  };
}
