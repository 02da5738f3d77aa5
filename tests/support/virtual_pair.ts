/**
 * A server and a client of the public API on a virtual network.
 */
import { concatenate } from "../../src/bytes.ts";
import {
  connect,
  type Link,
  type LinkConditions,
  listen,
  type NetworkOptions,
  type SimulatedNetwork,
  simulatedNetwork,
  type SimulatedNode,
} from "../../src/adapters/sim.ts";
import type { ConnectOptions, Multiplex, RelConn, Session } from "../../src/net/contract.ts";
import type { Listener, ListenOptions } from "../../src/net/listen_contract.ts";

export const SECRET_KEY = new Uint8Array(32).fill(7);
export const PORT = 4000;

/** A network with the hosts "server" and "client". */
export class VirtualPair {
  readonly network: SimulatedNetwork;
  readonly serverHost: SimulatedNode;
  readonly clientHost: SimulatedNode;

  /** Alarms ring when they should, unless `options` says something else. */
  constructor(conditions: LinkConditions = { delay: 10 }, seed = 1, options: NetworkOptions = {}) {
    this.network = simulatedNetwork({ seed, conditions, timers: "exact", ...options });
    this.serverHost = this.network.addNode("server");
    this.clientHost = this.network.addNode("client");
  }

  get now(): number {
    return this.network.now;
  }

  /** The path up and the path down. */
  get up(): Link {
    return this.network.path(this.clientHost, this.serverHost);
  }
  get down(): Link {
    return this.network.path(this.serverHost, this.clientHost);
  }

  /** Nothing passes, in either direction, until it is called again with `false`. */
  blackout(isDown: boolean): void {
    this.up.change({ isDown });
    this.down.change({ isDown });
  }

  /** Lets virtual time pass until the promise settles; fails when it does not within `limit` ms. */
  run<T>(promise: Promise<T>, limit?: number): Promise<T> {
    return this.network.run(promise, limit);
  }

  /** Lets virtual time pass. */
  pass(ms: number): Promise<void> {
    return this.network.pass(ms);
  }

  listen(options: Partial<ListenOptions> = {}): Promise<Listener> {
    return listen(this.serverHost, {
      port: PORT,
      secretKey: SECRET_KEY,
      freshKey: true,
      ...options,
    });
  }

  connect(listener: Listener, options: Partial<ConnectOptions> = {}): Promise<Session> {
    const serverKey = listener.publicKey;
    return this.run(
      connect(this.clientHost, { hostname: "server", port: PORT, serverKey, ...options }),
    );
  }

  /** A session, both ends of it. */
  async sessions(
    listenOptions: Partial<ListenOptions> = {},
    connectOptions: Partial<ConnectOptions> = {},
  ): Promise<{ listener: Listener; client: Session; server: Session }> {
    const listener = await this.listen(listenOptions);
    const client = await this.connect(listener, connectOptions);
    const server = await this.run(listener.accept());
    return { listener, client, server };
  }

  /** A multiplex, both ends of it. */
  async multiplexes(
    deadAfter?: number,
  ): Promise<{ listener: Listener; client: Multiplex; server: Multiplex }> {
    const { listener, client, server } = await this.sessions();
    const options = deadAfter === undefined ? {} : { deadAfter };
    return { listener, client: client.multiplex(options), server: server.multiplex(options) };
  }

  /** A stream, both ends of it. */
  async conns(
    info = "",
    deadAfter?: number,
  ): Promise<
    {
      listener: Listener;
      client: RelConn;
      server: RelConn;
      clientMux: Multiplex;
      serverMux: Multiplex;
    }
  > {
    const { listener, client: clientMux, server: serverMux } = await this.multiplexes(deadAfter);
    const client = await this.run(clientMux.openConn(info));
    const server = await this.run(serverMux.acceptConn());
    return { listener, client, server, clientMux, serverMux };
  }
}

/** Reads a stream to its end. */
export async function readAll(conn: RelConn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const into = new Uint8Array(65_536);
  for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
    parts.push(into.slice(0, count));
  }
  return concatenate(parts);
}
