/**
 * Bodies that two ends of this library send each other below the application: pieces of a body that is
 * too long for the path, probes of what the path takes, and the answers to these.
 *
 * | offset | size | field                                                       |
 * | -----: | ---: | ----------------------------------------------------------- |
 * |      0 |    8 | tag: drawn from the session's secret                        |
 * |      8 |    1 | kind: 0 fragment, 1 probe, 2 answer                         |
 * |      9 |    1 | 0: index of the piece                                       |
 * |     10 |    1 | 0: how many pieces the body has                             |
 * |     11 | rest | 0: the piece                                                |
 * |      9 |    2 | 1: number of the probe, u16                                 |
 * |      9 |  2 n | 2: numbers of the probes that have come, u16 each           |
 *
 * They stand in the body and not in the extension block, because parity rebuilds bodies alone. No
 * application knows the tag, so none of its own bodies begins with it but by a chance of 1 in 2^64.
 *
 * @module
 */
import { equalBytes } from "../bytes.ts";
import { asciiKey, keyedHash } from "../crypto/hash.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";

// Protocol constants: changing one breaks interoperation.

const TAG = asciiKey("sosistab-ts-own-body-tag");
const TAG_LENGTH = 8;
const FRAGMENT = 0;
const PROBE = 1;
const ANSWER = 2;

/** Bytes by which a fragment's body is longer than its piece. */
export const FRAGMENT_OVERHEAD = 11;

/** Most pieces of a body: those of 2,048 bytes on a path that takes 576, and some to spare. */
export const MOST_FRAGMENTS = 8;

/** Most probes that one answer names. */
export const MOST_ANSWERS = 8;

/** A body of this kind. Its bytes are a view on the packet. */
export type OwnBody =
  | {
    readonly kind: "fragment";
    /** Which piece this is, below `count`. */
    readonly index: number;
    /** How many there are, 1 to {@linkcode MOST_FRAGMENTS}. */
    readonly count: number;
    readonly piece: Uint8Array;
  }
  | { readonly kind: "probe"; readonly id: number }
  | { readonly kind: "answer"; readonly ids: readonly number[] };

/** The tag of a session's own bodies, from the secret of its handshake. */
export function deriveOwnTag(secret: Uint8Array): Uint8Array {
  return keyedHash(TAG, secret).slice(0, TAG_LENGTH);
}

/** Whether a body begins with the tag, so that no application wants it. */
export function isOwnBody(tag: Uint8Array, body: Uint8Array): boolean {
  return body.length >= tag.length && equalBytes(body.subarray(0, tag.length), tag);
}

/**
 * Decodes a body that begins with the tag.
 *
 * @returns `undefined` when it begins otherwise, or breaks a rule.
 */
export function decodeOwnBody(tag: Uint8Array, body: Uint8Array): OwnBody | undefined {
  if (!isOwnBody(tag, body)) return undefined;
  const reader = new Reader(body.subarray(tag.length));
  switch (reader.u8()) {
    case FRAGMENT: {
      const index = reader.u8();
      const count = reader.u8();
      if (!reader.ok || index >= count || count > MOST_FRAGMENTS) return undefined;
      return { kind: "fragment", index, count, piece: reader.bytes(reader.remaining) };
    }
    case PROBE: {
      const id = reader.u16();
      return reader.ok ? { kind: "probe", id } : undefined;
    }
    case ANSWER: {
      const ids: number[] = [];
      while (reader.remaining >= 2 && ids.length < MOST_ANSWERS) ids.push(reader.u16());
      return reader.ok ? { kind: "answer", ids } : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Writes such a body.
 *
 * @returns Its length.
 */
export function encodeOwnBody(tag: Uint8Array, body: OwnBody, into: Uint8Array): number {
  const writer = new Writer(into);
  writer.bytes(tag);
  switch (body.kind) {
    case "fragment":
      writer.u8(FRAGMENT);
      writer.u8(body.index);
      writer.u8(body.count);
      writer.bytes(body.piece);
      break;
    case "probe":
      writer.u8(PROBE);
      writer.u16(body.id);
      break;
    case "answer":
      writer.u8(ANSWER);
      for (const id of body.ids) writer.u16(id);
      break;
  }
  return writer.length;
}
