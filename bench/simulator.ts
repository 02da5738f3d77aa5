/**
 * How fast the simulator is: what a stretch of virtual time costs of real time.
 *
 *     deno run -A bench/simulator.ts        (or bun, or node)
 *
 * A stream through the whole stack fills a link, with 25 ms each way. Each line is a
 * run of its own, warmed up by those before it, as in a table of many cells.
 *
 * @module
 */
import process from "node:process";
import { connect, listen, type NetworkOptions, simulatedNetwork } from "../src/adapters/sim.ts";

/** Bytes written at a time. */
const CHUNK = 65_536;

/** What one run costs. */
interface Cost {
  readonly rate: number;
  readonly duration: number;
  readonly crypto: "none" | "real";
  /** Real time, and of the processor's, ms: they differ on a machine that has other work to do. */
  readonly took: number;
  readonly worked: number;
  readonly packets: number;
  /** Of the stream, Mbit/s. */
  readonly goodput: number;
}

/** Fills a link for some virtual time. */
async function measure(rate: number, duration: number, crypto: "none" | "real"): Promise<Cost> {
  const conditions = { delay: 25, rate, queue: Math.ceil(rate * 4) };
  const options: NetworkOptions = { seed: 1, crypto, conditions };
  const start = performance.now();
  const workedBefore = process.cpuUsage();
  const network = simulatedNetwork(options);
  const [server, client] = [network.addNode("server"), network.addNode("client")];
  const listener = await listen(server, {
    port: 1,
    secretKey: new Uint8Array(32).fill(1),
    freshKey: true,
  });
  const { publicKey: serverKey } = listener;
  const session = await network.run(connect(client, { hostname: "server", port: 1, serverKey }));
  const mux = session.multiplex();
  const far = (await network.run(listener.accept())).multiplex();
  const conn = await network.run(mux.openConn("bulk"));
  const sink = await network.run(far.acceptConn());
  let bytes = 0;
  const reading = (async () => {
    const into = new Uint8Array(CHUNK);
    for (let count = await sink.read(into); count !== null; count = await sink.read(into)) {
      bytes += count;
    }
  })().catch(() => {});
  const writing = (async () => {
    for (const chunk = new Uint8Array(CHUNK);;) await conn.write(chunk);
  })().catch(() => {});
  await network.pass(duration);
  const took = performance.now() - start;
  const { user, system } = process.cpuUsage(workedBefore);
  const worked = (user + system) / 1000;
  const packets = network.path("client", "server").counts.sent +
    network.path("server", "client").counts.sent;
  const goodput = bytes * 8 / duration / 1000;
  await session.close();
  await listener.close();
  await Promise.all([reading, writing]);
  return { rate, duration, crypto, took, worked, packets, goodput };
}

const runs: readonly (readonly [number, number, "none" | "real"])[] = [
  [2, 60_000, "none"],
  [2, 60_000, "none"],
  [2, 60_000, "real"],
  [100, 10_000, "none"],
  [100, 10_000, "real"],
];
for (const [rate, duration, crypto] of runs) {
  const { took, worked, packets, goodput } = await measure(rate, duration, crypto);
  const columns = [
    `${rate} Mbit/s for ${duration / 1000} s, crypto ${crypto}:`,
    `${(took / 1000).toFixed(2)} s (${(worked / 1000).toFixed(2)} s of the processor),`,
    `${packets} packets, ${(worked * 1000 / packets).toFixed(1)} us each,`,
    `${goodput.toFixed(2)} Mbit/s of the stream`,
  ];
  process.stdout.write(`${columns.join(" ")}\n`);
}
