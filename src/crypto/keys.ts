/**
 * Key agreement: from key pairs to the keys of a session.
 *
 * From one side's view, with `X` for X25519 and `H` for BLAKE3:
 *
 *     a = X(my ephemeral secret, their long-term public)
 *     b = X(my long-term secret, their ephemeral public)
 *     c = X(my ephemeral secret, their ephemeral public)
 *     secret = H( min(a, b) ‖ max(a, b) ‖ c )
 *
 * One side's `a` is the other's `b`; sorting the two makes both sides reach the same secret.
 * Source: the sosistab wire, version 3, sections 1.4, 3 and 5.1.
 *
 * @module
 */
import { x25519 as nobleX25519 } from "@noble/curves/ed25519.js";
import type { KeyPair, X25519 } from "../host.ts";
import type { RandomSource } from "../random.ts";
import { asciiKey, hash, keyedHash } from "./hash.ts";

// Protocol constants: changing one breaks interoperation.

const KEY_LENGTH = 32;
const UPLOAD = asciiKey("upload");
const DOWNLOAD = asciiKey("download");
const NAME = asciiKey("sosistab-ts-session-name");
const PROOF = asciiKey("sosistab-ts-session-proof");
const STREAM_UPLOAD = asciiKey("uploadtcp");
const STREAM_DOWNLOAD = asciiKey("downloadtcp");

/** Bytes of a session's name. */
export const SESSION_NAME_LENGTH = 8;

/** Bytes of the proof that somebody has its secret. */
const PROOF_LENGTH = 16;

/** The point that RFC 7748 calls the base point. */
const BASE_POINT = Uint8Array.from({ length: KEY_LENGTH }, (_, i) => i === 0 ? 9 : 0);

/** The two key pairs of one side of a handshake. */
export interface OwnKeys {
  /** The pair by which this side is known. */
  readonly long: KeyPair;
  /** A pair that is used for one handshake. */
  readonly ephemeral: KeyPair;
}

/** What the other side of a handshake has shown. */
export interface PeerKeys {
  /** The key by which the other side is known. */
  readonly longPublicKey: Uint8Array;
  /** Its key for this handshake. */
  readonly ephemeralPublicKey: Uint8Array;
}

/** A key for each direction, 32 bytes each. */
export interface DirectionKeys {
  /** From client to server. */
  readonly upload: Uint8Array;
  /** From server to client. */
  readonly download: Uint8Array;
}

/**
 * X25519 in plain JavaScript, for hosts that have none of their own.
 *
 * @param random Where secret keys come from.
 */
export function portableX25519(random: RandomSource): X25519 {
  return {
    generate(): KeyPair {
      const secretKey = new Uint8Array(KEY_LENGTH);
      random(secretKey);
      return { secretKey, publicKey: nobleX25519.getPublicKey(secretKey) };
    },
    shared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
      checkLength("secretKey", secretKey);
      checkLength("publicKey", publicKey);
      try {
        return nobleX25519.getSharedSecret(secretKey, publicKey);
      } catch {
        // The lengths are right, so this is its way to say "low order".
        return undefined;
      }
    },
  };
}

/**
 * The public half of a secret key: what clients must know of a server that has it.
 *
 * @param secretKey 32 bytes; any are a secret key. Throws `RangeError` for another length.
 * @param x25519 What computes it: by default, plain JavaScript.
 * @returns 32 bytes.
 */
export function publicKeyOf(secretKey: Uint8Array, x25519?: X25519): Uint8Array {
  checkLength("secretKey", secretKey);
  if (x25519 === undefined) return nobleX25519.getPublicKey(secretKey);
  const publicKey = x25519.shared(secretKey, BASE_POINT);
  if (publicKey === undefined) throw new Error("this X25519 refuses the base point");
  return publicKey;
}

/**
 * Agrees on a secret with the other side of a handshake.
 *
 * @returns 32 bytes, or `undefined` when one of the other side's keys is a point of low order,
 * which would let it choose the secret.
 */
export function tripleDiffieHellman(
  x25519: X25519,
  mine: OwnKeys,
  theirs: PeerKeys,
): Uint8Array | undefined {
  const a = x25519.shared(mine.ephemeral.secretKey, theirs.longPublicKey);
  if (a === undefined) return undefined;
  const c = x25519.shared(mine.ephemeral.secretKey, theirs.ephemeralPublicKey);
  const b = x25519.shared(mine.long.secretKey, theirs.ephemeralPublicKey);
  if (b === undefined || c === undefined) return undefined;
  const inOrder = precedes(a, b);
  const joined = new Uint8Array(3 * KEY_LENGTH);
  joined.set(inOrder ? a : b, 0);
  joined.set(inOrder ? b : a, KEY_LENGTH);
  joined.set(c, 2 * KEY_LENGTH);
  const secret = hash(joined);
  for (const part of [a, b, c, joined]) part.fill(0);
  return secret;
}

/** The keys of a session's packets, from the secret of its handshake. */
export function deriveSessionKeys(secret: Uint8Array): DirectionKeys {
  return { upload: keyedHash(UPLOAD, secret), download: keyedHash(DOWNLOAD, secret) };
}

/** How both ends of a session call it, and how one shows the other that it has its secret. */
export class SessionIdentity {
  /** {@linkcode SESSION_NAME_LENGTH} bytes. */
  readonly name: Uint8Array;
  readonly #proofKey: Uint8Array;

  /** @param secret That of the session's handshake, 32 bytes; not kept. */
  constructor(secret: Uint8Array) {
    this.name = keyedHash(NAME, secret).slice(0, SESSION_NAME_LENGTH);
    this.#proofKey = keyedHash(PROOF, secret);
  }

  /** What proves in a session, by its name, that its client has the secret of this one; 16 bytes. */
  prove(name: Uint8Array): Uint8Array {
    return keyedHash(this.#proofKey, name).slice(0, PROOF_LENGTH);
  }
}

/** The keys of a TCP connection's key streams, from the secret of its handshake. */
export function deriveStreamKeys(secret: Uint8Array): DirectionKeys {
  return {
    upload: keyedHash(STREAM_UPLOAD, secret),
    download: keyedHash(STREAM_DOWNLOAD, secret),
  };
}

/**
 * Whether `a` comes before `b` in lexicographic order. The bytes are secret, so the time that it
 * takes hangs on nothing.
 */
function precedes(a: Uint8Array, b: Uint8Array): boolean {
  let borrow = 0;
  for (let i = KEY_LENGTH - 1; i >= 0; i--) borrow = (a[i]! - b[i]! - borrow) >>> 31;
  return borrow === 1;
}

function checkLength(name: string, key: Uint8Array): void {
  if (key.length !== KEY_LENGTH) {
    throw new RangeError(`${name} must be ${KEY_LENGTH} bytes, got ${key.length}`);
  }
}
