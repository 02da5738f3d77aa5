/**
 * The messages of the multiplex: what a session body holds.
 *
 * | offset | size | field                          | in          |
 * | -----: | ---: | ------------------------------ | ----------- |
 * |      0 |    4 | variant: 0, 1 or 2             | all         |
 * |      4 |  8+n | payload, a byte string         | unreliable  |
 * |      4 |    4 | type, index in STREAM_MESSAGES | stream      |
 * |      8 |    2 | stream id                      | stream      |
 * |     10 |    8 | sequence                       | stream      |
 * |     18 |  8+n | payload, a byte string         | stream      |
 *
 * All integers are little-endian; a byte string is a u64 length and its bytes. Source: the
 * sosistab wire, version 3, section 6.
 *
 * @module
 */
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

// Protocol constants: changing one breaks interoperation.

/** Types of stream message, in wire order. */
export const STREAM_MESSAGES = [
  "syn",
  "synAck",
  "data",
  "dataAck",
  "fin",
  "finAck",
  "rst",
] as const;

/** Bytes that a stream message adds to its payload. */
export const STREAM_MESSAGE_OVERHEAD = 26;

/** Bytes that an unreliable message adds to its payload. */
export const UNRELIABLE_OVERHEAD = 12;

const UNRELIABLE = 0;
const STREAM = 1;
const EMPTY = 2;

/** The type of a stream message. */
export type StreamMessageType = (typeof STREAM_MESSAGES)[number];

/**
 * One message of the multiplex. `payload` is a view on the bytes that were decoded: copy it to
 * keep it.
 */
export type Message = UnreliableMessage | StreamMessage | EmptyMessage;

/** A message of the application that nobody repeats. */
export interface UnreliableMessage {
  /** Tells the kinds of message apart. */
  readonly kind: "unreliable";
  /** What the application sent. */
  readonly payload: Uint8Array;
}

/** A message that belongs to one stream. */
export interface StreamMessage {
  /** Tells the kinds of message apart. */
  readonly kind: "stream";
  /** What it says about the stream. */
  readonly type: StreamMessageType;
  /** 0 to 65,535; both ends draw from one space. */
  readonly streamId: number;
  /** The segment's number, or in an acknowledgement the lowest one that is missing. */
  readonly sequence: number;
  /** Its meaning hangs on `type`. */
  readonly payload: Uint8Array;
}

/** The answer to a body that is no message; it says nothing else. */
export interface EmptyMessage {
  /** Tells the kinds of message apart. */
  readonly kind: "empty";
}

/**
 * Decodes a session body.
 *
 * @param body Borrowed; a payload in the result is a view on it.
 * @returns The message, or `undefined` for anything that is none: unknown variant or type, a
 * truncation, a length beyond the end.
 */
export function decodeMessage(body: Uint8Array): Message | undefined {
  const reader = new Reader(body);
  const variant = reader.u32();
  switch (variant) {
    case UNRELIABLE: {
      const payload = reader.byteString();
      return reader.ok ? { kind: "unreliable", payload } : undefined;
    }
    case STREAM: {
      const type = STREAM_MESSAGES[reader.u32()];
      const streamId = reader.u16();
      const sequence = reader.u64();
      const payload = reader.byteString();
      return reader.ok && type !== undefined
        ? { kind: "stream", type, streamId, sequence, payload }
        : undefined;
    }
    case EMPTY:
      return reader.ok ? { kind: "empty" } : undefined;
    default:
      return undefined;
  }
}

/** Appends a message to `writer`. */
export function encodeMessage(message: Message, writer: Writer): void {
  switch (message.kind) {
    case "unreliable":
      writer.u32(UNRELIABLE);
      writer.byteString(message.payload);
      return;
    case "stream":
      writer.u32(STREAM);
      writer.u32(STREAM_MESSAGES.indexOf(message.type));
      writer.u16(message.streamId);
      writer.u64(message.sequence);
      writer.byteString(message.payload);
      return;
    case "empty":
      writer.u32(EMPTY);
      return;
  }
}
