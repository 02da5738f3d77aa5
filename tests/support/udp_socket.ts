import dgram from "node:dgram";
import process from "node:process";
import { once } from "node:events";
import type { Address } from "../../src/address.ts";

const ON_DENO = process.versions.deno !== undefined;

/**
 * Bytes of receive buffer: the default of Linux holds 92 datagrams of 1,200 bytes, less than one
 * burst. Deno takes the number for something else: it allocates twice as much for each datagram,
 * and twice 1,024 is our longest packet.
 */
const RECEIVE_BUFFER = ON_DENO ? 1024 : 4 * 1024 * 1024;

/** Datagrams that wait for their turn on Deno, at most: two seconds of all that a test sends. */
const MAX_QUEUED = 20_000;

/** A UDP socket of a test: a large buffer, an order that is kept, and errors that are not lost. */
export class UdpSocket {
  /** Where it is bound. */
  readonly addr: Address;
  /** What went wrong so far, what `onMessage` threw included: Deno would swallow that. */
  readonly errors: unknown[] = [];
  /** Called with each datagram; the bytes are the callee's, to keep or to change. */
  onMessage: (datagram: Uint8Array, from: Address) => void = () => {};
  readonly #socket: dgram.Socket;
  #queued = 0;
  #lastSent: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  private constructor(socket: dgram.Socket, hostname: string) {
    this.#socket = socket;
    this.addr = { hostname, port: socket.address().port };
    socket.on("error", (error) => this.errors.push(error));
    socket.on("message", (datagram, { address, port }) => {
      try {
        // Copied, for on Deno it is a small view on a large array.
        this.onMessage(new Uint8Array(datagram), { hostname: address, port });
      } catch (error) {
        this.errors.push(error);
      }
    });
  }

  /** Binds a socket to a free port of an address of this machine. */
  static async bind(hostname: string): Promise<UdpSocket> {
    const type = hostname.includes(":") ? "udp6" : "udp4";
    const socket = dgram.createSocket({ type, recvBufferSize: RECEIVE_BUFFER });
    const bound = once(socket, "listening");
    socket.bind(0, hostname);
    await bound;
    return new UdpSocket(socket, hostname);
  }

  /** Sends a datagram after those before it. Does nothing once the socket is closed. */
  send(datagram: Uint8Array, to: Address): void {
    if (this.#closed) return;
    if (!ON_DENO) {
      this.#sendNow(datagram, to, () => {});
    } else if (this.#queued < MAX_QUEUED) {
      // Deno exchanges datagrams of which several are under way.
      this.#queued++;
      this.#lastSent = this.#lastSent.then(async () => {
        await new Promise<void>((resolve) => this.#sendNow(datagram, to, resolve));
        this.#queued--;
      });
    }
  }

  /** Closes the socket; doing so twice is harmless. */
  close(): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => this.#socket.close(() => resolve()));
    return this.#closed;
  }

  #sendNow(datagram: Uint8Array, { hostname, port }: Address, sent: () => void): void {
    // With a callback an error of sending (an ICMP answer, a full buffer) is no event.
    if (this.#closed) sent();
    else this.#socket.send(datagram, port, hostname, () => sent());
  }
}
