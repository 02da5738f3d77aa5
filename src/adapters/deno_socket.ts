/**
 * A UDP socket by `Deno.listenDatagram`.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { DatagramHandler, DatagramSocket } from "../host.ts";
import { DatagramGate, MAX_DATAGRAM } from "./datagram_gate.ts";
import { SendQueue } from "./send_queue.ts";
import { checkBindAddress, socketError } from "./socket_error.ts";

// Tuning.

/**
 * Receives that may fail in a row before the next one waits. Windows reports an ICMP answer as a
 * failed receive, and each is followed by a good one soon; a broken socket fails for ever.
 */
const FAILURES_WITHOUT_PAUSE = 100;

/** How long it waits then, ms: a broken socket must not take the whole processor. */
const FAILURE_PAUSE = 10;

/** What is used of a `Deno.DatagramConn`. */
export type DenoSocket = Pick<Deno.DatagramConn, "addr" | "receive" | "send" | "close">;

/**
 * Opens a UDP socket.
 *
 * @param address Where to listen: an IP literal, and a port or 0 for any. `::` takes IPv4 too.
 * @returns Rejects with the {@linkcode SosistabError} `address-in-use`, `permission-denied` or
 * `socket-failed`.
 */
// deno-lint-ignore require-await -- what is thrown must be a rejection
export async function bindDenoDatagram(
  address: Address,
  handler: DatagramHandler,
): Promise<DatagramSocket> {
  checkBindAddress(address);
  try {
    return new DenoDatagramSocket(
      Deno.listenDatagram({ transport: "udp", hostname: address.hostname, port: address.port }),
      handler,
    );
  } catch (error) {
    throw socketError(error, address);
  }
}

/** A socket of Deno under the contract of `host.ts`. */
export class DenoDatagramSocket implements DatagramSocket {
  /** Where it is bound, with the real port. */
  readonly addr: Address;
  /** Settles when it was closed, and Deno has let go of it: each call under way holds it still. */
  readonly closed: Promise<void>;
  readonly #socket: DenoSocket;
  readonly #gate: DatagramGate;
  readonly #queue: SendQueue;
  /** The last send; there is never more than one. */
  #sending: Promise<void> = Promise.resolve();

  /** @param socket From now on this object's alone. */
  constructor(socket: DenoSocket, handler: DatagramHandler) {
    const { addr } = socket;
    if (addr.transport !== "udp") throw new TypeError(`not a UDP socket: ${addr.transport}`);
    this.addr = { hostname: addr.hostname, port: addr.port };
    this.#socket = socket;
    this.#gate = new DatagramGate(handler, this.addr);
    this.#queue = new SendQueue(this.#gate, (memory, length, { hostname, port }, done) => {
      const to = { transport: "udp", hostname, port } as const;
      try {
        this.#sending = socket.send(memory.subarray(0, length), to).then(() => done(), done);
      } catch (error) {
        // Nothing that the runtime has against it may reach the sender.
        queueMicrotask(() => done(error));
      }
    });
    this.closed = this.#receive().then(() => this.#sending);
  }

  /** Sends a datagram, now or never. */
  send(datagram: Uint8Array, to: Address): boolean {
    return this.#queue.push(datagram, to);
  }

  /** Closes the socket; doing so twice is harmless. */
  close(): void {
    // Deno throws the second time.
    if (this.#gate.close()) this.#socket.close();
  }

  /** Receives until the socket is closed. Never rejects. */
  async #receive(): Promise<void> {
    // One memory for all datagrams: without it Deno makes 64 KiB for each. One byte more than the
    // longest that is taken, since a longer datagram is cut without a word.
    const memory = new Uint8Array(MAX_DATAGRAM + 1);
    let failures = 0;
    while (!this.#gate.closed) {
      try {
        const [datagram, from] = await this.#socket.receive(memory);
        if (from.transport === "udp") this.#gate.onDatagram(datagram, from.hostname, from.port);
        failures = 0;
      } catch (error) {
        this.#gate.onError(error);
        if (++failures > FAILURES_WITHOUT_PAUSE) await pause();
      }
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, FAILURE_PAUSE));
}
