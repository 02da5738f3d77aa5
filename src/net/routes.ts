/**
 * The sessions of a listener: which one a datagram belongs to, and where its answers go.
 *
 * A client shows its addresses by resumes, one for each of its sockets (shards). A datagram is tried
 * on the sessions of the address that it came from. What goes down goes to one of the addresses that
 * were heard from in the last ten seconds, drawn at random, so that a client with several sockets
 * uses them all; else to the one heard from last.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { Random } from "../random.ts";
import type { Session } from "./contract.ts";
import type { SessionDriver } from "./driver.ts";

// Protocol constants.

/** How long an address counts as alive after it was heard from, ms. */
const ADDRESS_AGE = 10_000;

// Tuning.

/** Sessions that one address may have: several clients behind one NAT port happen only by spoofing. */
const MOST_AT_ADDRESS = 4;

interface Shard {
  readonly address: Address;
  readonly key: string;
  heardAt: number;
}

/** Where one session's client is. */
export class Route {
  /** Names the session. */
  readonly tokenId: string;
  /** Its parts, set once they are made. */
  driver: SessionDriver | undefined;
  session: Session | undefined;
  readonly #shards = new Map<number, Shard>();
  #latest: Shard | undefined;

  constructor(tokenId: string) {
    this.tokenId = tokenId;
  }

  /** The address heard from last. */
  get address(): Address {
    return this.#latest?.address ?? { hostname: "", port: 0 };
  }

  /** The keys of all its addresses. */
  *keys(): Generator<string> {
    for (const shard of this.#shards.values()) yield shard.key;
  }

  /** A shard has shown its address; returns the key of the one it had before, if that was another. */
  bind(shardId: number, address: Address, key: string, now: number): string | undefined {
    const before = this.#shards.get(shardId);
    this.#latest = { address, key, heardAt: now };
    this.#shards.set(shardId, this.#latest);
    return before !== undefined && before.key !== key ? before.key : undefined;
  }

  /** A packet of the session has come from an address. */
  onHeard(key: string, now: number): void {
    if (this.#latest?.key === key) {
      this.#latest.heardAt = now;
      return;
    }
    for (const shard of this.#shards.values()) {
      if (shard.key !== key) continue;
      shard.heardAt = now;
      this.#latest = shard;
    }
  }

  /** Where the next packet goes. */
  choose(random: Random, now: number): Address {
    if (this.#shards.size > 1) {
      const alive = [...this.#shards.values()].filter((shard) => now - shard.heardAt < ADDRESS_AGE);
      if (alive.length > 1) return alive[random.between(0, alive.length - 1)]!.address;
    }
    return this.address;
  }
}

/** All routes of a listener. Times in ms. */
export class Routes {
  readonly #byToken = new Map<string, Route>();
  readonly #byAddress = new Map<string, Route[]>();

  /** Sessions. */
  get size(): number {
    return this.#byToken.size;
  }

  /** All of them. */
  values(): IterableIterator<Route> {
    return this.#byToken.values();
  }

  /** The session of that token. */
  get(tokenId: string): Route | undefined {
    return this.#byToken.get(tokenId);
  }

  /** The sessions of an address. */
  at(key: string): readonly Route[] {
    return this.#byAddress.get(key) ?? NONE;
  }

  /** Adds a session. */
  add(route: Route): void {
    this.#byToken.set(route.tokenId, route);
  }

  /** A shard of a session has shown its address. */
  bind(route: Route, shardId: number, address: Address, now: number): void {
    const key = formatAddress(address);
    const before = route.bind(shardId, address, key, now);
    if (before !== undefined && ![...route.keys()].includes(before)) this.#unbind(route, before);
    const routes = this.#byAddress.get(key) ?? [];
    if (routes.includes(route)) return;
    routes.push(route);
    // The oldest claim to the address goes: its owner, if it is alive, will claim it again.
    if (routes.length > MOST_AT_ADDRESS) routes.shift();
    this.#byAddress.set(key, routes);
  }

  /** Removes a session. */
  remove(route: Route): void {
    this.#byToken.delete(route.tokenId);
    for (const key of route.keys()) this.#unbind(route, key);
  }

  #unbind(route: Route, key: string): void {
    const routes = this.#byAddress.get(key)?.filter((other) => other !== route);
    if (routes === undefined || routes.length === 0) this.#byAddress.delete(key);
    else this.#byAddress.set(key, routes);
  }
}

const NONE: readonly Route[] = [];
