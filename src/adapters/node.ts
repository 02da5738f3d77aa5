/**
 * sosistab on Node: `connect` and `listen` bound to the runtime's own sockets, and all of the core.
 *
 * @example A server and a client that talk over one stream
 * ```ts
 * import { connect, listen } from "@sosistab/sosistab/node";
 *
 * const secretKey = crypto.getRandomValues(new Uint8Array(32));
 * await using listener = await listen({ hostname: "127.0.0.1", secretKey, freshKey: true });
 *
 * const server = (async () => {
 *   const session = await listener.accept();
 *   const conn = await session.multiplex().acceptConn();
 *   await conn.readable.pipeTo(conn.writable);
 * })();
 *
 * const { hostname, port } = listener.addr;
 * await using session = await connect({ hostname, port, serverKey: listener.publicKey });
 * const conn = await session.multiplex().openConn("echo");
 * await conn.write(new TextEncoder().encode("hello"));
 * conn.closeWrite();
 * const answer = await new Response(conn.readable).text();
 * await server;
 * if (answer !== "hello") throw new Error(answer);
 * ```
 *
 * @module
 */
import { connect as connectOn } from "../net/client.ts";
import type { ConnectOptions, Session } from "../net/contract.ts";
import type { Listener, ListenOptions } from "../net/listen_contract.ts";
import { listen as listenOn } from "../net/listener.ts";
import { nodeHost } from "./node_host.ts";

export * from "../../mod.ts";
export { nodeHost };
export { ReplayFile, type ReplayFileOptions } from "./replay_file.ts";

/**
 * Connects to a server.
 *
 * @returns The session, as soon as the server has proved that it has the secret key. Rejects with
 * the {@linkcode SosistabError} `no-answer`, `name-not-found` or a socket's, or with the reason of
 * the signal.
 */
export function connect(options: ConnectOptions): Promise<Session> {
  return connectOn(nodeHost(), options);
}

/**
 * Listens for clients that know the public key.
 *
 * @returns The listener. Rejects with the {@linkcode SosistabError} `address-in-use`,
 * `permission-denied`, `name-not-found` or `socket-failed`.
 */
export function listen(options: ListenOptions): Promise<Listener> {
  return listenOn(nodeHost(), options);
}
