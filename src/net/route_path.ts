/**
 * A server's way to one client: over the links that its {@linkcode Route} knows.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { Random } from "../random.ts";
import { MOST_PACKET_RECEIVED } from "../session/machine.ts";
import { PathProof } from "../session/path_proof.ts";
import type { Carrier, Link } from "../transport/link.ts";
import type { Route } from "./route.ts";
import type { SessionPath } from "./session_path.ts";

/** Where questions are put together: each is used up before anything else happens. */
const packetMemory = new Uint8Array(MOST_PACKET_RECEIVED);

/** What the paths of one listener share. */
export interface RoutePathOwner {
  readonly random: Random;
  /** Sends a packet over a link; `false`: it was dropped here. */
  readonly send: (packet: Uint8Array, link: Link) => boolean;
}

/** A {@linkcode SessionPath} of a server. It asks for nobody: clients show where they are. */
export class RoutePath implements SessionPath {
  readonly reason = undefined;
  readonly wokeAt: number = -Infinity;
  readonly isSought: boolean = false;
  readonly #route: Route;
  readonly #owner: RoutePathOwner;

  constructor(route: Route, owner: RoutePathOwner) {
    this.#route = route;
    this.#owner = owner;
  }

  get address(): Address {
    return this.#route.address;
  }

  get carrier(): Carrier {
    return this.#route.carrier;
  }

  get isFull(): boolean {
    return this.#route.isFull;
  }

  get deadline(): number {
    return this.#route.deadline;
  }

  send(packet: Uint8Array, now: number): boolean {
    const { random, send } = this.#owner;
    const link = this.#route.choose(packet.length, random, now);
    const beside = this.#route.beside(now);
    const isSent = link !== undefined && send(packet, link);
    return beside !== undefined && send(packet, beside) || isSent;
  }

  handleTimeout(now: number): boolean {
    const isDue = this.#route.handleTimeout(now);
    if (isDue) this.#challenge(now);
    return isDue;
  }

  /** Asks the client for a proof of where it is. One of the original drops such a thing unseen. */
  #challenge(now: number): void {
    const { session } = this.#route.driver ?? {};
    const { random, send } = this.#owner;
    // The questions repeat a number that the client has had.
    if (session === undefined || session.toldHighest < 0) return;
    if (!session.acquaintance.joinsFragments) return;
    for (let i = 0; i < PathProof.probes; i++) {
      const control = session.fit.challenge(random);
      if (control === undefined) return;
      const length = session.pollControl(packetMemory, now, control);
      const link = this.#route.askedAt(length);
      if (link !== undefined) send(packetMemory.subarray(0, length), link);
    }
  }

  prepare(): void {}

  refresh(): void {}

  retire(): void {}

  close(): void {}
}
