/**
 * The payload of an acknowledgement: which segments came since the last one.
 *
 * | offset | size | field                                                          |
 * | -----: | ---: | -------------------------------------------------------------- |
 * |      0 |    8 | n, number of entries                                           |
 * |      8 |   8n | sequences of segments, in no order                             |
 * |   8+8n |    8 | flow limit: the first sequence that would be refused, optional |
 *
 * All integers are little-endian u64. The original ends after the entries; the flow limit is sent
 * to our own kind (`extension.ts`), and to the original it would be padding. Source: the sosistab
 * wire, version 3, section 6.
 *
 * @module
 */
import type { Writer } from "./writer.ts";

// Protocol constants.

const ENTRY_LENGTH = 8;

/** A decoded list, read from the payload as it is asked: its size costs nothing. */
export class AckList {
  readonly #payload: Uint8Array;

  /** Number of entries. */
  readonly length: number;

  /** The first sequence that the other end would refuse; `undefined` when it does not say. */
  readonly limit: number | undefined;

  /** Made by {@linkcode decodeAckList}, which has checked all of it. */
  constructor(payload: Uint8Array, length: number, limit: number | undefined) {
    this.#payload = payload;
    this.length = length;
    this.limit = limit;
  }

  /**
   * The entry at `index`.
   *
   * @param index 0 up to, but not including, `length`; anything else is a `RangeError`.
   */
  at(index: number): number {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`index must be below ${this.length}, got ${index}`);
    }
    return u64At(this.#payload, ENTRY_LENGTH * (index + 1));
  }
}

/**
 * Decodes the payload of an acknowledgement.
 *
 * @param payload Borrowed for as long as the list is used: the entries are read from it.
 * @returns The list, or `undefined` when the payload holds fewer entries than it says, or one
 * above 2^53-1. Bytes behind the entries that are no such number are padding.
 */
export function decodeAckList(payload: Uint8Array): AckList | undefined {
  if (payload.length < ENTRY_LENGTH) return undefined;
  const length = u64At(payload, 0);
  if (length > payload.length / ENTRY_LENGTH - 1) return undefined;
  const end = ENTRY_LENGTH * (length + 1);
  for (let at = ENTRY_LENGTH; at < end; at += ENTRY_LENGTH) {
    if (u64At(payload, at) > Number.MAX_SAFE_INTEGER) return undefined;
  }
  const limit = end + ENTRY_LENGTH <= payload.length ? u64At(payload, end) : Infinity;
  return new AckList(payload, length, limit <= Number.MAX_SAFE_INTEGER ? limit : undefined);
}

/**
 * Appends a list to `writer`.
 *
 * @param sequences Each an integer from 0 to 2^53-1.
 * @param limit Left out when `undefined`, as it must be for the original.
 */
export function encodeAckList(
  sequences: readonly number[],
  limit: number | undefined,
  writer: Writer,
): void {
  writer.u64(sequences.length);
  for (const sequence of sequences) writer.u64(sequence);
  if (limit !== undefined) writer.u64(limit);
}

/** Eight bytes as a number, rounded above 2^53. */
function u64At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at + 4) * 2 ** 32 + u32At(bytes, at);
}

function u32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}
