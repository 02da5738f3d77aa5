/**
 * The block by which two ends of this library know each other. It stands at the head of a session
 * frame's padding, where the original sees padding and nobody else sees anything.
 *
 * | offset | size | field                                                     |
 * | -----: | ---: | --------------------------------------------------------- |
 * |      0 |    4 | magic: 73 74 73 2b, "sts+"                                |
 * |      4 |    1 | version of the block: 1                                   |
 * |      5 |    1 | bits, the constants below                                 |
 * |      6 |    1 | n, length of the rest                                     |
 * |      7 |    n | items of later versions, skipped: type, length, value     |
 *
 * Source: the sosistab wire, version 3, section 7.
 *
 * @module
 */
import type { Reader } from "./reader.ts";
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

/** Bit: "I have seen your block". */
export const SEEN = 1 << 7;

/** Bytes that {@linkcode encodeExtension} writes. */
export const EXTENSION_LENGTH = 7;

/** The magic as a little-endian u32. */
const MAGIC = 0x2b737473;
const VERSION = 1;

/** What an end says about itself. */
export interface Extension {
  /** A sum of the bit constants of this file; bits without a name are kept. */
  readonly bits: number;
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
  reader.bytes(reader.u8());
  return reader.ok ? { bits } : undefined;
}

/** Appends a block to `writer`. */
export function encodeExtension(extension: Extension, writer: Writer): void {
  writer.u32(MAGIC);
  writer.u8(VERSION);
  writer.u8(extension.bits);
  writer.u8(0);
}
