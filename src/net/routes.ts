/**
 * The sessions of a listener: which one a datagram belongs to, and where its answers go.
 *
 * A client shows its addresses by resumes, one for each of its sockets (shards). A datagram is tried
 * on the sessions of the address that it came from. What goes down goes to one of the addresses that
 * were heard from in the last ten seconds, drawn at random, so that a client with several sockets
 * uses them all; else to the one heard from last.
 *
 * Anybody on the path can copy a resume and send it from elsewhere. So once a session has spoken from
 * an address, a resume from another one is a claim and no more: the shard moves there when a packet
 * of the session comes from it that is newer than all before. The address that it left is remembered
 * like a claim, so the next packet from there brings the shard back. (WireGuard roams by the same
 * rule.)
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

/** Claims of one session: the original's client has 16 sockets, which may all move at once. */
const MOST_CLAIMS = 16;

/** An address, and which of the client's sockets speaks from there. */
interface Place {
  readonly shardId: number;
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
  readonly #shards = new Map<number, Place>();
  /** Places that a shard may move to, by address; oldest first. */
  readonly #claims = new Map<string, Place>();
  #latest: Place | undefined;
  #hasSpoken = false;

  constructor(tokenId: string) {
    this.tokenId = tokenId;
  }

  /** The address heard from last. */
  get address(): Address {
    return this.#latest?.address ?? { hostname: "", port: 0 };
  }

  /** The keys of all addresses that its packets may come from. */
  *keys(): Generator<string> {
    for (const place of this.#shards.values()) yield place.key;
    yield* this.#claims.keys();
  }

  /** Whether the session has spoken from an address, and not gone elsewhere since. */
  isAt(key: string): boolean {
    if (!this.#hasSpoken) return false;
    for (const place of this.#shards.values()) if (place.key === key) return true;
    return false;
  }

  /** A shard has shown its address. */
  bind(shardId: number, address: Address, key: string, now: number): void {
    const place = { shardId, address, key, heardAt: now };
    const shard = this.#shards.get(shardId);
    if (shard?.key === key) shard.heardAt = now;
    else if (this.#hasSpoken) this.#claim(place);
    else this.#move(place);
  }

  /** A packet of the session, newer than all before, has come from an address. */
  onHeard(key: string, now: number): void {
    this.#hasSpoken = true;
    const claim = this.#claims.get(key);
    if (claim !== undefined) this.#move(claim);
    else if (this.#latest?.key === key) {
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

  #move(place: Place): void {
    const before = this.#shards.get(place.shardId);
    this.#claims.delete(place.key);
    this.#shards.set(place.shardId, place);
    this.#latest = place;
    if (before !== undefined) this.#claim(before);
  }

  #claim(place: Place): void {
    this.#claims.delete(place.key);
    this.#claims.set(place.key, place);
    if (this.#claims.size <= MOST_CLAIMS) return;
    for (const oldest of this.#claims.keys()) {
      this.#claims.delete(oldest);
      return;
    }
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
    const before = [...route.keys()];
    const key = formatAddress(address);
    route.bind(shardId, address, key, now);
    const after = new Set(route.keys());
    for (const forgotten of before) if (!after.has(forgotten)) this.#unbind(route, forgotten);
    const routes = this.#byAddress.get(key) ?? [];
    if (routes.includes(route)) return;
    routes.push(route);
    if (routes.length > MOST_AT_ADDRESS) {
      // The oldest mere claim goes, or the oldest of all: its owner, if alive, will claim it again.
      const at = routes.findIndex((each) => each !== route && !each.isAt(key));
      routes.splice(Math.max(0, at), 1);
    }
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
