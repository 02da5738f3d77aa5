/**
 * The gate between a runtime's UDP socket and the owner's handler: what every socket must do, so
 * that all runtimes keep the one contract of `host.ts`.
 *
 *  - Nothing passes once it is closed.
 *  - A datagram longer than {@linkcode MAX_DATAGRAM} passes in neither direction.
 *  - The other end's address has one spelling.
 *  - A mistake in the handler is an uncaught error, as it is anywhere else. Left to themselves,
 *    Deno's `node:dgram` would swallow it, and the receive loop of the other socket would take it
 *    for an error of the socket.
 *
 * @module
 */
import { type Address, isIpv6, normalizeHostname } from "../address.ts";
import type { DatagramHandler } from "../host.ts";
import { throwUncaught } from "../transport/throw_uncaught.ts";

// Protocol constants.

/** The longest datagram that is taken, as in the original; nobody sends longer ones. */
export const MAX_DATAGRAM = 2_048;

/** One socket's gate. */
export class DatagramGate {
  readonly #handler: DatagramHandler;
  readonly #takesIpv6: boolean;
  #closed = false;

  /** @param bound Where the socket is bound: an IPv4 one cannot reach IPv6. */
  constructor(handler: DatagramHandler, bound: Address) {
    this.#handler = handler;
    this.#takesIpv6 = isIpv6(bound.hostname);
  }

  /** Whether {@linkcode close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Closes the gate. Returns `false` when it was closed already. */
  close(): boolean {
    const open = !this.#closed;
    this.#closed = true;
    return open;
  }

  /** Whether a datagram may go out. */
  admits(datagram: Uint8Array, to: Address): boolean {
    return !this.#closed && datagram.length <= MAX_DATAGRAM &&
      (this.#takesIpv6 || !isIpv6(to.hostname));
  }

  /**
   * A datagram has come.
   *
   * @param datagram Lent until the call returns. A plain `Uint8Array`: the `slice` of a `Buffer`
   * does not copy, and a handler relies on that it does.
   */
  onDatagram(datagram: Uint8Array, hostname: string, port: number): void {
    if (this.#closed || datagram.length > MAX_DATAGRAM) return;
    try {
      this.#handler.onDatagram(datagram, { hostname: normalizeHostname(hostname), port });
    } catch (error) {
      throwUncaught(error);
    }
  }

  /** Something went wrong that does not end the socket. */
  onError(error: unknown): void {
    if (this.#closed) return;
    try {
      this.#handler.onError(error);
    } catch (error) {
      throwUncaught(error);
    }
  }
}
