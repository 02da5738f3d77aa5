/**
 * The cipher of handshake packets: ChaCha12 with a truncated BLAKE3 MAC.
 *
 * | offset | size | field                                            |
 * | -----: | ---: | ------------------------------------------------ |
 * |      0 |    n | ciphertext                                       |
 * |      n |   16 | nonce                                            |
 * |   n+16 |    8 | mac: the head of the keyed hash of the ciphertext |
 *
 * The nonce takes the place of the first half of both keys, so each packet has keys of its own and
 * ChaCha12 runs from an all-zero nonce. Source: the sosistab wire, version 3, section 1.2.
 *
 * Nonces of 16 bytes are drawn at random, by many clients under one key, which is another one each
 * minute: of a thousand million packets in a minute two have the same with a chance of 2^-69.
 *
 * @module
 */
import { chacha12 } from "@noble/ciphers/chacha.js";
import { equalBytes } from "../bytes.ts";
import { asciiKey, keyedHash } from "./hash.ts";

// Protocol constants: changing one breaks interoperation.

/** Bytes that sealing adds. */
export const HELLO_OVERHEAD = 24;

/** Bytes of a nonce. */
export const HELLO_NONCE_LENGTH = 16;

const MAC_LENGTH = 8;
const ENCRYPTION_KEY = asciiKey("enc");
const MAC_KEY = asciiKey("mac");
const ZERO_NONCE = new Uint8Array(12);

/** Seals and opens handshake packets under one key. */
export class HelloCipher {
  // The second half of both stays; the first half is that of the packet at hand.
  readonly #encryptionKey: Uint8Array;
  readonly #macKey: Uint8Array;

  /**
   * Derives the two keys, once.
   *
   * @param key 32 bytes; not kept.
   */
  constructor(key: Uint8Array) {
    this.#encryptionKey = keyedHash(ENCRYPTION_KEY, key);
    this.#macKey = keyedHash(MAC_KEY, key);
  }

  /**
   * Seals a packet in place.
   *
   * @param packet Holds the plaintext in its first `length` bytes, and has room for
   * {@linkcode HELLO_OVERHEAD} more.
   * @param nonce 16 bytes that this key has never seen: random ones.
   * @returns The length of the sealed packet.
   */
  seal(packet: Uint8Array, length: number, nonce: Uint8Array): number {
    const sealedLength = length + HELLO_OVERHEAD;
    if (sealedLength > packet.length) {
      throw new RangeError(`no room to seal ${length} bytes in ${packet.length}`);
    }
    if (nonce.length !== HELLO_NONCE_LENGTH) {
      throw new RangeError(`nonce must be ${HELLO_NONCE_LENGTH} bytes, got ${nonce.length}`);
    }
    const body = packet.subarray(0, length);
    this.#applyKeyStream(body, nonce);
    packet.set(nonce, length);
    packet.set(this.#mac(body, nonce), length + HELLO_NONCE_LENGTH);
    return sealedLength;
  }

  /**
   * Opens a packet in place, once its mac was found right. A packet that does not open is left as
   * it was.
   *
   * @returns The plaintext, a view on the packet, or `undefined` when it was not sealed under this
   * key.
   */
  open(packet: Uint8Array): Uint8Array | undefined {
    const length = packet.length - HELLO_OVERHEAD;
    if (length < 0) return undefined;
    const body = packet.subarray(0, length);
    const nonce = packet.subarray(length, length + HELLO_NONCE_LENGTH);
    const mac = packet.subarray(length + HELLO_NONCE_LENGTH);
    if (!equalBytes(mac, this.#mac(body, nonce))) return undefined;
    this.#applyKeyStream(body, nonce);
    return body;
  }

  /** Overwrites the keys; nothing may be sealed or opened any more. */
  wipe(): void {
    this.#encryptionKey.fill(0);
    this.#macKey.fill(0);
  }

  #mac(body: Uint8Array, nonce: Uint8Array): Uint8Array {
    this.#macKey.set(nonce);
    return keyedHash(this.#macKey, body).subarray(0, MAC_LENGTH);
  }

  #applyKeyStream(body: Uint8Array, nonce: Uint8Array): void {
    this.#encryptionKey.set(nonce);
    chacha12(this.#encryptionKey, ZERO_NONCE, body, body);
  }
}
