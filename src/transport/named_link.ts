/**
 * A server's link to one client: a name, and the connections that carry it.
 *
 * What is sent goes over the connection that spoke last; to open one counts as speaking. One that has
 * grown old is not used any more as soon as there is a younger one, as with the original. A link whose
 * connections are all gone is full, and drops what it is given, until the client comes back.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Carrier, Link } from "./link.ts";
import type { ServerConnection } from "./server_connection.ts";

// Protocol constants.

/** Age above which a connection is not used for new datagrams when there is a younger one, ms. */
const MOST_USED_AGE = 600_000;

// Tuning.

/** Connections of one name: a client needs two for a moment, and after bad luck a few. */
const MOST_CONNECTIONS = 8;

/** A client that is known by its name. */
export class NamedLink implements Link {
  readonly key: string;
  readonly #now: () => number;
  /** Those that can be sent to, in the order of their coming. */
  readonly #connections = new Set<ServerConnection>();
  #speaker: ServerConnection | undefined;
  /** What is left of the speaker when no connection is: a link may be lost for minutes. */
  #carrier: Carrier;
  #address: Address;
  #dropped = 0;

  /** @param first A connection that has said the name; the caller adds it. */
  constructor(name: string, first: ServerConnection, now: () => number) {
    this.key = `stream ${name}`;
    this.#carrier = first.carrier;
    this.#address = first.address;
    this.#now = now;
  }

  get carrier(): Carrier {
    return this.#carrier;
  }

  get address(): Address {
    return this.#address;
  }

  get isFull(): boolean {
    // What can wait for the client to come back should, or it is lost anew each time.
    return this.#speaker?.isFull ?? true;
  }

  /** Whether no connection is left. */
  get isLost(): boolean {
    return this.#connections.size === 0;
  }

  /** Datagrams that were dropped because no connection was left. */
  get dropped(): number {
    return this.#dropped;
  }

  send(datagram: Uint8Array): boolean {
    const via = this.#choose();
    if (via === undefined) this.#dropped++;
    return via !== undefined && via.send(datagram);
  }

  /** Takes a connection that has said the name; it speaks now. Returns one that is too much. */
  add(connection: ServerConnection): ServerConnection | undefined {
    this.#connections.add(connection);
    this.#speak(connection);
    const [oldest] = this.#connections;
    return this.#connections.size > MOST_CONNECTIONS ? oldest : undefined;
  }

  /** A connection can be sent to no longer. */
  remove(connection: ServerConnection): void {
    this.#connections.delete(connection);
    if (connection === this.#speaker) this.#speak(this.#youngest);
  }

  /** A datagram has come over a connection. */
  hear(connection: ServerConnection): void {
    if (this.#connections.has(connection)) this.#speak(connection);
  }

  /** Whether a connection is the one that spoke last. */
  isSpeaker(connection: ServerConnection): boolean {
    return connection === this.#speaker;
  }

  #choose(): ServerConnection | undefined {
    if (this.#speaker !== undefined && this.#isWornOut(this.#speaker)) this.#speak(this.#youngest);
    return this.#speaker;
  }

  #speak(connection: ServerConnection | undefined): void {
    this.#speaker = connection;
    this.#carrier = connection?.carrier ?? this.#carrier;
    this.#address = connection?.address ?? this.#address;
  }

  #isWornOut(connection: ServerConnection): boolean {
    return this.#now() - connection.since > MOST_USED_AGE && this.#youngest !== connection;
  }

  get #youngest(): ServerConnection | undefined {
    let last: ServerConnection | undefined;
    for (const connection of this.#connections) last = connection;
    return last;
  }
}
