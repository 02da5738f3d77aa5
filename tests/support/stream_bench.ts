/**
 * Clients' links and a server of them on a simulated network.
 */
import assert from "node:assert/strict";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { Host, KeyPair, StreamListener, StreamSocket } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import type { SimulatedNetwork, SimulatedNode } from "../../src/sim/contract.ts";
import { SimulatedStreamSocket } from "../../src/sim/stream_socket.ts";
import type { Link, LinkHandler } from "../../src/transport/link.ts";
import { StreamLink, type StreamLinkOptions } from "../../src/transport/stream_link.ts";
import { StreamServer, type StreamServerOptions } from "../../src/transport/stream_server.ts";
import { countedAlarms } from "./counted_alarms.ts";
import { seededSource } from "./seeded_random.ts";
import { ToyX25519 } from "./toy_x25519.ts";

const PORT = 443;

/** What a handler was told. */
export class Told implements LinkHandler {
  /** Copies of all datagrams, and the links that they came over. */
  readonly datagrams: { readonly bytes: Uint8Array; readonly link: Link }[] = [];
  rooms = 0;
  cuts = 0;
  /** Called besides for each datagram. */
  onEach: (datagram: Uint8Array, link: Link) => void = () => {};
  /** Called besides when there is room again. */
  onEachRoom: (link: Link) => void = () => {};

  /** The numbers that {@linkcode numbered} put into the datagrams, in the order of their coming. */
  get numbers(): number[] {
    return this.datagrams.map(({ bytes }) => numberOf(bytes));
  }

  onDatagram(datagram: Uint8Array, link: Link): void {
    this.datagrams.push({ bytes: datagram.slice(), link });
    this.onEach(datagram, link);
    // It may be written to.
    datagram.fill(0);
  }

  onRoom(link: Link): void {
    this.rooms++;
    this.onEachRoom(link);
  }

  onCut(): void {
    this.cuts++;
  }
}

/** A datagram that tells its place. */
export function numbered(number: number, length = 100): Uint8Array {
  const bytes = new Uint8Array(length).fill(number);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** The place that a datagram tells; wants all its bytes to be right. */
export function numberOf(bytes: Uint8Array): number {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  assert.deepEqual(bytes, numbered(number, bytes.length));
  return number;
}

/** 0, 1, 2 and so on. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** A network with one server, and a client's machine. */
export class StreamBench {
  readonly network: SimulatedNetwork;
  readonly client: SimulatedNode;
  readonly node: SimulatedNode;
  readonly keyPair: KeyPair;
  readonly random: Random;
  readonly x25519: ToyX25519;
  readonly serverTold: Told = new Told();
  readonly clientTold: Told = new Told();
  readonly server: StreamServer;
  /** The streams that links have opened, in that order. */
  readonly streams: SimulatedStreamSocket[] = [];
  /** Alarms of the program that have neither rung nor been taken back. */
  alarms = 0;
  #listener: StreamListener | undefined;

  constructor(
    conditions: LinkConditions = { delay: 10 },
    options: Partial<StreamServerOptions> = {},
  ) {
    const network = this.network = simulatedNetwork({ seed: 1, conditions, timers: "exact" });
    this.client = network.addNode("client");
    this.node = network.addNode("server");
    const source = seededSource(1);
    this.random = new Random(source);
    const x25519 = this.x25519 = new ToyX25519(source);
    this.keyPair = x25519.generate();
    const seen = new Set<string>();
    this.server = new StreamServer({
      host: this.#counting(this.node),
      keyPair: this.keyPair,
      x25519,
      random: this.random,
      isFresh: (bytes) => {
        const key = bytes.join();
        return !seen.has(key) && seen.add(key) !== undefined;
      },
      handler: this.serverTold,
      ...options,
    });
  }

  /** The server begins to listen. */
  async listen(): Promise<void> {
    const { network, node, server } = this;
    const address = { hostname: node.address, port: PORT };
    this.#listener = await network.run(node.listenStream(address, server));
  }

  /** The server does not listen any more. */
  unlisten(): void {
    this.#listener?.close();
  }

  /** A link of the client to the server, not started. */
  link(options: Partial<StreamLinkOptions> = {}): StreamLink {
    const host = this.#counting(this.client);
    return new StreamLink({
      host,
      carrier: "tcp",
      address: { hostname: this.node.address, port: PORT },
      open: (signal) => this.connect(signal),
      serverKey: this.keyPair.publicKey,
      x25519: this.x25519,
      random: this.random,
      epochSeconds: () => host.epochSeconds(),
      handler: this.clientTold,
      ...options,
    });
  }

  /** A bench whose server listens. */
  static async listening(
    ...args: ConstructorParameters<typeof StreamBench>
  ): Promise<StreamBench> {
    const bench = new StreamBench(...args);
    await bench.listen();
    return bench;
  }

  /** The server's link that the last datagram came over. */
  get lastLink(): Link {
    const link = this.serverTold.datagrams.at(-1)?.link;
    assert.ok(link);
    return link;
  }

  /** Random bytes. */
  noise(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4096) this.random.fill(bytes.subarray(at, at + 4096));
    return bytes;
  }

  /** A bench and a link that is open, and the server's link to it. */
  static async open(
    conditions?: LinkConditions,
    options?: Partial<StreamLinkOptions>,
    serverOptions?: Partial<StreamServerOptions>,
  ): Promise<{ bench: StreamBench; link: StreamLink; far: Link }> {
    const bench = new StreamBench(conditions, serverOptions);
    await bench.listen();
    const link = bench.link(options);
    link.start();
    link.send(numbered(0));
    await bench.network.pass(2_000);
    const far = bench.serverTold.datagrams.pop()?.link;
    assert.ok(far);
    return { bench, link, far };
  }

  /** Opens a stream to the server. */
  async connect(signal?: AbortSignal): Promise<StreamSocket> {
    const address = { hostname: this.node.address, port: PORT };
    const stream = await this.client.connectStream(address, signal ? { signal } : {});
    assert.ok(stream instanceof SimulatedStreamSocket);
    this.streams.push(stream);
    return stream;
  }

  /** Cuts the stream that was opened last. */
  cut(): void {
    this.streams.at(-1)?.reset();
  }

  /** Calls something at regular times, until so many calls. */
  every(interval: number, count: number, run: (n: number) => void): void {
    const { network } = this;
    for (let n = 0; n < count; n++) network.at(network.now + n * interval, () => run(n));
  }

  #counting(node: SimulatedNode): Host {
    return { ...node, setAlarm: countedAlarms(node, (change) => void (this.alarms += change)) };
  }
}
