/**
 * A UDP socket by `node:dgram`: on Node, on Bun, and on Deno where its own API is not switched on.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import { type Address, isIpv6 } from "../address.ts";
import type { DatagramHandler, DatagramSocket } from "../host.ts";
import { DatagramGate } from "./datagram_gate.ts";
import { SendQueue } from "./send_queue.ts";
import { checkBindAddress, socketError } from "./socket_error.ts";

// Tuning.

/**
 * Bytes of receive buffer for Node and Bun. The default of Linux holds 92 datagrams of 1,200
 * bytes, which a pause of 9 ms fills at 100 Mbit/s; this holds 3,640. The system may grant less,
 * but twice the default it always does. The send buffer stays as it is: it takes nothing from the
 * speed, and what waits in a larger one waits for seconds, instead of being refused.
 */
export const LARGE_RECEIVE_BUFFER = 4 * 2 ** 20;

/**
 * Opens a UDP socket.
 *
 * @param address Where to listen: an IP literal, and a port or 0 for any. `::` takes IPv4 too.
 * @param receiveBufferSize Bytes for `setRecvBufferSize`, whose meaning is the runtime's own; less
 * when the system refuses it.
 * @returns Rejects with the {@linkcode SosistabError} `address-in-use`, `permission-denied` or
 * `socket-failed`.
 */
export async function bindDgram(
  address: Address,
  handler: DatagramHandler,
  receiveBufferSize: number,
): Promise<DatagramSocket> {
  checkBindAddress(address);
  const gate = new DatagramGate(handler, address);
  const socket = createSocket({
    type: isIpv6(address.hostname) ? "udp6" : "udp4",
    // Only IP literals come here. Looked up at once, they are sent at once, and Deno throws what
    // it does not permit into `bind`; later, nobody could catch it.
    lookup: (hostname, _options, found) => found(null, hostname, isIpv6(hostname) ? 6 : 4),
  });
  try {
    await bind(socket, address, gate);
  } catch (error) {
    socket.close();
    throw socketError(error, address);
  }
  setReceiveBuffer(socket, receiveBufferSize);
  return new DgramSocket(socket, gate);
}

/** Binds the socket and ties it to the gate; rejects with what the runtime says. */
function bind(socket: Socket, address: Address, gate: DatagramGate): Promise<void> {
  return new Promise((resolve, reject) => {
    let bound = false;
    // This listener stays for ever, closed or not: without one, an error is thrown.
    socket.on("error", (error) => bound ? gate.onError(error) : reject(error));
    socket.on("message", (message, from) => {
      const datagram = new Uint8Array(message.buffer, message.byteOffset, message.length);
      gate.onDatagram(datagram, from.address, from.port);
    });
    // Exclusive: in a worker of `node:cluster` the port would be shared with the others, and a
    // session's datagrams would go to any of them.
    socket.bind({ address: address.hostname, port: address.port, exclusive: true }, () => {
      bound = true;
      resolve();
    });
  });
}

/**
 * Asks for a receive buffer, and for half of it as long as the system refuses. Not by an option of
 * the socket: there a refusal would be an error of the socket.
 */
function setReceiveBuffer(socket: Socket, size: number): void {
  for (let wanted = size; wanted >= size / 64; wanted /= 2) {
    try {
      socket.setRecvBufferSize(wanted);
      return;
    } catch {
      // BSD refuses what is above its limit; Linux takes the limit instead.
    }
  }
}

class DgramSocket implements DatagramSocket {
  readonly addr: Address;
  readonly #socket: Socket;
  readonly #gate: DatagramGate;
  readonly #queue: SendQueue;

  constructor(socket: Socket, gate: DatagramGate) {
    const { address, port } = socket.address();
    this.addr = { hostname: address, port };
    this.#socket = socket;
    this.#gate = gate;
    this.#queue = new SendQueue(gate, (memory, length, to, done) => {
      try {
        socket.send(memory, 0, length, to.port, hostnameFor(address, to), done);
      } catch (error) {
        // An address that is none.
        queueMicrotask(() => done(error));
      }
    });
  }

  send(datagram: Uint8Array, to: Address): boolean {
    return this.#queue.push(datagram, to);
  }

  close(): void {
    // Node throws the second time.
    if (this.#gate.close()) this.#socket.close();
  }
}

/** How a socket that is bound to `bound` reaches an address: Node's IPv6 ones need IPv4 mapped. */
function hostnameFor(bound: string, { hostname }: Address): string {
  return isIpv6(bound) && !isIpv6(hostname) ? `::ffff:${hostname}` : hostname;
}
