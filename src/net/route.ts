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
 * new host gets no more than three times what came from it, until the client proves that it is there
 * (RFC 9000, 8.2 and 9.3). The first host is proved by the answer to the hello, which reached it; if the
 * session begins at another one, that one is new. A client of our kind proves it by numbers that went
 * there alone (`session/path_proof.ts`). One of the original says that it has received a frame that was
 * sent there; if it wants to lie it can guess that.
 *
 * And he can be first with copies of everything. So until a new host is proved what goes there also goes
 * to the one before: a client of our kind is at one of them. What comes from the true one after such a
 * copy is nothing new; but that it comes at all, from a host that is proved, shows that the client has
 * not gone elsewhere, and brings the session back.
 *
 * @module
 */
import type { Address } from "../address.ts";
import type { SessionIdentity } from "../crypto/keys.ts";
import type { Random } from "../random.ts";
import { MOST_PACKET_SENT } from "../session/machine.ts";
import type { PathProof } from "../session/path_proof.ts";
import { type Carrier, isReliable, type Link } from "../transport/link.ts";
import { PacketRun } from "../transport/packet_run.ts";
import type { Session } from "./contract.ts";
import type { SessionDriver } from "./driver.ts";
import type { Place, Sign } from "./place.ts";

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

/** Where one session's client is. Times in ms. */
export class Route {
  /** The session that goes on in it, if it turned out to be that. */
  heir: Route | undefined;
  /** Its parts. */
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
  /** Where the client was before it went to a host that is not proved yet. */
  #former: Place | undefined;
  /** Of which it was asked last whether the client is there. */
  #asked: Place | undefined;
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

  /** When the session was heard over a link last; -Infinity: it is not there. */
  heardAt(key: string): number {
    for (const place of this.#shards.values()) if (place.link.key === key) return place.heardAt;
    return -Infinity;
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
      // A further shard takes nothing away from the others; another carrier is used instead of one.
      const before = this.#shards.get(claim.shardId);
      hasMoved = before !== undefined || this.carrier !== claim.link.carrier;
      // What went to both hosts is not lost.
      if (this.#answersProbes && (claim === this.#former || claim.isDoubtful)) hasMoved = false;
      if (this.#latest?.allowance === Infinity) this.#former = this.#latest;
      this.#move(claim);
      if (this.#isProven(claim.link.address.hostname)) claim.allowance = Infinity;
      else if (claim.provenBy === Infinity) claim.provenBy = sign.lastFrame + 1;
      this.#askAt = Infinity;
      if (claim.allowance < Infinity) this.#ask(claim, now);
    }
    for (const shard of this.#shards.values()) {
      if (shard.link.key !== key) continue;
      shard.heardAt = now;
      this.#latest = shard;
      // What went over UDP may be lost, and over streams nobody looks for it soon.
      if (!isFirst && !wasReliable && isReliable(shard.link.carrier)) hasMoved = true;
      const hasReceived = !this.#answersProbes && sign.highReceived >= shard.provenBy;
      if (isFirst ? this.#isWelcome(shard) : hasReceived) {
        this.#prove(shard);
        continue;
      }
      if (shard.allowance < Infinity && this.#isToBeAsked(shard)) this.#begin(shard, sign, now);
      shard.allowance += MOST_AMPLIFICATION * sign.length;
    }
    return hasMoved;
  }

  /**
   * The client may have answered the questions of {@linkcode askedAt}.
   *
   * @returns Whether it is known just now to be where it was asked, and what went there before may be lost.
   */
  onAnswered(): boolean {
    const asked = this.#asked;
    if (asked === undefined || asked.allowance === Infinity || !this.#proof?.isGiven) return false;
    const { isDoubtful = false } = asked;
    this.#prove(asked);
    return isDoubtful;
  }

  /**
   * A packet of the session that had come before has come over a link.
   *
   * @returns Whether a shard has moved back there.
   */
  onRepeated(key: string, now: number): boolean {
    const claim = this.#claims.get(key);
    const latest = this.#latest;
    if (claim === undefined || latest === undefined || !this.#isUnproven) return false;
    const { hostname } = claim.link.address;
    if (!this.#isProven(hostname) && !this.#isHelloHost(hostname)) return false;
    claim.allowance = Infinity;
    claim.heardAt = now;
    latest.isDoubtful = true;
    this.#move(claim);
    this.#askAt = Infinity;
    return claim !== this.#former || !this.#answersProbes;
  }

  /** Whether a host that opens the session needs no further proof. */
  #isWelcome({ allowance, link: { carrier, address } }: Place): boolean {
    return allowance === Infinity || isReliable(carrier) || this.#isHelloHost(address.hostname);
  }

  /** A place that was shown before the session had spoken is spoken from for the first time. */
  #begin(place: Place, { lastFrame }: Sign, now: number): void {
    if (this.#isProven(place.link.address.hostname)) place.allowance = Infinity;
    if (place.allowance === Infinity) return;
    place.provenBy = lastFrame + 1;
    this.#ask(place, now);
  }

  /** Whether nobody asks for the proof of a place, and somebody should. */
  #isToBeAsked(place: Place): boolean {
    return place.provenBy === Infinity ||
      (place !== this.#asked && this.#asked?.allowance === Infinity);
  }

  /** The client is to be asked for the proof of a place. */
  #ask(place: Place, now: number): void {
    this.#asked = place;
    this.#proof?.begin();
    this.#askAt = now;
    this.#wait = FIRST_WAIT;
  }

  #prove(place: Place): void {
    place.isDoubtful = false;
    place.allowance = Infinity;
    this.#askAt = Infinity;
  }

  /** Whether the client answers probes, as all of our kind do. */
  get #answersProbes(): boolean {
    return this.driver?.session.acquaintance.joinsFragments ?? false;
  }

  get #proof(): PathProof | undefined {
    return this.driver?.session.fit.proof;
  }

  /** Whether the host that the client was heard from last is not proved. */
  get #isUnproven(): boolean {
    return this.#latest !== undefined && this.#latest.allowance < Infinity;
  }

  /** Whether the client is known to be, or to have been, at a host. */
  #isProven(hostname: string): boolean {
    for (const places of [this.#shards, this.#claims]) {
      for (const { link, allowance } of places.values()) {
        if (allowance === Infinity && link.address.hostname === hostname) return true;
      }
    }
    return false;
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
    this.#former = other.#former;
    this.#asked = other.#asked;
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

  /** The link that a question of so many bytes goes over; `undefined`: none must, or can be. */
  askedAt(length: number): Link | undefined {
    const asked = this.#asked;
    if (asked === undefined || asked.allowance === Infinity || asked.allowance < length) {
      return undefined;
    }
    asked.allowance -= length;
    return asked.link;
  }

  /** The link that it goes over as well: where the client was, until it is known where it is. */
  beside(now: number): Link | undefined {
    const former = this.#isUnproven && this.#answersProbes ? this.#former : undefined;
    return former && now - former.heardAt < ADDRESS_AGE ? former.link : undefined;
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
    if (before === undefined) return;
    // What goes elsewhere from now on, and arrives, proves nothing of this place.
    before.provenBy = Infinity;
    this.#claim(before);
  }

  #claim(place: Place): void {
    this.#claims.delete(place.link.key);
    this.#claims.set(place.link.key, place);
    if (this.#claims.size <= MOST_CLAIMS) return;
    for (const [key, oldest] of this.#claims) {
      // Whoever has a copy of a resume can claim from everywhere, and the client may still be there.
      if (oldest === this.#former) continue;
      this.#claims.delete(key);
      return;
    }
  }
}
