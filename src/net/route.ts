/**
 * Where one session's client is, as its server knows it.
 *
 * A client shows its links (shards) by resumes, one on each. What goes down goes to one of those that
 * were heard from in the last ten seconds, drawn at random among those that have room, so that a
 * client with several sockets uses them all (a stream gets a few packets in a row); else to the one
 * heard from last. A client that speaks over another kind of carrier than before wants its answers
 * there, too.
 *
 * Anybody on the path can copy a resume and send it from elsewhere. So once a session has spoken from
 * somewhere, a resume from elsewhere is a claim and no more: the shard moves there when a packet of
 * the session comes from it that is newer than all before. The place that it left is remembered like
 * a claim, so the next packet from there brings the shard back. (WireGuard roams by the same rule.)
 *
 * Whoever is on the path can also hold such a packet back and send it from a victim's address. So a
 * new host gets no more than three times what came from it, until the client says that it has
 * received a frame that was sent there (RFC 9000, 8.2 and 9.3). The first host is proved by the answer
 * to the hello, which reached it; if the session begins at another one, that one is new.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { SessionIdentity } from "../crypto/keys.ts";
import type { Random } from "../random.ts";
import { MOST_PACKET_SENT, type SessionMachine } from "../session/machine.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import { PacketRun } from "../transport/packet_run.ts";
import type { Session } from "./contract.ts";
import type { SessionDriver } from "./driver.ts";

// Protocol constants.

/** How long an address counts as alive after it was heard from, ms. */
const ADDRESS_AGE = 10_000;

/** Bytes that an unproven host may get for each that came from it: RFC 9000 has the same. */
const MOST_AMPLIFICATION = 3;

// Tuning.

/** Claims of one session: the original's client has 16 sockets, which may all move at once. */
const MOST_CLAIMS = 16;

/** How long to wait for the proof before it is asked for again, ms; twice as long each time. */
const FIRST_WAIT = 100;

/** A link, and which of the client's shards speaks there. */
interface Place {
  readonly shardId: number;
  link: Link;
  heardAt: number;
  /** Bytes that may still be sent there. */
  allowance: number;
  /** The frame whose receipt proves that the client is there. */
  provenBy: number;
}

/** What a session's own packet tells of the client. */
export interface Sign {
  /** The packet's length. */
  readonly length: number;
  /** The highest frame of ours that the client says it has. */
  readonly highReceived: number;
  /** The last frame that we have sent. */
  readonly lastFrame: number;
}

/** Where one session's client is. Times in ms. */
export class Route {
  /** Before its first packet: the session that it will be. */
  candidate: SessionMachine | undefined;
  /** The session that goes on in it, if it turned out to be that. */
  heir: Route | undefined;
  /** After it: its parts. */
  driver: SessionDriver | undefined;
  session: Session | undefined;
  /** What {@linkcode Routes} knows it by, by name: the sessions that it has been, the last one last. */
  readonly identities = new Map<string, SessionIdentity>();
  /** Hosts under which {@linkcode Routes} remembers it. */
  readonly hosts = new Set<string>();
  #tokenId: string;
  #shards = new Map<number, Place>();
  /** Places that a shard may move to, by their links; oldest first. */
  #claims = new Map<string, Place>();
  #latest: Place | undefined;
  readonly #run = new PacketRun<Place>();
  #hasSpoken = false;
  #isHelloHost: (hostname: string) => boolean;
  /** When the client is to be asked for proof that it is there, and how long to wait then. */
  #askAt = Infinity;
  #wait = FIRST_WAIT;

  /**
   * @param tokenId See {@linkcode Route.tokenId}.
   * @param isHelloHost Whether the answer to the session's hello went to a host; by default, to any.
   */
  constructor(tokenId: string, isHelloHost: (hostname: string) => boolean = () => true) {
    this.#tokenId = tokenId;
    this.#isHelloHost = isHelloHost;
  }

  /** Names the session as the client's resumes do. */
  get tokenId(): string {
    return this.#tokenId;
  }

  /** Where the client was heard from last. */
  get address(): Address {
    return this.#latest?.link.address ?? { hostname: "", port: 0 };
  }

  /** What it spoke over. */
  get carrier(): Carrier {
    return this.#latest?.link.carrier ?? "udp";
  }

