/**
 * The extension block, by which two ends of this library know each other. All that they add to the
 * sosistab wire begins here.
 *
 * The block stands at the head of the padding of a session frame (`frame.ts`) or of a server's hello
 * (`hello.ts`). The original skips padding, so to it there is no block, and nobody else sees what is
 * sealed. Other padding must not begin with the magic: ours is zeros, or 0xff in a hello.
 *
 * | offset | size | field                                                |
 * | -----: | ---: | ---------------------------------------------------- |
 * |      0 |    4 | magic: 73 74 73 2b, "sts+"                           |
 * |      4 |    1 | version of the block: 1; others count as no block    |
 * |      5 |    1 | bits                                                 |
 * |      6 |    1 | n, length of the rest                                |
 * |      7 |    n | items: a byte each for type and length, the value    |
 *
 * Who has sent a block is of our own kind; who has not counts as the original. What the bits say of
 * their sender:
 *
 * |  bit | name          | meaning                                                                   |
 * | ---: | ------------- | ------------------------------------------------------------------------- |
 * |    0 | HALF_CLOSE    | it can end one direction of a stream (Fin and FinAck)                     |
 * |    1 | REPEATED_ACKS | it takes a sequence that was acknowledged before as nothing new           |
 * |    2 | JOINT_PARITY  | it solves the parity of overlapping runs jointly (`fec/joint_solver.ts`)  |
 * |    3 |               | free                                                                      |
 * |    4 | FLOW_LIMIT    | it reads, behind the entries of an acknowledgement, the first sequence    |
 * |      |               | that would be refused (`ack_list.ts`)                                     |
 * |    5 | REPORT        | this frame's body is empty and no datagram: it says what has been         |
 * |      |               | received, and no more                                                     |
 * |    6 | FRAGMENTS     | it joins bodies in pieces and answers probes of the path; both stand in   |
 * |      |               | bodies (`session/own_body.ts`), since parity rebuilds nothing else        |
 * |    7 | SEEN          | it has seen a block of the other end                                      |
 *
 * The bits 0, 1 and 4 are not asked for: no end has ever sent a block without them.
 *
 * | type | item         | length | from   | value                                                     |
 * | ---: | ------------ | -----: | ------ | --------------------------------------------------------- |
 * |    1 | continuation |     24 | client | which session this one goes on with, and the proof        |
 * |      |              |        |        | (`net/session_claim.ts`)                                  |
 * |    2 | continued    |      1 | server | the answer: 0 unknown, 1 yes, 2 ended; others count as 0  |
 * |    3 | goodbye      |      1 | both   | the session is over: 0 its streams were cut, 1 none of    |
 * |      |              |        |        | them was open; others count as 0                          |
 *
 * An item of another type or length is skipped.
 *
 * An end puts its block into every frame until one with SEEN has come, then into a few more, and
 * again when it has something else to say (`session/acquaintance.ts`).
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

/** Bit: an acknowledgement ends with the first sequence that would be refused. */
export const FLOW_LIMIT = 1 << 4;

/** Bit: the frame has no body and is no datagram: it only says what has been received. */
export const REPORT = 1 << 5;

/** Bit: bodies in pieces are joined, and probes of the path are answered. */
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
const GOODBYE = 3;
const GOODBYES: readonly Goodbye[] = ["cut", "inOrder"];

/** Bytes of an item whose value is one byte. */
const BYTE_ITEM_LENGTH = 3;

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
  /** The sender has ended the session, in that way. */
  readonly goodbye?: Goodbye;
}

/**
 * What a server says of the session that a client goes on with: `yes`, it goes on in this one;
 * `unknown`, this one is new; `ended`, it was ended on purpose, and this one is refused.
 */
export type Continued = "unknown" | "yes" | "ended";

/** How an end has left: it had streams that were open, and cut them, or it had none. */
export type Goodbye = "cut" | "inOrder";

/** Bytes that {@linkcode encodeExtension} writes for a block. */
export function extensionLength({ continuation, continued, goodbye }: Extension): number {
  return EXTENSION_LENGTH + (continuation === undefined ? 0 : 2 + CONTINUATION_LENGTH) +
    (continued === undefined ? 0 : BYTE_ITEM_LENGTH) +
    (goodbye === undefined ? 0 : BYTE_ITEM_LENGTH);
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
  const { bits, continuation, continued, goodbye } = extension;
  writer.u32(MAGIC);
  writer.u8(VERSION);
  writer.u8(bits);
  writer.u8(extensionLength(extension) - EXTENSION_LENGTH);
  if (continuation !== undefined) {
    writer.u8(CONTINUATION);
    writer.u8(CONTINUATION_LENGTH);
    writer.bytes(continuation);
  }
  if (continued !== undefined) encodeByte(CONTINUED, OUTCOMES.indexOf(continued), writer);
  if (goodbye !== undefined) encodeByte(GOODBYE, GOODBYES.indexOf(goodbye), writer);
}

function encodeByte(type: number, value: number, writer: Writer): void {
  writer.u8(type);
  writer.u8(1);
  writer.u8(value);
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
    } else if (type === GOODBYE && value.length === 1) {
      items = { ...items, goodbye: GOODBYES[value[0]!] ?? "cut" };
    }
  }
  return items;
}
