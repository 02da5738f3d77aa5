import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import type { DatagramHandler, DatagramSocket, Host } from "../../src/host.ts";
import { delay } from "./delay.ts";

/** Where the sockets of a test are bound unless it says otherwise. */
export const LOOPBACK: Address = { hostname: "127.0.0.1", port: 0 };

/** A handler that keeps what it is told, and sees that it is told one thing at a time. */
export class Mailbox implements DatagramHandler {
  readonly datagrams: Uint8Array[] = [];
  readonly senders: Address[] = [];
  readonly errors: unknown[] = [];
  readonly #then: (datagram: Uint8Array, from: Address) => void;
  #busy = false;

  /** @param then Called at the end of each `onDatagram`, inside of it. */
  constructor(then: (datagram: Uint8Array, from: Address) => void = () => {}) {
    this.#then = then;
  }

  onDatagram(datagram: Uint8Array, from: Address): void {
    this.#alone(() => {
      this.datagrams.push(datagram.slice());
      this.senders.push(from);
      this.#then(datagram, from);
    });
  }

  onError(error: unknown): void {
    this.#alone(() => this.errors.push(error));
  }

  /** Resolves when `count` datagrams have come; fails after two seconds. */
  async until(count: number): Promise<void> {
    for (let waited = 0; this.datagrams.length < count && waited < 400; waited++) await delay(5);
    assert.ok(this.datagrams.length >= count, `${this.datagrams.length} of ${count} came`);
  }

  #alone(run: () => void): void {
    assert.equal(this.#busy, false, "a handler was called inside another");
    this.#busy = true;
    run();
    this.#busy = false;
  }
}

/** Binds a socket; what is bound by this is closed when the test ends. */
export type Bind = (handler: DatagramHandler, address?: Address) => Promise<DatagramSocket>;

/** Lends a test sockets of a host. */
export async function withSockets(
  host: Host,
  use: (bind: Bind) => Promise<void>,
): Promise<void> {
  const sockets: DatagramSocket[] = [];
  try {
    await use(async (handler, address = LOOPBACK) => {
      const socket = await host.bindDatagram(address, handler);
      sockets.push(socket);
      return socket;
    });
  } finally {
    for (const socket of sockets) socket.close();
    // The runtimes need a turn to end what was under way.
    await delay(1);
  }
}
