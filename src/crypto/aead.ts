/**
 * The cipher of session packets: ChaCha20-Poly1305 of RFC 8439, without associated data.
 *
 * | offset | size | field      |
 * | -----: | ---: | ---------- |
 * |      0 |    n | ciphertext |
 * |      n |   16 | tag        |
 * |   n+16 |   12 | nonce      |
 *
 * The nonce comes last. Source: the sosistab wire, version 3, section 1.3.
 *
 * RFC 8439 takes the key of the tag from block 0 of the key stream, and encrypts from block 1 on.
 * So a block of zeros in front of the plaintext turns into the key of the tag when both are
 * encrypted in one run, and back into zeros when that is done again. All of it happens in the work
 * space of a kernel.
 *
 * @module
 */
import { equalBytes } from "../bytes.ts";
import type { PacketCipher } from "../host.ts";
import { cipherKernel } from "../kernels/cipher_kernel.ts";
import { type CipherKernel, MOST_ENCRYPTED } from "../kernels/cipher_work.ts";

// Protocol constants: changing one breaks interoperation.

/** Bytes that sealing adds. */
export const SESSION_OVERHEAD = 28;

/** Bytes of a nonce. */
export const SESSION_NONCE_LENGTH = 12;

const KEY_LENGTH = 32;
const TAG_LENGTH = 16;
const BLOCK_LENGTH = 64;

/** Bytes of the longest message; twenty times what a packet has. */
export const MOST_MESSAGE: number = MOST_ENCRYPTED - BLOCK_LENGTH;

const tag = new Uint8Array(TAG_LENGTH);

/** Seals and opens session packets under one key. */
export class SessionCipher implements PacketCipher {
  readonly #key: Uint8Array;
  readonly #kernel: CipherKernel;

  /**
   * Keeps a copy of the key.
   *
   * @param key 32 bytes.
   * @param kernel What does the work: by default the fastest there is.
   */
  constructor(key: Uint8Array, kernel: CipherKernel = cipherKernel()) {
    if (key.length !== KEY_LENGTH) {
      throw new RangeError(`key must be ${KEY_LENGTH} bytes, got ${key.length}`);
    }
    this.#key = key.slice();
    this.#kernel = kernel;
  }

  /**
   * Seals a packet in place.
   *
   * @param packet Holds the plaintext in its first `length` bytes, and has room for
   * {@linkcode SESSION_OVERHEAD} more.
   * @param nonce 12 bytes that this key has never seen.
   * @returns The length of the sealed packet.
   */
  seal(packet: Uint8Array, length: number, nonce: Uint8Array): number {
    const sealedLength = length + SESSION_OVERHEAD;
    if (sealedLength > packet.length) {
      throw new RangeError(`no room to seal ${length} bytes in ${packet.length}`);
    }
    if (nonce.length !== SESSION_NONCE_LENGTH) {
      throw new RangeError(`nonce must be ${SESSION_NONCE_LENGTH} bytes, got ${nonce.length}`);
    }
    if (length > MOST_MESSAGE) {
      throw new RangeError(`a message may have ${MOST_MESSAGE} bytes, got ${length}`);
    }
    const { work } = this.#kernel;
    work.fill(0, 0, BLOCK_LENGTH);
    work.set(packet.subarray(0, length), BLOCK_LENGTH);
    this.#kernel.encrypt(this.#key, nonce, 0, BLOCK_LENGTH + length, 20);
    packet.set(work.subarray(BLOCK_LENGTH, BLOCK_LENGTH + length));
    computeTag(this.#kernel, length);
    work.fill(0, 0, BLOCK_LENGTH);
    packet.set(tag, length);
    packet.set(nonce, length + TAG_LENGTH);
    return sealedLength;
  }

  /**
   * Opens a packet in place. A packet that does not open is left as it was.
   *
   * @returns The plaintext, a view on the packet, or `undefined` when it was not sealed under this
   * key.
   */
  open(packet: Uint8Array): Uint8Array | undefined {
    const length = packet.length - SESSION_OVERHEAD;
    if (length < 0 || length > MOST_MESSAGE) return undefined;
    const nonce = packet.subarray(length + TAG_LENGTH);
    const { work } = this.#kernel;
    work.fill(0, 0, BLOCK_LENGTH);
    this.#kernel.encrypt(this.#key, nonce, 0, BLOCK_LENGTH, 20);
    work.set(packet.subarray(0, length), BLOCK_LENGTH);
    computeTag(this.#kernel, length);
    const isAuthentic = equalBytes(tag, packet.subarray(length, length + TAG_LENGTH));
    if (!isAuthentic) {
      // The key of the tag is needed no more; what is authentic wipes it by being decrypted.
      work.fill(0, 0, BLOCK_LENGTH);
      return undefined;
    }
    this.#kernel.encrypt(this.#key, nonce, 0, BLOCK_LENGTH + length, 20);
    packet.set(work.subarray(BLOCK_LENGTH, BLOCK_LENGTH + length));
    return packet.subarray(0, length);
  }

  /** Overwrites the key; nothing may be sealed or opened any more. */
  wipe(): void {
    this.#key.fill(0);
  }
}

/**
 * Leaves the tag of the ciphertext in `tag`; it and the key of the tag stand in the work space.
 *
 * What RFC 8439 authenticates behind the ciphertext is zeros up to 16 bytes, and two lengths: that of
 * the associated data, of which there is none, and the ciphertext's.
 */
function computeTag(kernel: CipherKernel, length: number): void {
  const { work } = kernel;
  const end = BLOCK_LENGTH + length;
  const trailer = end + (-length & 15);
  work.fill(0, end, trailer + 16);
  for (let i = 8, rest = length; rest > 0; i++, rest >>>= 8) work[trailer + i] = rest;
  kernel.authenticate(0, BLOCK_LENGTH, trailer + 16 - BLOCK_LENGTH, tag);
}
