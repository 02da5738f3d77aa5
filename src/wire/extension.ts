/**
 * The block by which two ends of this library know each other. It stands at the head of the padding of
 * a session frame, and of a server's hello, where the original sees padding and nobody else sees
 * anything.
 *
 * | offset | size | field                                                     |
 * | -----: | ---: | --------------------------------------------------------- |
 * |      0 |    4 | magic: 73 74 73 2b, "sts+"                                |
 * |      4 |    1 | version of the block: 1                                   |
 * |      5 |    1 | bits, the constants below                                 |
 * |      6 |    1 | n, length of the rest                                     |
 * |      7 |    n | items: type, length, value; unknown ones are skipped      |
 *
 * | item          | type | value                                                                   |
 * | ------------- | ---: | ----------------------------------------------------------------------- |
 * | continuation  |    1 | 24 bytes: which session this one goes on with, and the proof (`crypto`) |
 * | continued     |    2 | 1 byte: what became of that session, see {@linkcode Continued}           |
 *
 * Source: the sosistab wire, version 3, section 7; the items are this library's own.
 *
 * @module
 */
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

// Protocol constants: changing one breaks interoperation.

/** Bit: a stream can be closed in one direction (Fin and FinAck). */
export const HALF_CLOSE = 1 << 0;

/** Bit: entries of an acknowledgement may be repeated. */
export const REPEATED_ACKS = 1 << 1;

/** Bit: parity of overlapping runs is solved jointly. */
export const JOINT_PARITY = 1 << 2;

/** Bit: a session says goodbye when it ends. */
export const GOODBYE = 1 << 3;

/** Bit: an acknowledgement ends with the first sequence that would be refused. */
export const FLOW_LIMIT = 1 << 4;

/** Bit: the frame has no body and is no datagram: it only says what has been received. */
export const REPORT = 1 << 5;

/** Bit: bodies in pieces are joined, and probes of the path are answered (`session/own_body.ts`). */
export const FRAGMENTS = 1 << 6;

/** Bit: "I have seen your block". */
export const SEEN = 1 << 7;

/** What this implementation understands. */
export const OWN_BITS: number = HALF_CLOSE | REPEATED_ACKS | JOINT_PARITY | FLOW_LIMIT | FRAGMENTS;

/** Bytes that {@linkcode encodeExtension} writes for a block without items. */
export const EXTENSION_LENGTH = 7;

/** Bytes of a continuation. */
export const CONTINUATION_LENGTH = 24;

const CONTINUATION = 1;
const CONTINUED = 2;
const OUTCOMES: readonly Continued[] = ["unknown", "yes", "ended"];

/** The magic as a little-endian u32. */
const MAGIC = 0x2b737473;
const VERSION = 1;

/** What an end says about itself. */
export interface Extension {
  /** A sum of the bit constants of this file; bits without a name are kept. */
  readonly bits: number;
  /** A client's: which session this one goes on with; {@linkcode CONTINUATION_LENGTH} bytes. */
  readonly continuation?: Uint8Array;
  /** A server's answer to that. */
  readonly continued?: Continued;
}

/**
 * What a server says of the session that a client goes on with: `yes`, it goes on in this one;
 * `unknown`, this one is new; `ended`, it was ended on purpose, and this one is refused.
 */
export type Continued = "unknown" | "yes" | "ended";

/** Bytes that {@linkcode encodeExtension} writes for a block. */
export function extensionLength({ continuation, continued }: Extension): number {
  return EXTENSION_LENGTH + (continuation === undefined ? 0 : 2 + CONTINUATION_LENGTH) +
    (continued === undefined ? 0 : 3);
}

/**
 * Decodes the block at the head of the padding.
 *
 * @param reader Stands at the first byte of padding, and must not have failed. Where it stands
 * afterwards, and whether it failed, means nothing.
 * @returns The block, or `undefined` when the padding begins with none, or with one that is cut
 * off or of another version.
 */
export function decodeExtension(reader: Reader): Extension | undefined {
  if (reader.u32() !== MAGIC || reader.u8() !== VERSION) return undefined;
  const bits = reader.u8();
  const items = reader.bytes(reader.u8());
  return reader.ok ? { bits, ...decodeItems(items) } : undefined;
}

/** Appends a block to `writer`. */
export function encodeExtension(extension: Extension, writer: Writer): void {
  const { bits, continuation, continued } = extension;
  writer.u32(MAGIC);
  writer.u8(VERSION);
  writer.u8(bits);
  writer.u8(extensionLength(extension) - EXTENSION_LENGTH);
  if (continuation !== undefined) {
    writer.u8(CONTINUATION);
    writer.u8(CONTINUATION_LENGTH);
    writer.bytes(continuation);
  }
  if (continued === undefined) return;
  writer.u8(CONTINUED);
  writer.u8(1);
  writer.u8(OUTCOMES.indexOf(continued));
}

function decodeItems(bytes: Uint8Array): Omit<Extension, "bits"> {
  const reader = new Reader(bytes);
  let items: Omit<Extension, "bits"> = {};
  while (reader.remaining > 0) {
    const type = reader.u8();
    const value = reader.bytes(reader.u8());
    if (!reader.ok) break;
    if (type === CONTINUATION && value.length === CONTINUATION_LENGTH) {
      items = { ...items, continuation: value };
    } else if (type === CONTINUED && value.length === 1) {
      items = { ...items, continued: OUTCOMES[value[0]!] ?? "unknown" };
    }
  }
  return items;
}
