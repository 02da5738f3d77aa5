/**
 * The messages that the demo sends, as a video call might.
 *
 * | offset | size | field                                            |
 * | -----: | ---: | ------------------------------------------------ |
 * |      0 |    4 | number, big-endian, from 0 on                    |
 * |      4 |    8 | when it was sent, ms since 1970, big-endian f64  |
 * |     12 |    - | anything                                         |
 *
 * @module
 */

// Tuning.

/** Bytes of a message: what a packet of video holds. */
export const MESSAGE_LENGTH = 1000;

/** Messages a second: 2 Mbit/s, a good picture. */
export const MESSAGE_RATE = 250;

/** A message that has come. */
export interface NumberedMessage {
  /** Its number. */
  readonly sequence: number;
  /** When it was sent, by {@linkcode wallClock}. */
  readonly sentAt: number;
}

/** Milliseconds since 1970, with fractions: the one clock that two processes have in common. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** Writes the number and the time into a message of {@linkcode MESSAGE_LENGTH}. */
export function encodeMessage(into: Uint8Array, { sequence, sentAt }: NumberedMessage): void {
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  view.setUint32(0, sequence);
  view.setFloat64(4, sentAt);
}

/** Reads a message; `undefined` for what is none. */
export function decodeMessage(message: Uint8Array): NumberedMessage | undefined {
  if (message.length !== MESSAGE_LENGTH) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return { sequence: view.getUint32(0), sentAt: view.getFloat64(4) };
}
