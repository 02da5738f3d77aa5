/**
 * A simulated path with a bottleneck in each direction, and flows of the whole stack over it.
 *
 * Each flow has a client and a server of its own; all of them share the two bottlenecks. Sessions and
 * streams are opened while nothing is lost, so that every run begins at the same point: the path
 * turns bad at {@linkcode Lab.begin}.
 *
 * @module
 */
import {
  type CongestionChoice,
  connect,
  type Link,
  type LinkConditions,
  listen,
  type Multiplex,
  type RelConn,
  type SimulatedNetwork,
  simulatedNetwork,
  type SimulatedNode,
} from "../../src/adapters/sim.ts";

/** Largest share of a link that 1,400-byte packets leave for the payload of streams. */
export const PAYLOAD_SHARE = 0.933;

/** Bytes of a write. */
const CHUNK = new Uint8Array(65_536);

const SECRET_KEY = new Uint8Array(32).fill(7);

/** A path. Times in ms, rates in Mbit/s, queues in packets. */
export interface PathShape {
  readonly rate: number;
  readonly rtt: number;
  readonly queue: number;
  /** Both ways, from the beginning on. */
  readonly bad?: LinkConditions;
  /** The way back, where it differs. */
  readonly back?: LinkConditions;
}

/** Settings of one flow. */
export interface FlowOptions {
  readonly congestion?: CongestionChoice;
  /** By how much its round trip is longer than the path's, ms. */
  readonly extraRtt?: number;
}

/** A network, and the bottlenecks. */
export class Lab {
  readonly network: SimulatedNetwork;
  /** From the clients to the servers. */
  readonly up: Link;
  readonly down: Link;
  readonly shape: PathShape;
  readonly flows: Flow[] = [];

  constructor(shape: PathShape, seed: number) {
    this.shape = shape;
    this.network = simulatedNetwork({ seed, crypto: "none" });
    const { rate, queue, back } = shape;
    this.up = this.network.addBottleneck({ rate, queue });
    this.down = this.network.addBottleneck({ rate, queue, ...back });
  }

  /** The time, ms. */
  get now(): number {
    return this.network.now;
  }

  /** Adds a flow, with one stream open. */
  async addFlow(options: FlowOptions = {}): Promise<Flow> {
    const { network, flows } = this;
    const client = network.addNode(`client ${flows.length}`);
    const server = network.addNode(`server ${flows.length}`);
    network.route(client, server, { ahead: [this.up] });
    network.route(server, client, { ahead: [this.down] });
    const delay = (this.shape.rtt + (options.extraRtt ?? 0)) / 2;
    network.path(client, server).change({ delay });
    network.path(server, client).change({ delay });
    const flow = await network.run(openFlow(this, client, server, options.congestion));
    flows.push(flow);
    return flow;
  }

  /** From now on the path is as bad as it should be. */
  begin(): void {
    const { bad = {}, back = {} } = this.shape;
    this.up.change(bad);
    this.down.change({ ...bad, ...back });
  }

  /** Lets time pass, ms. */
  pass(time: number): Promise<void> {
    return this.network.pass(time);
  }

  /** Begins to measure queue and drops. */
  measure(): void {
    this.up.resetCounts();
    this.down.resetCounts();
    for (const flow of this.flows) flow.mark();
  }

  /** Drops at the queue since {@linkcode measure}, as a part of what was sent. */
  get drops(): number {
    const { overflowed, sent } = this.up.counts;
    return sent === 0 ? 0 : overflowed / sent;
  }

  /** What of a goodput in Mbit/s is that of the most that the path can carry. */
  share(mbits: number): number {
    const { loss = 0 } = this.up.conditions;
    const { rate = Infinity } = this.up.conditions;
    return mbits / (rate * (1 - loss) * PAYLOAD_SHARE);
  }
}

/** A client and a server with one stream. */
export class Flow {
  readonly sender: Multiplex;
  readonly receiver: Multiplex;
  readonly conn: RelConn;
  readonly far: RelConn;
  readonly #lab: Lab;
  #markedAt = 0;
  #markedBytes = 0;

  constructor(lab: Lab, sender: Multiplex, receiver: Multiplex, conn: RelConn, far: RelConn) {
    this.#lab = lab;
    this.sender = sender;
    this.receiver = receiver;
    this.conn = conn;
    this.far = far;
  }

  /** Bytes that have arrived, each once. */
  get received(): number {
    return this.receiver.stats().bytesReceived;
  }

  /** Goodput since the last mark, Mbit/s. */
  get goodput(): number {
    return (this.received - this.#markedBytes) * 8 / (this.#lab.now - this.#markedAt) / 1000;
  }

  /** Begins to measure. */
  mark(): void {
    this.#markedAt = this.#lab.now;
    this.#markedBytes = this.received;
  }

  /** Sends so many bytes, or for ever; returns when the last one was read. */
  transfer(length: number = Infinity): Promise<void> {
    writeAll(this.conn, length);
    return readAll(this.far, length);
  }
}

/** Writes so many bytes, in the background. */
export function writeAll(conn: RelConn, length: number): void {
  const write = async () => {
    for (let left = length; left > 0; left -= CHUNK.length) {
      await conn.write(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
    }
  };
  write().catch(whenTheRunIsOver);
}

/** Reads so many bytes. */
export async function readAll(conn: RelConn, length: number): Promise<void> {
  const into = new Uint8Array(65_536);
  for (let left = length; left > 0;) {
    const count = await conn.read(into);
    if (count === null) throw new Error("the stream has ended");
    left -= count;
  }
}

/** What runs for ever is left behind when the figures are there. */
export function whenTheRunIsOver(): void {
  // Nobody waits for it any more.
}

async function openFlow(
  lab: Lab,
  client: SimulatedNode,
  server: SimulatedNode,
  congestion: CongestionChoice | undefined,
): Promise<Flow> {
  const listener = await listen(server, { port: 4_000, secretKey: SECRET_KEY, freshKey: true });
  const accepted = (async () => {
    const receiver = (await listener.accept()).multiplex();
    return { receiver, far: await receiver.acceptConn() };
  })();
  const session = await connect(client, {
    hostname: server.name,
    port: 4_000,
    serverKey: listener.publicKey,
  });
  const sender = session.multiplex({ congestion });
  const conn = await sender.openConn();
  const { receiver, far } = await accepted;
  return new Flow(lab, sender, receiver, conn, far);
}
