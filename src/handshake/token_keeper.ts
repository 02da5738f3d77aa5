/**
 * Makes and reads resume tokens: what a server would have to remember of a handshake, sealed and
 * given to the client to keep.
 *
 * | offset | size | field                                                   |
 * | -----: | ---: | ------------------------------------------------------- |
 * |      0 |    1 | which key: the minute of the issue, its last eight bits |
 * |      1 |   32 | session secret, sealed                                  |
 * |     33 |    8 | time of the issue on the server's own clock, ms, sealed |
 * |     41 |   24 | nonce and mac of the seal                               |
 *
 * A token holds the key of its session. So the keys that seal tokens are drawn anew every minute,
 * are never written anywhere, and are forgotten with the next handshake after eleven minutes: who
 * takes the server's memory later reads no older session. A client sees a token as 65 bytes without
 * meaning.
 *
 * @module
 */
import { HELLO_NONCE_LENGTH, HELLO_OVERHEAD, HelloCipher } from "../crypto/hello_cipher.ts";
import type { Random } from "../random.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";

// Protocol constants: of this server with itself alone.

const SECRET_LENGTH = 32;
const TIME_LENGTH = 8;

/** Length of a token. The original takes up to 987 bytes. */
export const TOKEN_LENGTH = 1 + SECRET_LENGTH + TIME_LENGTH + HELLO_OVERHEAD;

const MINUTE = 60_000;

/** How long a token is good for, ms. */
export const TOKEN_AGE = 10 * MINUTE;

/** Minutes whose keys are kept: those of the tokens that are still good, begun minutes included. */
const MINUTES_KEPT = 11;

/** Seals and opens the tokens of one listener. All times in ms. */
export class TokenKeeper {
  readonly #random: Random;
  readonly #ciphers = new Map<number, HelloCipher>();

  /** @param random Where keys and nonces come from. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** Makes a token. */
  issue(secret: Uint8Array, now: number): Uint8Array {
    const minute = Math.floor(now / MINUTE);
    const token = new Uint8Array(TOKEN_LENGTH);
    token[0] = minute % 256;
    const sealed = token.subarray(1);
    const writer = new Writer(sealed);
    writer.bytes(secret);
    writer.u64(Math.floor(now));
    const nonce = new Uint8Array(HELLO_NONCE_LENGTH);
    this.#random.fill(nonce);
    this.#cipherOf(minute).seal(sealed, writer.length, nonce);
    return token;
  }

  /**
   * Reads a token.
   *
   * @returns The session secret, or `undefined` when the token is not ours or too old.
   */
  open(token: Uint8Array, now: number): Uint8Array | undefined {
    if (token.length !== TOKEN_LENGTH) return undefined;
    this.#forgetOld(now);
    for (const [minute, cipher] of this.#ciphers) {
      if (minute % 256 !== token[0]) continue;
      const plaintext = cipher.open(token.slice(1));
      if (plaintext === undefined) return undefined;
      const reader = new Reader(plaintext);
      const secret = reader.bytes(SECRET_LENGTH);
      const issuedAt = reader.u64();
      return reader.ok && now - issuedAt <= TOKEN_AGE ? secret : undefined;
    }
    return undefined;
  }

  #cipherOf(minute: number): HelloCipher {
    const known = this.#ciphers.get(minute);
    if (known !== undefined) return known;
    this.#forgetOld(minute * MINUTE);
    const key = new Uint8Array(SECRET_LENGTH);
    this.#random.fill(key);
    const cipher = new HelloCipher(key);
    key.fill(0);
    this.#ciphers.set(minute, cipher);
    return cipher;
  }

  #forgetOld(now: number): void {
    const oldest = Math.floor(now / MINUTE) - MINUTES_KEPT + 1;
    for (const minute of this.#ciphers.keys()) {
      if (minute < oldest) this.#ciphers.delete(minute);
    }
  }
}
