/**
 * The sessions of a listener: which one a datagram belongs to.
 *
 * A datagram is tried on the sessions that have shown themselves on its link; and when there are none
 * on the last few that have spoken from the same host, because a NAT that forgets a client gives it
 * another port and tells nobody.
 *
 * @module
 */
import { formatHex } from "../bytes.ts";
import type { SessionIdentity } from "../crypto/keys.ts";
import type { Link } from "../transport/link.ts";
import type { Sign } from "./place.ts";
import type { Route } from "./route.ts";

// Tuning.

/** Sessions that one link may have: several clients behind one NAT port happen only by spoofing. */
const MOST_AT_LINK = 4;

/**
 * Sessions of one host that a datagram from an unknown port is tried on, the last to speak first. A
 * try costs less than a tenth of the tries as a handshake that would follow.
 */
const MOST_AT_HOST = 4;

/** Hosts under which one session is remembered: it roams, but not everywhere at once. */
const MOST_HOSTS = 4;

/** Names that a session keeps: the answer that it goes on under the last one may have been lost. */
const MOST_NAMES = 4;

/** All routes of a listener. Times in ms. */
export class Routes {
  readonly #byToken = new Map<string, Route>();
  readonly #byLink = new Map<string, Route[]>();
  readonly #byHost = new Map<string, Route[]>();
  readonly #byName = new Map<string, Route>();

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

  /** The sessions of a link. */
  at(key: string): readonly Route[] {
    return this.#byLink.get(key) ?? NONE;
  }

  /** The sessions that a datagram may belong to which has come over a link. */
  candidates(link: Link): readonly Route[] {
    const routes = this.at(link.key);
    if (routes.length > 0 || link.carrier !== "udp") return routes;
    return this.#byHost.get(link.address.hostname) ?? NONE;
  }

  /** Adds a session. */
  add(route: Route): void {
    this.#byToken.set(route.tokenId, route);
  }

  /** The session of that name, which both its ends know. */
  named(name: string): Route | undefined {
    return this.#byName.get(name);
  }

  /** Names a session; it may have had another name before, which stays good for a while. */
  name(route: Route, identity: SessionIdentity): void {
    const { identities } = route;
    const name = formatHex(identity.name);
    this.#byName.set(name, route);
    identities.set(name, identity);
    if (identities.size <= MOST_NAMES) return;
    const [oldest] = identities.keys();
    if (oldest === undefined) return;
    identities.delete(oldest);
    this.#byName.delete(oldest);
  }

  /** A session is called by one of its names: that one is not forgotten before the others. */
  onNamed({ identities }: Route, name: string): void {
    const identity = identities.get(name);
    if (identity === undefined) return;
    identities.delete(name);
    identities.set(name, identity);
  }

  /** A session goes on in another one, which is none any more: it is known as that one was. */
  continueIn(route: Route, other: Route): void {
    const { tokenId } = other;
    for (const each of [route, other]) {
      this.#byToken.delete(each.tokenId);
      for (const key of each.keys()) drop(this.#byLink, key, each);
    }
    for (const host of other.hosts) drop(this.#byHost, host, other);
    route.become(other);
    this.#byToken.set(tokenId, route);
    for (const key of route.keys()) this.#byLink.set(key, [...this.at(key), route]);
  }

  /** A shard of a session has shown itself on a link, by so many bytes. */
  bind(route: Route, shardId: number, link: Link, length: number, now: number): void {
    this.#change(route, link, () => route.bind(shardId, link, length, now));
  }

  /**
   * A packet of the session, newer than all before, has come over a link.
   *
   * @returns Whether a shard has moved there.
   */
  onHeard(route: Route, link: Link, sign: Sign, now: number): boolean {
    if (!this.at(link.key).includes(route)) {
      this.#change(route, link, () => route.rebind(link, now));
    }
    if (link.carrier === "udp") this.#remember(route, link.address.hostname);
    return route.onHeard(link.key, sign, now);
  }

  /**
   * A packet of the session that had come before has come over a link.
   *
   * @returns Whether a shard has moved back there.
   */
  onRepeated(route: Route, { key }: Link, now: number): boolean {
    return this.at(key).includes(route) && route.onRepeated(key, now);
  }

  /** Removes a session. */
  remove(route: Route): void {
    this.#byToken.delete(route.tokenId);
    for (const key of route.keys()) drop(this.#byLink, key, route);
    for (const host of route.hosts) drop(this.#byHost, host, route);
    for (const name of route.identities.keys()) this.#byName.delete(name);
  }

  #change(route: Route, { key }: Link, change: () => void): void {
    const before = [...route.keys()];
    change();
    const after = new Set(route.keys());
    for (const forgotten of before) if (!after.has(forgotten)) drop(this.#byLink, forgotten, route);
    const routes = this.#byLink.get(key) ?? [];
    if (!after.has(key) || routes.includes(route)) return;
    routes.push(route);
    if (routes.length > MOST_AT_LINK) {
      // A claim goes first, then who was not heard for longest: if alive, he will claim it again.
      const others = routes.filter((each) => each !== route);
      const silent = others.find((each) => !each.isAt(key)) ??
        others.reduce((a, b) => b.heardAt(key) < a.heardAt(key) ? b : a);
      routes.splice(routes.indexOf(silent), 1);
    }
    this.#byLink.set(key, routes);
  }

  #remember(route: Route, host: string): void {
    const routes = this.#byHost.get(host);
    if (routes?.[0] === route) return;
    const others = routes?.filter((other) => other !== route) ?? [];
    for (const forgotten of others.splice(MOST_AT_HOST - 1)) forgotten.hosts.delete(host);
    this.#byHost.set(host, [route, ...others]);
    route.hosts.add(host);
    if (route.hosts.size <= MOST_HOSTS) return;
    const [oldest] = route.hosts;
    if (oldest === undefined) return;
    route.hosts.delete(oldest);
    drop(this.#byHost, oldest, route);
  }
}

function drop(map: Map<string, Route[]>, key: string, route: Route): void {
  const rest = map.get(key)?.filter((other) => other !== route);
  if (rest === undefined || rest.length === 0) map.delete(key);
  else map.set(key, rest);
}

const NONE: readonly Route[] = [];
