/**
 * Puts one handshake frame into a packet.
 *
 * The frame, then 0xff up to a length, then the seal. 0xff is the padding of the original; zeros
 * would decode as further frames.
 *
 * @module
 */
import { HELLO_NONCE_LENGTH, HELLO_OVERHEAD, type HelloCipher } from "../crypto/hello_cipher.ts";
import type { Random } from "../random.ts";
import { encodeHandshakeFrame, type HandshakeFrame } from "../wire/hello.ts";
import { Writer } from "../wire/writer.ts";

// Protocol constants.

/** Longest handshake packet that is taken. */
export const MOST_HELLO = 2048;

/**
 * Shortest hello that is answered: the original answers 100 bytes with 1,024 and can be turned
 * against others; an answer of ours never needs more room than this.
 */
export const LEAST_HELLO = 180;

/** Longest handshake packet that is sent. */
export const MOST_HELLO_SENT = 1200;

const PADDING = 0xff;

/**
 * Writes a sealed handshake packet.
 *
 * @param most Longest packet; its length is drawn between what the frame needs and this.
 * @param least Shortest packet.
 * @returns The packet's length.
 */
export function sealHelloPacket(
  frame: HandshakeFrame,
  cipher: HelloCipher,
  random: Random,
  into: Uint8Array,
  least: number,
  most: number,
): number {
  const writer = new Writer(into);
  encodeHandshakeFrame(frame, writer);
  const shortest = Math.max(least, writer.length + HELLO_OVERHEAD);
  const length = random.between(shortest, Math.max(shortest, most)) - HELLO_OVERHEAD;
  into.fill(PADDING, writer.length, length);
  const nonce = new Uint8Array(HELLO_NONCE_LENGTH);
  random.fill(nonce);
  return cipher.seal(into, length, nonce);
}
