/**
 * Makes and reads resume tokens: what a server would have to remember of a handshake, sealed and
 * given to the client to keep.
 *
 * | offset | size | field                                                   |
 * | -----: | ---: | ------------------------------------------------------- |
 * |      0 |    1 | which key: the minute of the issue, its last eight bits |
 * |      1 |   32 | session secret, sealed                                  |
 * |     33 |    2 | when in that minute, ms, sealed                         |
 * |     35 |    6 | tag of the host that the token was sent to, sealed      |
 * |     41 |   24 | nonce and mac of the seal                               |
 *
 * The host is kept because whoever has a token may send it from anywhere, and say that he is somebody
 * else: only of the host that it was sent to is it known that it is there.
 *
 * A token holds the key of its session. So the keys that seal tokens are drawn anew every minute,
 * are never written anywhere, and are forgotten with the next handshake after eleven minutes: who
 * takes the server's memory later reads no older session. A client sees a token as 65 bytes without
 * meaning.
 *
 * @module
 */
import { equalBytes } from "../bytes.ts";
import { asciiKey, keyedHash } from "../crypto/hash.ts";
import { HELLO_NONCE_LENGTH, HELLO_OVERHEAD, HelloCipher } from "../crypto/hello_cipher.ts";
import type { Random } from "../random.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";

// Protocol constants: of this server with itself alone.

const SECRET_LENGTH = 32;
const TIME_LENGTH = 2;
const TAG_LENGTH = 6;
const TAG_KEY = asciiKey("sosistab-ts-token-host");

/** Length of a token. The original takes up to 987 bytes. */
export const TOKEN_LENGTH = 1 + SECRET_LENGTH + TIME_LENGTH + TAG_LENGTH + HELLO_OVERHEAD;

const MINUTE = 60_000;

/** How long a token is good for, ms. */
export const TOKEN_AGE = 10 * MINUTE;

/** Minutes whose keys are kept: those of the tokens that are still good, begun minutes included. */
const MINUTES_KEPT = 11;

/** What stands in a token. */
export interface OpenedToken {
  /** The session's secret; whoever makes a session of it overwrites it. */
  readonly secret: Uint8Array;
  /** When it was issued. */
  readonly issuedAt: number;
  /** Whether the token was sent to that host. */
  readonly isFor: (hostname: string) => boolean;
}

/** What the tokens of one minute are made with. */
interface MinuteKeys {
  readonly cipher: HelloCipher;
  readonly tagKey: Uint8Array;
}

/** Seals and opens the tokens of one listener. All times in ms. */
export class TokenKeeper {
  readonly #random: Random;
  readonly #keys = new Map<number, MinuteKeys>();

  /** @param random Where keys and nonces come from. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes a token, which is sent to a host. */
  issue(secret: Uint8Array, hostname: string, now: number): Uint8Array {
    const minute = Math.floor(now / MINUTE);
    const { cipher, tagKey } = this.#keysOf(minute);
    const token = new Uint8Array(TOKEN_LENGTH);
    token[0] = minute % 256;
    const sealed = token.subarray(1);
    const writer = new Writer(sealed);
    writer.bytes(secret);
    writer.u16(Math.floor(now - minute * MINUTE));
    writer.bytes(tagOf(tagKey, hostname));
    const nonce = new Uint8Array(HELLO_NONCE_LENGTH);
    this.#random.fill(nonce);
    cipher.seal(sealed, writer.length, nonce);
    return token;
  }

  /**
   * Reads a token.
   *
   * @returns `undefined` when the token is not ours or too old.
   */
  open(token: Uint8Array, now: number): OpenedToken | undefined {
    if (token.length !== TOKEN_LENGTH) return undefined;
    this.#forgetOld(now);
    for (const [minute, { cipher, tagKey }] of this.#keys) {
      if (minute % 256 !== token[0]) continue;
      const plaintext = cipher.open(token.slice(1));
      if (plaintext === undefined) return undefined;
      const reader = new Reader(plaintext);
      const secret = reader.bytes(SECRET_LENGTH);
      const issuedAt = minute * MINUTE + reader.u16();
      const tag = reader.bytes(TAG_LENGTH);
      if (!reader.ok || now - issuedAt > TOKEN_AGE) return undefined;
      return { secret, issuedAt, isFor: (hostname) => equalBytes(tag, tagOf(tagKey, hostname)) };
    }
    return undefined;
  }

  #keysOf(minute: number): MinuteKeys {
    const known = this.#keys.get(minute);
    if (known !== undefined) return known;
    this.#forgetOld(minute * MINUTE);
    const key = new Uint8Array(SECRET_LENGTH);
    this.#random.fill(key);
    const keys = { cipher: new HelloCipher(key), tagKey: keyedHash(TAG_KEY, key) };
    key.fill(0);
    this.#keys.set(minute, keys);
    return keys;
  }

  #forgetOld(now: number): void {
    const oldest = Math.floor(now / MINUTE) - MINUTES_KEPT + 1;
    for (const [minute, { cipher, tagKey }] of this.#keys) {
      if (minute >= oldest) continue;
      cipher.wipe();
      tagKey.fill(0);
      this.#keys.delete(minute);
    }
  }
}

function tagOf(key: Uint8Array, hostname: string): Uint8Array {
  return keyedHash(key, new TextEncoder().encode(hostname)).slice(0, TAG_LENGTH);
}
