/**
 * The packets of a simulated byte stream.
 *
 * | offset | size | field                                                          |
 * | -----: | ---: | -------------------------------------------------------------- |
 * |      0 |    4 | checksum over all that follows                                 |
 * |      4 |    1 | flags: 1 SYN, 2 ACK, 4 FIN, 8 RST                              |
 * |      5 |    3 | window: bytes that the sender of this takes beyond `acked`     |
 * |      8 |    8 | `sequence`: the place of the first byte in the stream, a float |
 * |     16 |    8 | `acked`: the byte that the sender of this waits for, a float   |
 * |     24 |    n | bytes of the stream                                            |
 *
 * With the 28 bytes that a link adds this is what TCP with time stamps takes over IPv4. SYN and FIN
 * take a place in the stream each, as in TCP.
 *
 * @module
 */
import { checksum } from "./checksum.ts";

// Protocol constants.

/** Bytes in front of the payload. */
const HEADER = 24;

/** Bytes of the stream in one packet: with everything else 1,500. */
export const MOST_PAYLOAD = 1_448;

/** Flag: a connection begins. */
export const SYN = 1;
/** Flag: `acked` means something. */
export const ACK = 2;
/** Flag: the stream ends behind the payload. */
export const FIN = 4;
/** Flag: there is no such connection, or there shall be none. */
export const RST = 8;

/** A packet of a byte stream. */
export interface Segment {
  /** A sum of the flags above. */
  readonly flags: number;
  /** Bytes that its sender takes beyond `acked`. */
  readonly window: number;
  /** The place of the first byte in the stream. */
  readonly sequence: number;
  /** The place that its sender waits for. */
  readonly acked: number;
  /** Bytes of the stream, borrowed. */
  readonly payload: Uint8Array;
}

const memory = new Uint8Array(HEADER + MOST_PAYLOAD);
const view = new DataView(memory.buffer);

/** Writes a segment into memory that the next one is written into as well. */
export function encodeSegment(segment: Segment): Uint8Array {
  const { flags, window, sequence, acked, payload } = segment;
  const length = HEADER + payload.length;
  view.setUint32(4, flags * 2 ** 24 + window);
  view.setFloat64(8, sequence);
  view.setFloat64(16, acked);
  memory.set(payload, HEADER);
  view.setInt32(0, checksum(memory, 4, length));
  return memory.subarray(0, length);
}

/** Reads a segment; `undefined` when it was damaged. */
export function decodeSegment(bytes: Uint8Array): Segment | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getInt32(0) !== checksum(bytes, 4, bytes.length)) return undefined;
  const word = view.getUint32(4);
  return {
    flags: word >>> 24,
    window: word & 0xffffff,
    sequence: view.getFloat64(8),
    acked: view.getFloat64(16),
    payload: bytes.subarray(HEADER),
  };
}
