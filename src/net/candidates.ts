/**
 * Tokens that were shown, and whose sessions have not spoken: a server's candidates.
 *
 * Anybody may have copied a token, or drawn thousands; only the client has the key in it. So nothing
 * is built for a token. It is kept as it came, sealed, with the little that its resume has told, at the
 * link which that came over; and it is opened again for each packet that comes from there.
 *
 * A candidate stays for ten seconds. A link has four at the most, and the oldest makes room: clients
 * share a link by spoofing alone, and the one who is there speaks right after his resume. Of all links
 * together there are so many and no more: the newest is refused.
 *
 * One token can be shown from any number of false addresses. So those that come from elsewhere than
 * where the token was sent may have half of the places: who is where his answer went finds one.
 *
 * @module
 */
import { equalBytes } from "../bytes.ts";
import { TOKEN_LENGTH } from "../handshake/token_keeper.ts";

// Protocol constants.

/** How long a candidate may take to say its first word, ms: ten round trips of the worst paths. */
const MOST_AGE = 10_000;

// Tuning.

/** How far ahead of that age it may be forgotten, ms, so that many go at once. */
const SWEEP_INTERVAL = 1_000;

/** Candidates of one link: a packet from there is tried on each. */
const MOST_AT_LINK = 4;

/** The part of all places for who is elsewhere than where his token was sent: few clients move then. */
const SHARE_ELSEWHERE = 1 / 2;

/** No place. */
const NONE = -1;

/** Room for so many is made at first, and doubled when it is full. */
const LEAST_ROOM = 16;

/** What a resume has told. */
export interface Candidate {
  /** A view, good until the next change. */
  readonly token: Uint8Array;
  readonly shardId: number;
  /** Bytes of the resume. */
  readonly length: number;
  /** Whether it comes from where the token was sent, or over a stream: not from a false address. */
  readonly isThere: boolean;
}

/** The candidates of one listener. Times in ms. */
export class Candidates {
  readonly #most: number;
  /** The place of each link's oldest candidate; behind each stands the next one's. */
  readonly #links = new Map<string, number>();
  #next = new Int32Array(0);
  readonly #free: number[] = [];
  #tokens = new Uint8Array(0);
  #since = new Float64Array(0);
  #lengths = new Uint16Array(0);
  #shards = new Uint8Array(0);
  /** 1 or 0. */
  #areThere = new Uint8Array(0);
  #size = 0;
  /** Of them, those who are not. */
  #elsewhere = 0;
  #sweepAt = Infinity;

  /** @param most How many there may be. */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** When {@linkcode sweep} has something to do. */
  get deadline(): number {
    return this.#sweepAt;
  }

  /** Whether a link has any. */
  has(key: string): boolean {
    return this.#links.has(key);
  }

  /** Those of a link, oldest first, by their places. */
  at(key: string): readonly number[] {
    const places: number[] = [];
    let place = this.#links.get(key) ?? NONE;
    for (; place !== NONE; place = this.#next[place]!) places.push(place);
    return places;
  }

  /** The candidate at a place. */
  get(place: number): Candidate {
    return {
      token: this.#tokenAt(place),
      shardId: this.#shards[place]!,
      length: this.#lengths[place]!,
      isThere: this.#areThere[place] === 1,
    };
  }

  /**
   * A token was shown over a link; one that already was there stays as old as it is.
   *
   * @returns `false`: there are too many.
   */
  add(key: string, { token, shardId, length, isThere }: Candidate, now: number): boolean {
    if (token.length !== TOKEN_LENGTH) throw new RangeError("this is no token of ours");
    const places = this.at(key);
    const known = places.find((place) => equalBytes(this.#tokenAt(place), token));
    if (known === undefined && places.length === MOST_AT_LINK) this.remove(key, places[0]!);
    if (known === undefined && !this.#hasRoom(isThere)) return false;
    const place = known ?? this.#take(key, isThere, now);
    this.#tokenAt(place).set(token);
    this.#shards[place] = shardId;
    this.#lengths[place] = length;
    return true;
  }

  /** Forgets the candidate of a link at a place. */
  remove(key: string, place: number): void {
    const before = this.at(key).find((each) => this.#next[each] === place);
    const next = this.#next[place]!;
    if (before !== undefined) this.#next[before] = next;
    else if (next !== NONE) this.#links.set(key, next);
    else this.#links.delete(key);
    this.#tokenAt(place).fill(0);
    this.#free.push(place);
    this.#size--;
    if (this.#areThere[place] === 0) this.#elsewhere--;
  }

  /** Forgets those who were silent for too long. */
  sweep(now: number): void {
    let oldest = Infinity;
    for (const key of this.#links.keys()) {
      for (const place of this.at(key)) {
        const since = this.#since[place]!;
        if (now - since > MOST_AGE - SWEEP_INTERVAL) this.remove(key, place);
        else oldest = Math.min(oldest, since);
      }
    }
    this.#sweepAt = oldest + MOST_AGE;
  }

  /** Forgets all. */
  clear(): void {
    this.sweep(Infinity);
  }

  #hasRoom(isThere: boolean): boolean {
    if (this.#size >= this.#most) return false;
    return isThere || this.#elsewhere < Math.ceil(this.#most * SHARE_ELSEWHERE);
  }

  #take(key: string, isThere: boolean, now: number): number {
    if (this.#free.length === 0) this.#grow();
    const place = this.#free.pop()!;
    this.#since[place] = now;
    this.#next[place] = NONE;
    const last = this.at(key).at(-1);
    if (last === undefined) this.#links.set(key, place);
    else this.#next[last] = place;
    this.#areThere[place] = isThere ? 1 : 0;
    if (!isThere) this.#elsewhere++;
    this.#size++;
    this.#sweepAt = Math.min(this.#sweepAt, now + MOST_AGE);
    return place;
  }

  #tokenAt(place: number): Uint8Array {
    return this.#tokens.subarray(place * TOKEN_LENGTH, (place + 1) * TOKEN_LENGTH);
  }

  #grow(): void {
    const before = this.#shards.length;
    const after = Math.max(LEAST_ROOM, Math.min(2 * before, this.#most));
    this.#tokens = grown(this.#tokens, new Uint8Array(after * TOKEN_LENGTH));
    this.#since = grown(this.#since, new Float64Array(after));
    this.#lengths = grown(this.#lengths, new Uint16Array(after));
    this.#next = grown(this.#next, new Int32Array(after));
    this.#shards = grown(this.#shards, new Uint8Array(after));
    this.#areThere = grown(this.#areThere, new Uint8Array(after));
    for (let place = after - 1; place >= before; place--) this.#free.push(place);
  }
}

/** The larger array, with what stands in the smaller one at its head. */
function grown<A extends Uint8Array | Uint16Array | Int32Array | Float64Array>(
  before: A,
  after: A,
): A {
  after.set(before);
  return after;
}