  /** Whether what can wait should: there is more on the way than is good, or more than is allowed. */
  get isFull(): boolean {
    const latest = this.#latest;
    if (latest === undefined) return false;
    return latest.allowance < MOST_PACKET_SENT ||
      (latest.link.isFull && !this.#hasRoomElsewhere(latest));
  }

  /** The keys of all links that its packets may come over. */
  *keys(): Generator<string> {
    for (const place of this.#shards.values()) yield place.link.key;
    yield* this.#claims.keys();
  }

  /** Whether the session has spoken over a link, is proved to be there, and has not gone elsewhere since. */
  isAt(key: string): boolean {
    if (!this.#hasSpoken) return false;
    for (const { link, allowance } of this.#shards.values()) {
      if (link.key === key && allowance === Infinity) return true;
    }
    return false;
  }

  /** A shard has shown itself on a link. */
  bind(shardId: number, link: Link, length: number, now: number): void {
    const shard = this.#shards.get(shardId);
    if (shard?.link.key === link.key) {
      shard.heardAt = now;
      shard.link = link;
      return;
    }
    const allowance = MOST_AMPLIFICATION * length;
    const place = { shardId, link, heardAt: now, allowance, provenBy: Infinity };
    if (this.#hasSpoken) this.#claim(place);
    else this.#move(place);
  }

  /**
   * A packet of the session, newer than all before, has come from a link that nobody has shown: the
   * same host speaks from another port, as when a NAT has forgotten it.
   */
  rebind(link: Link, now: number): void {
    let oldest: Place | undefined;
    for (const place of this.#shards.values()) {
      const isThere = place.link.address.hostname === link.address.hostname;
      if (isThere && place.heardAt < (oldest?.heardAt ?? Infinity)) oldest = place;
    }
    if (oldest !== undefined) this.bind(oldest.shardId, link, 0, now);
  }

  /**
   * A packet of the session, newer than all before, has come over a link.
   *
   * @returns Whether a shard has moved there.
   */
  onHeard(key: string, sign: Sign, now: number): boolean {
    const isFirst = !this.#hasSpoken;
    const wasReliable = isReliable(this.carrier);
    this.#hasSpoken = true;
    const claim = this.#claims.get(key);
    let hasMoved = false;
    if (claim !== undefined) {
      const isNewHost = this.#latest?.link.address.hostname !== claim.link.address.hostname;
      // A further shard takes nothing away from the others; another carrier is used instead of one.
      const before = this.#shards.get(claim.shardId);
      hasMoved = before !== undefined || this.carrier !== claim.link.carrier;
      this.#move(claim);
      if (!isNewHost) claim.allowance = Infinity;
      else if (claim.provenBy === Infinity) claim.provenBy = sign.lastFrame + 1;
      this.#askAt = isNewHost ? now : Infinity;
      this.#wait = FIRST_WAIT;
    }
    for (const shard of this.#shards.values()) {
      if (shard.link.key !== key) continue;
      shard.heardAt = now;
      this.#latest = shard;
      // What went over UDP may be lost, and over streams nobody looks for it soon.
      if (!isFirst && !wasReliable && isReliable(shard.link.carrier)) hasMoved = true;
      if (isFirst ? this.#isWelcome(shard) : sign.highReceived >= shard.provenBy) {
        shard.allowance = Infinity;
        this.#askAt = Infinity;
        continue;
      }
      if (shard.allowance < Infinity && shard.provenBy === Infinity) this.#begin(shard, sign, now);
      shard.allowance += MOST_AMPLIFICATION * sign.length;
    }
    return hasMoved;
  }

  /** Whether a host that opens the session needs no further proof. */
  #isWelcome({ allowance, link: { carrier, address } }: Place): boolean {
    return allowance === Infinity || isReliable(carrier) || this.#isHelloHost(address.hostname);
  }

  /** A place that was shown before the session had spoken is spoken from for the first time. */
  #begin(place: Place, { lastFrame }: Sign, now: number): void {
    const { hostname } = place.link.address;
    for (const { link, allowance } of this.#shards.values()) {
      if (link.address.hostname === hostname && allowance === Infinity) place.allowance = Infinity;
    }
    if (place.allowance === Infinity) return;
    place.provenBy = lastFrame + 1;
    this.#askAt = now;
    this.#wait = FIRST_WAIT;
  }

  /** When the client is to be asked for a sign of life: it has to prove that it is there. */
  get deadline(): number {
    return this.#askAt;
  }

  /** Whether to ask it now. */
  handleTimeout(now: number): boolean {
    if (now < this.#askAt) return false;
    this.#askAt = now + this.#wait;
    this.#wait *= 2;
    return true;
  }

  /** The session goes on where another route leads, under its token. */
  become(other: Route): void {
    this.#tokenId = other.#tokenId;
    this.#shards = other.#shards;
    this.#claims = other.#claims;
    this.#latest = other.#latest;
    this.#isHelloHost = other.#isHelloHost;
    this.#hasSpoken = false;
  }

  /** The link that the next packet goes over; `undefined`: it must not go. */
  choose(length: number, random: Random, now: number): Link | undefined {
    const place = this.#draw(random, now) ?? this.#latest;
    if (place === undefined || place.allowance < length) return undefined;
    place.allowance -= length;
    return place.link;
  }

  #draw(random: Random, now: number): Place | undefined {
    if (this.#shards.size < 2) return undefined;
    const { carrier } = this;
    const isAlive = ({ heardAt, link }: Place): boolean =>
      now - heardAt < ADDRESS_AGE && link.carrier === carrier;
    const again = this.#run.next((place) =>
      this.#shards.get(place.shardId) === place && isAlive(place)
    );
    if (again !== undefined) return again;
    const alive = [...this.#shards.values()].filter(isAlive);
    if (alive.length < 2) return undefined;
    const free = alive.filter(({ link }) => !link.isFull);
    const drawn = free.length > 0 ? free : alive;
    const place = drawn[random.between(0, drawn.length - 1)];
    // Wire compatibility: acknowledgements that go in runs, and overtake one another, look to the
    // original like losses: with six streams it sent at a third of its rate.
    return place && this.driver?.session.isOwnKind ? this.#run.start(place) : place;
  }

  /** Whether one that is drawn from beside the latest is not full. */
  #hasRoomElsewhere({ heardAt, link: { carrier } }: Place): boolean {
    for (const { link, heardAt: at } of this.#shards.values()) {
      if (!link.isFull && link.carrier === carrier && heardAt - at < ADDRESS_AGE) return true;
    }
    return false;
  }

  #move(place: Place): void {
    const before = this.#shards.get(place.shardId);
    this.#claims.delete(place.link.key);
    this.#shards.set(place.shardId, place);
    this.#latest = place;
    if (before !== undefined) this.#claim(before);
  }

  #claim(place: Place): void {
    this.#claims.delete(place.link.key);
    this.#claims.set(place.link.key, place);
    if (this.#claims.size <= MOST_CLAIMS) return;
    for (const oldest of this.#claims.keys()) {
      this.#claims.delete(oldest);
      return;
    }
  }
}
