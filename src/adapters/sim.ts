/**
 * A simulated network: whole programs under virtual time, on bad paths, with a seed.
 *
 * Nodes of the network are hosts, so `connect` and `listen` run on them as they do on a real
 * machine. An hour of virtual time takes as long as the program needs for its work in it, and the
 * same seed gives the same run to the byte, on every runtime.
 *
 * @example An echo program, and a test of it under 20 % loss
 * ```ts
 * import { connect, type Host, type Listener, listen, simulatedNetwork } from "@sosistab/sosistab/sim";
 *
 * async function serve(listener: Listener): Promise<void> {
 *   for await (const session of listener) {
 *     const conn = await session.multiplex().acceptConn();
 *     await conn.readable.pipeTo(conn.writable);
 *   }
 * }
 *
 * async function ask(host: Host, serverKey: Uint8Array, question: string): Promise<string> {
 *   await using session = await connect(host, { hostname: "server", port: 4000, serverKey });
 *   const conn = await session.multiplex().openConn("echo");
 *   await conn.write(new TextEncoder().encode(question));
 *   conn.closeWrite();
 *   return await new Response(conn.readable).text();
 * }
 *
 * Deno.test("the answer comes even where a fifth of all packets is lost", async () => {
 *   const network = simulatedNetwork({ seed: 7, conditions: { delay: 30, loss: 0.2 } });
 *   const secretKey = new Uint8Array(32).fill(1);
 *   await using listener = await listen(network.addNode("server"), { port: 4000, secretKey });
 *   const serving = serve(listener);
 *   const asking = ask(network.addNode("client"), listener.publicKey, "hello");
 *   const answer = await network.run(asking, 10_000);
 *   if (answer !== "hello") throw new Error(answer);
 *   await listener.close();
 *   await serving;
 * });
 * ```
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { NetworkOptions, SimulatedNetwork } from "../sim/contract.ts";
import { VirtualNetwork } from "../sim/network.ts";

export * from "../../mod.ts";
export type { EventQueue, VirtualClock } from "../sim/clock.ts";
export type { Blackout, LinkConditions } from "../sim/conditions.ts";
export type {
  NetworkOptions,
  NodeName,
  NodeOptions,
  PacketLogEntry,
  Route,
  SimulatedNetwork,
  SimulatedNode,
} from "../sim/contract.ts";
export type { DelayHistogram } from "../sim/delay_histogram.ts";
export { type Deliver, Link, type LinkCounts } from "../sim/link.ts";
export { openRelay, type Relay, type RelayOptions } from "../sim/relay.ts";

/**
 * Makes a network without nodes, at virtual time 0.
 *
 * @throws RangeError where a setting makes no sense.
 */
export function simulatedNetwork(options: NetworkOptions = {}): SimulatedNetwork {
  return new VirtualNetwork((run) => void setImmediate(run), options);
}
