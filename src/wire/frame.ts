/**
 * The frames of a session: what is inside an opened packet.
 *
 * | field                         | spelling    | in         |
 * | ----------------------------- | ----------- | ---------- |
 * | variant: 0 or 1               | varint      | all        |
 * | frame number                  | varint      | 0: data    |
 * | highest frame number received | varint      | 0: data    |
 * | data frames received          | varint      | 0: data    |
 * | first frame number of the run | varint      | 1: parity  |
 * | data frames in the run        | u8          | 1: parity  |
 * | parity frames of the run      | u8          | 1: parity  |
 * | index among those             | u8          | 1: parity  |
 * | length of a shard             | varint      | 1: parity  |
 * | body                          | byte string | all        |
 * | loss byte                     | u8          | all        |
 * | extension block, if any       | 7+n bytes   | all        |
 * | padding                       | the rest    |            |
 *
 * A byte string is a varint length and its bytes. The loss byte is floor(254 x the loss that the
 * sender of the frame sees), or 255 for "I do not know"; a frame may also end before it. The
 * extension block is our own, see `extension.ts`. Source: the sosistab wire, version 3, section 4.
 *
 * @module
 */
import { decodeExtension, encodeExtension, type Extension } from "./extension.ts";
import { Reader } from "./reader.ts";
import { varintLength, type Writer } from "./writer.ts";

// Protocol constants: changing one breaks interoperation.

const DATA = 0;
const PARITY = 1;
const LOSS_UNKNOWN = 0xff;

/** A frame that carries one message of the layer above. `body` is a view on the packet. */
export interface DataFrame {
  /** Tells the kinds of frame apart. */
  readonly kind: "data";
  /** Counts the data frames of one direction, from 0; none is used twice. */
  readonly frameNumber: number;
  /** The highest frame number that the sender of this frame has received. */
  readonly highReceived: number;
  /** How many data frames the sender of this frame has received. */
  readonly totalReceived: number;
  /** The message. */
  readonly body: Uint8Array;
}

/** A frame that helps to rebuild lost data frames. `body` is a view on the packet. */
export interface ParityFrame {
  /** Tells the kinds of frame apart. */
  readonly kind: "parity";
  /** The frame number of the first data frame in the run. */
  readonly runStart: number;
  /** Data frames in the run, 0 to 255 as decoded. */
  readonly dataCount: number;
  /** Parity frames that the run has, 0 to 255 as decoded. */
  readonly parityCount: number;
  /** Which of those this one is, 0 to 255 as decoded. */
  readonly parityIndex: number;
  /** Length of each shard of the run: that of `body`. */
  readonly padSize: number;
  /** The parity shard. */
  readonly body: Uint8Array;
}

/** What {@linkcode decodeFrame} finds in a packet. */
export interface DecodedFrame {
  /** The frame itself. */
  readonly frame: DataFrame | ParityFrame;
  /** The loss that the other end sees, in 255ths; `undefined` when it does not say. */
  readonly lossByte: number | undefined;
  /** The other end's extension block, when there is one. */
  readonly extension: Extension | undefined;
}

/**
 * Decodes an opened session packet. The numbers of a parity frame are not checked against one
 * another, but for its length.
 *
 * @param plaintext Borrowed; the frame's body is a view on it.
 * @returns What it holds, or `undefined` for anything that is no frame: unknown variant, a
 * truncation, a length beyond the end, a parity frame whose shard is not of the length it says.
 */
export function decodeFrame(plaintext: Uint8Array): DecodedFrame | undefined {
  const reader = new Reader(plaintext);
  const frame = readFrame(reader);
  if (frame === undefined || !reader.ok) return undefined;
  if (reader.remaining === 0) return { frame, lossByte: undefined, extension: undefined };
  const lossByte = reader.u8();
  return {
    frame,
    lossByte: lossByte === LOSS_UNKNOWN ? undefined : lossByte,
    extension: decodeExtension(reader),
  };
}

function readFrame(reader: Reader): DataFrame | ParityFrame | undefined {
  const variant = reader.varint();
  switch (variant) {
    case DATA: {
      const frameNumber = reader.varint();
      const highReceived = reader.varint();
      const totalReceived = reader.varint();
      const body = reader.varintBytes();
      return { kind: "data", frameNumber, highReceived, totalReceived, body };
    }
    case PARITY: {
      const runStart = reader.varint();
      const dataCount = reader.u8();
      const parityCount = reader.u8();
      const parityIndex = reader.u8();
      const padSize = reader.varint();
      const body = reader.varintBytes();
      if (padSize !== body.length) return undefined;
      return { kind: "parity", runStart, dataCount, parityCount, parityIndex, padSize, body };
    }
    default:
      return undefined;
  }
}

/**
 * Appends a frame, its loss byte and the extension block to `writer`; the padding is the caller's.
 *
 * @param lossByte 0 to 254, or `undefined` for "unknown".
 * @param extension Left out when `undefined`.
 */
export function encodeFrame(
  frame: DataFrame | ParityFrame,
  lossByte: number | undefined,
  extension: Extension | undefined,
  writer: Writer,
): void {
  switch (frame.kind) {
    case "data":
      writer.varint(DATA);
      writer.varint(frame.frameNumber);
      writer.varint(frame.highReceived);
      writer.varint(frame.totalReceived);
      break;
    case "parity":
      writer.varint(PARITY);
      writer.varint(frame.runStart);
      writer.u8(frame.dataCount);
      writer.u8(frame.parityCount);
      writer.u8(frame.parityIndex);
      writer.varint(frame.padSize);
      break;
  }
  writer.varintBytes(frame.body);
  writer.u8(lossByte ?? LOSS_UNKNOWN);
  if (extension !== undefined) encodeExtension(extension, writer);
}

/**
 * How many bytes a data frame adds to a body of `bodyLength` bytes, the loss byte not counted.
 */
export function dataFrameOverhead(
  frameNumber: number,
  highReceived: number,
  totalReceived: number,
  bodyLength: number,
): number {
  return 1 + varintLength(frameNumber) + varintLength(highReceived) +
    varintLength(totalReceived) + varintLength(bodyLength);
}
