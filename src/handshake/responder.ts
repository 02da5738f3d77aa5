/**
 * The server's half of the handshake: answers strangers who know the server's key, and keeps nothing.
 *
 * A hello is answered at once; all that the answer leads to stands in the token that the client is
 * given. A resume brings the token back, and with it the session. A token that has grown too old
 * opens no session any more, but still names the one that it opened, so a client may roam for as long
 * as its session lasts. Everything else gets silence, and is counted. No answer is longer than what
 * it answers.
 *
 * When our wall clock is set nobody else knows it: open sessions go by what it showed before, and it
 * may have been set wrong. So it goes on as before beside the new one, by the monotonic clock, and
 * whoever agrees with either is heard, until nobody has gone by the former one for a day.
 *
 * @module
 */
import { formatHex } from "../bytes.ts";
import { clientToServerKey, CookieCiphers, serverToClientKey } from "../crypto/cookie.ts";
import { HELLO_NONCE_LENGTH, HELLO_OVERHEAD } from "../crypto/hello_cipher.ts";
import { publicKeyOf, tripleDiffieHellman } from "../crypto/keys.ts";
import type { KeyPair, X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { OWN_BITS } from "../wire/extension.ts";
import {
  type ClientHello,
  type ClientResume,
  decodeHandshakeFrame,
  WIRE_VERSION,
} from "../wire/hello.ts";
import { LEAST_HELLO, MOST_HELLO, sealHelloPacket } from "./hello_packet.ts";
import { type OpenedToken, TokenKeeper } from "./token_keeper.ts";

// Protocol constants.

/** Shortest packet that can hold a resume with a token of ours. */
const LEAST_RESUME = 100;

// Tuning.

/** By how much the wall clock must gain or lose at once to have been set, seconds: clients make up for less. */
const LEAST_CLOCK_STEP = 60;

/**
 * How long nobody may go by the clock from before it was set, ms, until that is forgotten: each datagram
 * is tried under its keys, too. Clients say something by it when they move. Who has not for a day can
 * bear the half minute that it takes to find the new one.
 */
const FORMER_AGE = 86_400_000;

/** Ciphers kept: those of five minutes by each of two clocks, and the next ones. */
const MOST_CIPHERS = 16;

/** What a datagram turned out to be. */
export type ResponderOutcome =
  | { readonly kind: "answer"; readonly length: number }
  | { readonly kind: "resume"; readonly resume: Resume }
  | { readonly kind: "refused" }
  | { readonly kind: "replayed" }
  | { readonly kind: "ignored"; readonly reason: IgnoreReason };

/**
 * Why a datagram is no handshake: it has a length that none has, opens under no key, holds no frame
 * that a client sends, or a hello that is too short to be answered; or its keys are of low order.
 */
export type IgnoreReason = "length" | "unopened" | "frame" | "key";

/** A client's claim to a session. */
export interface Resume {
  /** The token, a view on the datagram. */
  readonly token: Uint8Array;
  /** The same as a key for maps: it names the session. */
  readonly tokenId: string;
  /** Which of the client's sockets speaks, 0 to 255. */
  readonly shardId: number;
}

/** Settings of a responder. */
export interface ResponderOptions {
  /** The server's long-term secret key, 32 bytes. */
  readonly secretKey: Uint8Array;
  readonly x25519: X25519;
  readonly random: Random;
  /**
   * Whether a hello has not been seen before, and remembers it.
   *
   * @param id Its nonce, 16 bytes.
   * @param minute That of the key which opened it, since 1970.
   * @param epochSeconds The clock by which it was opened.
   */
  readonly isFresh: (
    id: Uint8Array,
    minute: number,
    now: number,
    epochSeconds: number,
  ) => boolean;
}

/** What {@linkcode Responder.handleDatagram} was asked. */
interface Asked {
  readonly datagram: Uint8Array;
  readonly hostname: string;
  readonly into: Uint8Array;
  readonly now: number;
  readonly mayAnswer: () => boolean;
}

/** Answers the handshakes of one listener. Times in ms, except `epochSeconds`. */
export class Responder {
  readonly #long: KeyPair;
  readonly #x25519: X25519;
  readonly #random: Random;
  readonly #toServer: CookieCiphers;
  readonly #toClient: CookieCiphers;
  readonly #isFresh: ResponderOptions["isFresh"];
  readonly #tokens: TokenKeeper;
  /** What the wall clock showed when the monotonic one was 0, seconds; and the same before it was set. */
  #originSeconds: number | undefined;
  #formerOrigin: number | undefined;
  /** When somebody went by the latter for the last time, or it became that. */
  #formerAt = -Infinity;

  constructor({ secretKey, x25519, random, isFresh }: ResponderOptions) {
    const publicKey = publicKeyOf(secretKey, x25519);
    this.#long = { secretKey, publicKey };
    this.#x25519 = x25519;
    this.#random = random;
    this.#toServer = new CookieCiphers(
      (minute) => clientToServerKey(publicKey, minute),
      MOST_CIPHERS,
    );
    this.#toClient = new CookieCiphers((minute) => serverToClientKey(publicKey, minute));
    this.#isFresh = isFresh;
    this.#tokens = new TokenKeeper(random);
  }

  /** The server's long-term public key. */
  get publicKey(): Uint8Array {
    return this.#long.publicKey;
  }

  /**
   * Looks at a datagram that belongs to no session.
   *
   * @param datagram Opened in place.
   * @param hostname Where it came from, and an answer goes to.
   * @param into Where an answer is written to; 2,048 bytes are enough.
   * @param mayAnswer Asked before a hello is answered, and before it costs anything or is remembered.
   */
  handleDatagram(
    datagram: Uint8Array,
    hostname: string,
    into: Uint8Array,
    now: number,
    epochSeconds: number,
    mayAnswer: () => boolean = () => true,
  ): ResponderOutcome {
    this.#watchClock(now, epochSeconds);
    if (datagram.length < LEAST_RESUME || datagram.length > MOST_HELLO) return IGNORED.length;
    const asked = { datagram, hostname, into, now, mayAnswer };
    const outcome = this.#handleAt(epochSeconds, asked);
    if (outcome !== undefined) return outcome;
    if (this.#formerOrigin === undefined) return IGNORED.unopened;
    const former = this.#handleAt(this.#formerOrigin + now / 1000, asked);
    if (former !== undefined) this.#formerAt = now;
    return former ?? IGNORED.unopened;
  }

  /**
   * Opens the token of a resume that belongs to no session yet: those that live are known by their
   * tokens, however old these are.
   *
   * @returns `undefined` when the token is not ours or too old.
   */
  openToken({ token }: Pick<Resume, "token">, now: number): OpenedToken | undefined {
    return this.#tokens.open(token, now);
  }

  #watchClock(now: number, epochSeconds: number): void {
    const origin = epochSeconds - now / 1000;
    const before = this.#originSeconds ?? origin;
    if (Math.abs(origin - before) > LEAST_CLOCK_STEP) {
      this.#formerOrigin = before;
      this.#formerAt = now;
    } else if (now - this.#formerAt > FORMER_AGE) this.#formerOrigin = undefined;
    this.#originSeconds = origin;
  }

  /** `undefined`: the datagram was sealed under none of the five minutes around that time. */
  #handleAt(epochSeconds: number, asked: Asked): ResponderOutcome | undefined {
    const { datagram, now } = asked;
    const minute = Math.floor(epochSeconds / 60);
    const opened = this.#toServer.open(datagram, minute);
    if (opened === undefined) return undefined;
    const frame = decodeHandshakeFrame(opened.plaintext);
    switch (frame?.kind) {
      case "clientHello":
        if (frame.version !== WIRE_VERSION || datagram.length < LEAST_HELLO) return IGNORED.frame;
        if (!asked.mayAnswer()) return REFUSED;
        return this.#isFresh(nonceOf(datagram), opened.minute, now, epochSeconds)
          ? this.#answer(frame, asked, minute)
          : REPLAYED;
      case "clientResume":
        return { kind: "resume", resume: readResume(frame) };
      default:
        return IGNORED.frame;
    }
  }

  #answer(
    hello: ClientHello,
    { datagram, hostname, into, now }: Asked,
    minute: number,
  ): ResponderOutcome {
    const ephemeral = this.#x25519.generate();
    const keys = { long: this.#long, ephemeral };
    const secret = tripleDiffieHellman(this.#x25519, keys, hello);
    ephemeral.secretKey.fill(0);
    if (secret === undefined) return IGNORED.key;
    const answer = {
      kind: "serverHello",
      longPublicKey: this.#long.publicKey,
      ephemeralPublicKey: ephemeral.publicKey,
      resumeToken: this.#tokens.issue(secret, hostname, now),
      extension: { bits: OWN_BITS },
    } as const;
    secret.fill(0);
    const cipher = this.#toClient.at(minute);
    const length = sealHelloPacket(answer, cipher, this.#random, into, 0, datagram.length);
    return { kind: "answer", length };
  }
}

function nonceOf(packet: Uint8Array): Uint8Array {
  const at = packet.length - HELLO_OVERHEAD;
  return packet.subarray(at, at + HELLO_NONCE_LENGTH);
}

function readResume({ resumeToken: token, shardId }: ClientResume): Resume {
  return { token, tokenId: formatHex(token), shardId };
}

const IGNORED: Readonly<Record<IgnoreReason, ResponderOutcome>> = {
  length: { kind: "ignored", reason: "length" },
  unopened: { kind: "ignored", reason: "unopened" },
  frame: { kind: "ignored", reason: "frame" },
  key: { kind: "ignored", reason: "key" },
};
const REFUSED: ResponderOutcome = { kind: "refused" };
const REPLAYED: ResponderOutcome = { kind: "replayed" };
