/**
 * The connections that have proved nothing, in the order of their coming, with a bound for each
 * network and one for all.
 *
 * @module
 */
import { networkOf } from "./network_of.ts";
import type { ServerConnection } from "./server_connection.ts";

// Tuning.

/** Silent connections: each has a socket, of which systems give a process from 1,024 up, and some KB. */
const MOST_SILENT = 4_096;

/** Of one network: many clients behind one address open a few at a time, and prove themselves at once. */
const MOST_PER_NETWORK = 64;

/** How many there may be. */
export interface SilentLimits {
  /** Of all networks. */
  readonly silent?: number;
  /** Of one network, a /24 or a /48. */
  readonly silentPerNetwork?: number;
}

/** Connections of strangers, or of those who will prove that they are none. */
export class SilentConnections {
  readonly #most: number;
  readonly #mostPerNetwork: number;
  readonly #all = new Set<ServerConnection>();
  readonly #networks = new Map<string, Set<ServerConnection>>();

  constructor({ silent = MOST_SILENT, silentPerNetwork = MOST_PER_NETWORK }: SilentLimits) {
    if (!(silent >= 1)) throw new RangeError(`limits.silent must be at least 1, got ${silent}`);
    if (!(silentPerNetwork >= 1)) {
      throw new RangeError(`limits.silentPerNetwork must be at least 1, got ${silentPerNetwork}`);
    }
    this.#most = silent;
    this.#mostPerNetwork = silentPerNetwork;
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** All of them, the oldest first. */
  [Symbol.iterator](): Iterator<ServerConnection> {
    return this.#all.values();
  }

  /** Takes one, and gives up the oldest, of its network or of all, when that is one too many. */
  add(connection: ServerConnection): ServerConnection | undefined {
    const name = networkOf(connection.address.hostname);
    const network = this.#networks.get(name) ?? new Set();
    this.#networks.set(name, network);
    network.add(connection);
    this.#all.add(connection);
    const isOneTooMany = network.size > this.#mostPerNetwork;
    if (!isOneTooMany && this.#all.size <= this.#most) return undefined;
    const [oldest] = isOneTooMany ? network : this.#all;
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  /** Forgets one, if it is there. */
  delete(connection: ServerConnection): void {
    if (!this.#all.delete(connection)) return;
    const name = networkOf(connection.address.hostname);
    const network = this.#networks.get(name);
    network?.delete(connection);
    if (network?.size === 0) this.#networks.delete(name);
  }

  /** Forgets all. */
  clear(): void {
    this.#all.clear();
    this.#networks.clear();
  }
}
