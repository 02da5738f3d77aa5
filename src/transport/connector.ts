/**
 * How a client gets a byte stream to a server, when it is not by TCP of its own.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { ByteStream } from "../host.ts";

/** A byte stream in both directions, whatever it is made of. */
export type ConnectorStream = ByteStream;

/** What a {@linkcode Connector} is told besides the address. */
export interface ConnectorOptions {
  /** Ends the wait; the promise then rejects with its reason. An open stream it leaves alone. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a byte stream to an address, by whatever way: a proxy, a channel of SSH, a WebSocket.
 *
 * @param address Where to: an IP literal or a host name, and a port.
 * @returns The stream, the caller's from then on, in which nothing but the server speaks.
 */
export type Connector = (address: Address, options: ConnectorOptions) => Promise<ConnectorStream>;
