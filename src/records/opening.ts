/**
 * How a TCP connection opens: one sealed message each way, a client hello and a server hello.
 *
 * Each message stands in two boxes of the session cipher, so that the first can be read when the
 * length of the second is not known yet:
 *
 * | offset | size | field                                                    |
 * | -----: | ---: | -------------------------------------------------------- |
 * |      0 |   30 | sealed: n, big-endian u16                                |
 * |     30 |    n | sealed: a handshake frame, then padding of any length    |
 *
 * The second box opens with {@linkcode SessionCipher.open}. The keys are made of those of the
 * cookie, so they change every minute and the server tries five.
 *
 * Source: the sosistab wire, version 3, section 5.1.
 *
 * @module
 */
import { SESSION_NONCE_LENGTH, SESSION_OVERHEAD, SessionCipher } from "../crypto/aead.ts";
import { clientToServerKey, MINUTE_ORDER, serverToClientKey } from "../crypto/cookie.ts";
import { deriveStreamKeys } from "../crypto/keys.ts";

// Protocol constants: changing one breaks interoperation.

const LENGTH_SIZE = 2;

/** Bytes of the first box. */
export const LENGTH_BOX: number = LENGTH_SIZE + SESSION_OVERHEAD;

/** Bytes that {@linkcode sealOpening} adds to a message. */
export const OPENING_OVERHEAD: number = LENGTH_BOX + SESSION_OVERHEAD;

/** Random bytes that {@linkcode sealOpening} wants: a nonce for each box. */
export const OPENING_NONCES: number = 2 * SESSION_NONCE_LENGTH;

/** Longest message that the length field has room for. */
export const MAX_OPENING_LENGTH: number = 0xffff - SESSION_OVERHEAD;

/**
 * The cipher of the client's hello.
 *
 * @param publicKey The server's, 32 bytes.
 * @param minute Whole minutes since 1970.
 */
export function helloCipher(publicKey: Uint8Array, minute: number): SessionCipher {
  return new SessionCipher(deriveStreamKeys(clientToServerKey(publicKey, minute)).upload);
}

/**
 * The cipher of the server's answer.
 *
 * @param publicKey The server's, 32 bytes.
 * @param minute That of the hello which is answered.
 */
export function answerCipher(publicKey: Uint8Array, minute: number): SessionCipher {
  return new SessionCipher(deriveStreamKeys(serverToClientKey(publicKey, minute)).download);
}

/**
 * Seals a message in its two boxes.
 *
 * @param message At most {@linkcode MAX_OPENING_LENGTH} bytes.
 * @param nonces {@linkcode OPENING_NONCES} random bytes.
 * @returns What goes onto the connection.
 */
export function sealOpening(
  cipher: SessionCipher,
  message: Uint8Array,
  nonces: Uint8Array,
): Uint8Array {
  if (message.length > MAX_OPENING_LENGTH) {
    throw new RangeError(`at most ${MAX_OPENING_LENGTH} bytes open, got ${message.length}`);
  }
  if (nonces.length !== OPENING_NONCES) {
    throw new RangeError(`nonces must be ${OPENING_NONCES} bytes, got ${nonces.length}`);
  }
  const bytes = new Uint8Array(message.length + OPENING_OVERHEAD);
  const box = bytes.subarray(0, LENGTH_BOX);
  sealLengthBox(cipher, message.length, nonces.subarray(0, SESSION_NONCE_LENGTH), box);
  bytes.set(message, LENGTH_BOX);
  cipher.seal(bytes.subarray(LENGTH_BOX), message.length, nonces.subarray(SESSION_NONCE_LENGTH));
  return bytes;
}

/**
 * Seals the first box of a message of that length.
 *
 * @param into {@linkcode LENGTH_BOX} bytes.
 */
export function sealLengthBox(
  cipher: SessionCipher,
  messageLength: number,
  nonce: Uint8Array,
  into: Uint8Array,
): void {
  const bodyLength = messageLength + SESSION_OVERHEAD;
  into[0] = bodyLength >>> 8;
  into[1] = bodyLength;
  cipher.seal(into, LENGTH_SIZE, nonce);
}

/**
 * Opens the first box.
 *
 * @param box {@linkcode LENGTH_BOX} bytes; decrypted in place.
 * @returns The length of the second box, or `undefined` when this one does not open, or announces
 * a box that could hold nothing.
 */
export function openLengthBox(cipher: SessionCipher, box: Uint8Array): number | undefined {
  if (box.length !== LENGTH_BOX) return undefined;
  const plaintext = cipher.open(box);
  if (plaintext === undefined) return undefined;
  const length = plaintext[0]! << 8 | plaintext[1]!;
  return length >= SESSION_OVERHEAD ? length : undefined;
}

/** What {@linkcode openHelloLength} finds. */
export interface HelloLength {
  /** The minute whose key opened the box; the answer is sealed under that minute's. */
  readonly minute: number;
  /** The cipher that opens the second box. */
  readonly cipher: SessionCipher;
  /** The length of the second box. */
  readonly length: number;
}

/**
 * Opens the first box of a client's hello with the keys of five minutes, as a server does.
 *
 * @param cipherAt {@linkcode helloCipher} of one server; it may keep ciphers.
 * @param box {@linkcode LENGTH_BOX} bytes; left as they are.
 * @param minute The server's own.
 * @returns What was inside, or `undefined`.
 */
export function openHelloLength(
  cipherAt: (minute: number) => SessionCipher,
  box: Uint8Array,
  minute: number,
): HelloLength | undefined {
  for (const offset of MINUTE_ORDER) {
    const cipher = cipherAt(minute + offset);
    const length = openLengthBox(cipher, box.slice());
    if (length !== undefined) return { minute: minute + offset, cipher, length };
  }
  return undefined;
}
