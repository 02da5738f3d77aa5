/**
 * A simulated network: whole programs under virtual time, on bad paths, with a seed.
 *
 * Nodes of the network are hosts, so `connect` and `listen` run on them as they do on a real
 * machine. An hour of virtual time takes as long as the program needs for its work in it, and the
 * same seed gives the same run to the byte, on every runtime.
 *
 * @example An echo program, and the ten lines that test it under 20 % loss
 * ```ts
 * import { connect, listen, type Listener, simulatedNetwork } from "@sosistab/sosistab/sim";
 *
 * async function serve(listener: Listener): Promise<void> {
 *   const conn = await (await listener.accept()).multiplex().acceptConn();
 *   await conn.readable.pipeTo(conn.writable);
 * }
 *
 * const network = simulatedNetwork({ seed: 7, conditions: { delay: 30, loss: 0.2 } });
 * const [server, client] = [network.addNode("server"), network.addNode("client")];
 * const secretKey = new Uint8Array(32).fill(1);
 * const listener = await listen(server, { port: 4000, secretKey, freshKey: true });
 * void serve(listener);
 * const address = { hostname: "server", port: 4000, serverKey: listener.publicKey };
 * const session = await network.run(connect(client, address));
 * const conn = await network.run(session.multiplex().openConn("echo"));
 * void new Blob(["hello"]).stream().pipeTo(conn.writable);
 * const answer = await network.run(new Response(conn.readable).text());
 * if (answer !== "hello") throw new Error(answer);
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
  Route,
  SimulatedNetwork,
  SimulatedNode,
} from "../sim/contract.ts";
export type { DelayHistogram } from "../sim/delay_histogram.ts";
export { type Deliver, Link, type LinkCounts } from "../sim/link.ts";
export type { SocketFailure } from "../sim/socket_failure.ts";
export { openRelay, type Relay, type RelayOptions } from "../sim/relay.ts";

/**
 * Makes a network without nodes, at virtual time 0.
 *
 * @throws RangeError where a setting makes no sense.
 */
export function simulatedNetwork(options: NetworkOptions = {}): SimulatedNetwork {
  return new VirtualNetwork((run) => void setImmediate(run), options);
}
