/**
 * What both ends put into their opening: a handshake frame, and zeros behind it.
 *
 * @module
 */
import { SESSION_NONCE_LENGTH, type SessionCipher } from "../crypto/aead.ts";
import type { Random } from "../random.ts";
import { encodeHandshakeFrame, type HandshakeFrame } from "../wire/hello.ts";
import { Writer } from "../wire/writer.ts";
import { OPENING_NONCES, sealOpening } from "./opening.ts";
import { drawPrintable } from "./printable_nonce.ts";

// Protocol constants: changing one breaks interoperation.

/** Bytes of a hello, and of its answer, without padding. */
export const HELLO_LENGTH = 76;

/**
 * Longest second box of an opening that is taken. The original takes 65,535 bytes and sends 1,127 at
 * the most; whoever announces more costs memory and is none of ours.
 */
export const MOST_OPENING_BOX = 4096;

// Tuning.

/**
 * Zeros behind the frame, at the most: the law of the original's hello. Its answer has none, and is
 * told by its length on the first connection; ours is padded like a hello.
 */
const MOST_PADDING = 1023;

/**
 * Seals a hello, or an answer with an empty token, under fresh nonces.
 *
 * @returns What goes onto the connection, in one piece.
 */
export function sealOpeningFrame(
  cipher: SessionCipher,
  frame: HandshakeFrame,
  random: Random,
): Uint8Array {
  const message = messageOf(frame, random);
  return sealOpening(cipher, message, drawNonces(random));
}

/**
 * The same for whoever speaks first on a connection: it begins with printable letters, unless chance
 * is against it.
 */
export function sealFirstFrame(
  cipher: SessionCipher,
  frame: HandshakeFrame,
  random: Random,
): Uint8Array {
  const message = messageOf(frame, random);
  const nonces = drawNonces(random);
  drawPrintable(cipher, message.length, nonces.subarray(0, SESSION_NONCE_LENGTH), random);
  return sealOpening(cipher, message, nonces);
}

function messageOf(frame: HandshakeFrame, random: Random): Uint8Array {
  const message = new Uint8Array(HELLO_LENGTH + random.between(0, MOST_PADDING));
  encodeHandshakeFrame(frame, new Writer(message));
  return message;
}

function drawNonces(random: Random): Uint8Array {
  const nonces = new Uint8Array(OPENING_NONCES);
  random.fill(nonces);
  return nonces;
}
