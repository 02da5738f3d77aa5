/**
 * How often each source is served, and which have come again, in memory that does not grow.
 *
 * A source is an IPv4 address or an IPv6 network of /64: who has one of these has all its addresses. It
 * may be served so many times at once, and so many a second (the generic cell rate algorithm: one
 * number a source). The numbers stand in a table at a place that only this server knows, which changes
 * every minute. Sources that share a place share its rate; that needs thousands of busy ones to happen,
 * and lasts a minute.
 *
 * @module
 */
import { isIpv6 } from "../address.ts";
import { deriveKey } from "../crypto/hash.ts";
import { parseIpv6 } from "../transport/ipv6_bytes.ts";

// Tuning.

/** Places, of 16 bytes each: 5,000 datagrams a second from anywhere spend 0.3 a second of each. */
const PLACES = 2 ** 14;

/**
 * Datagrams of a source a second, and at once: a session takes about four, so these are the 20 and 5
 * handshakes that WireGuard allows.
 */
const RATE = 80;
const BURST = 20;

/** How long a place holds, ms. */
const PERIOD = 60_000;

/** How long after it was answered a source may take to come back, ms: round trips of bad paths. */
const ANSWER_AGE = 5_000;

/**
 * Places for those who were refused, of 2 bytes each: more, since a flood fills them. And how long after
 * that a client says hello again, ms: a quarter of a second at first, then up to half of one.
 */
const REFUSED_PLACES = 2 ** 17;
const LEAST_PAUSE = 100;
const MOST_PAUSE = 1_500;

/** Bytes that name an IPv6 source: within a /64 a machine draws its addresses as it likes. */
const IPV6_SOURCE = 8;

/** What each source has been given. Times in ms. */
export class SourceRates {
  readonly #secret: Uint8Array;
  /** When a source that is never served again has all of its burst again. */
  readonly #freeAt = new Float64Array(PLACES);
  readonly #answeredAt = new Float64Array(PLACES).fill(-Infinity);
  /** Every 2 ms of the period counts as one; 0: never. */
  readonly #refusedAt = new Uint16Array(REFUSED_PLACES);
  #period = NaN;
  #seed = 0;

  /** @param secretKey The server's; nobody else can tell which sources share a place. */
  constructor(secretKey: Uint8Array) {
    this.#secret = deriveKey("sosistab places of sources", secretKey);
  }

  /** Whether a source has used up what it may have now. */
  isExhausted(hostname: string, now: number): boolean {
    return this.#freeAt[this.#placeOf(hostname, now)]! > now + (BURST - 1) * 1000 / RATE;
  }

  /** Something was done for a source. */
  onServed(hostname: string, now: number): void {
    const place = this.#placeOf(hostname, now);
    const most = now + BURST * 1000 / RATE;
    this.#freeAt[place] = Math.min(most, Math.max(now, this.#freeAt[place]!) + 1000 / RATE);
  }

  /** A hello of a source was answered. */
  onAnswered(hostname: string, now: number): void {
    this.#answeredAt[this.#placeOf(hostname, now)] = now;
  }

  /** Whether that was a moment ago: so it is there, and is about to take the answer up. */
  wasAnswered(hostname: string, now: number): boolean {
    return now - this.#answeredAt[this.#placeOf(hostname, now)]! < ANSWER_AGE;
  }

  /** A source was refused for lack of time. */
  onRefused(hostname: string, now: number): void {
    const place = this.#hashOf(hostname, now) & REFUSED_PLACES - 1;
    this.#refusedAt[place] = 1 + (now % PERIOD >>> 1);
  }

  /**
   * Whether it was, a moment ago, and comes again as clients do. Who writes a false address on each
   * datagram seldom writes the same soon.
   */
  hasComeAgain(hostname: string, now: number): boolean {
    const refusedAt = this.#refusedAt[this.#hashOf(hostname, now) & REFUSED_PLACES - 1]!;
    const pause = now % PERIOD - 2 * (refusedAt - 1);
    return refusedAt > 0 && pause >= LEAST_PAUSE && pause <= MOST_PAUSE;
  }

  #placeOf(hostname: string, now: number): number {
    return this.#hashOf(hostname, now) & PLACES - 1;
  }

  #hashOf(hostname: string, now: number): number {
    const period = Math.floor(now / PERIOD);
    if (period !== this.#period) this.#begin(period);
    let hash = this.#seed;
    if (isIpv6(hostname)) {
      const bytes = parseIpv6(hostname.split("%", 1)[0]!);
      for (let i = 0; i < IPV6_SOURCE; i++) hash = mix(hash, bytes?.[i] ?? 0);
    } else {
      for (let i = 0; i < hostname.length; i++) hash = mix(hash, hostname.charCodeAt(i));
    }
    return hash;
  }

  #begin(period: number): void {
    this.#period = period;
    this.#freeAt.fill(0);
    this.#answeredAt.fill(-Infinity);
    this.#refusedAt.fill(0);
    const [a = 0, b = 0, c = 0, d = 0] = deriveKey(`sosistab period ${period}`, this.#secret);
    this.#seed = a << 24 | b << 16 | c << 8 | d;
  }
}

/** One round of the finalizer of MurmurHash3. Who finds two sources at one place has won nothing. */
function mix(state: number, byte: number): number {
  let mixed = Math.imul(state ^ byte, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ mixed >>> 16;
}
