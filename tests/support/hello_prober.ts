/**
 * Somebody on the path who copies hellos, and says them again, as probers of the great firewalls do.
 */
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import type { Host, StreamSocket } from "../../src/host.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import type { SimulatedNode } from "../../src/sim/contract.ts";
import { tampered, untouched } from "./tampered_stream.ts";
import type { VirtualPair } from "./virtual_pair.ts";

/** What a hello travels on. */
export type ProbedCarrier = "udp" | "tcp";

/** Bytes that are changed in each kind of replay; the first is the hello as it was. */
const REPLAYS: readonly (readonly number[])[] = [
  [],
  [0],
  [0, 1, 2, 3, 4, 5, 6, 7, 62, 63],
  [16],
  [6, 16],
];

/** How long an answer is waited for, ms: much longer than it takes, and shorter than a probe is late. */
const PATIENCE = 100;

/** Watches a client, and speaks from a machine of its own. */
export class HelloProber {
  readonly #pair: VirtualPair;
  readonly #node: SimulatedNode;

  constructor(pair: VirtualPair) {
    this.#pair = pair;
    this.#node = pair.network.addNode("prober");
  }

  /** Lets a client connect, and keeps the first hello that is answered. */
  async capture(listener: Listener, protocol: ProbedCarrier): Promise<Uint8Array> {
    const { clientHost } = this.#pair;
    let hello: Uint8Array | undefined;
    const host: Host = {
      ...clientHost,
      bindDatagram: async (address, handler) => {
        const socket = await clientHost.bindDatagram(address, handler);
        const send = (packet: Uint8Array, to: typeof address) => {
          hello ??= packet.slice();
          return socket.send(packet, to);
        };
        return { addr: socket.addr, send, close: () => socket.close() };
      },
      connectStream: async (address, options): Promise<StreamSocket> => {
        const stream = await clientHost.connectStream(address, options);
        const copy = (bytes: Uint8Array) => {
          hello ??= bytes.slice();
          return [bytes];
        };
        return { ...stream, ...tampered(stream, copy, untouched) };
      },
    };
    const { addr: { port }, publicKey: serverKey } = listener;
    const address = { hostname: "server", port, serverKey };
    const session = await this.#pair.run(connect(host, { ...address, protocol }));
    await this.#pair.run(session.close());
    assert.ok(hello);
    return hello;
  }

  /** Says something to a server; returns how many bytes came back. */
  async say(bytes: Uint8Array, carrier: ProbedCarrier, { addr }: Listener): Promise<number> {
    let answered = 0;
    if (carrier === "udp") {
      const socket = await this.#node.bindDatagram({ hostname: "::", port: 0 }, {
        onDatagram: (datagram) => void (answered += datagram.length),
        onError: () => {},
      });
      socket.send(bytes.slice(), addr);
      await this.#pair.pass(PATIENCE);
      socket.close();
      return answered;
    }
    const stream = await this.#pair.run(this.#node.connectStream(addr));
    void (async () => {
      for await (const chunk of stream.readable) answered += chunk.length;
    })().catch(() => {});
    void stream.writable.getWriter().write(bytes.slice()).catch(() => {});
    await this.#pair.pass(PATIENCE);
    stream.close();
    return answered;
  }

  /** Says a hello again, in all five ways; returns how many bytes came back. */
  async replay(hello: Uint8Array, carrier: ProbedCarrier, listener: Listener): Promise<number> {
    let answered = 0;
    for (const changed of REPLAYS) {
      const bytes = hello.map((byte, at) => changed.includes(at) ? byte ^ 0x55 : byte);
      answered += await this.say(bytes, carrier, listener);
    }
    return answered;
  }
}
