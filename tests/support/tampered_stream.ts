/**
 * Byte streams whose bytes pass through somebody's hands.
 */
import type { ByteStream } from "../../src/host.ts";

/** What becomes of the bytes of one direction: given all chunks in turn, returns the pieces of each. */
export type Tamper = (bytes: Uint8Array) => readonly Uint8Array[];

/** A stream whose directions are tampered with; `onFinish`: this end closes its writing half. */
export function tampered(
  stream: ByteStream,
  up: Tamper,
  down: Tamper,
  onFinish: () => void = () => {},
): ByteStream {
  const writer = stream.writable.getWriter();
  const writable = new WritableStream<Uint8Array>({
    async write(bytes) {
      for (const piece of up(bytes.slice())) await writer.write(piece);
    },
    close: () => {
      onFinish();
      return writer.close();
    },
    abort: (reason) => writer.abort(reason),
  });
  const pieces = new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      for (const piece of down(bytes)) controller.enqueue(piece);
    },
  });
  return {
    readable: stream.readable.pipeThrough(pieces),
    writable,
    close: () => stream.close(),
  };
}

/** Leaves everything as it is. */
export const untouched: Tamper = (bytes) => [bytes];

/** Cuts everything into single bytes. */
export const byteByByte: Tamper = (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte));

/** Turns one bit of the direction over, the highest of the byte at a place. */
export function flipAt(place: number): Tamper {
  let passed = 0;
  return (bytes) => {
    const at = place - passed;
    if (at >= 0 && at < bytes.length) bytes[at]! ^= 0x80;
    passed += bytes.length;
    return [bytes];
  };
}
