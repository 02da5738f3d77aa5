import { SESSION_OVERHEAD, SessionCipher } from "../../src/crypto/aead.ts";
import { deriveSessionKeys } from "../../src/crypto/keys.ts";
import { encodeParity } from "../../src/fec/reed_solomon.ts";
import type { Extension } from "../../src/wire/extension.ts";
import {
  type DataFrame,
  type DecodedFrame,
  decodeFrame,
  encodeFrame,
  type ParityFrame,
} from "../../src/wire/frame.ts";
import { Writer } from "../../src/wire/writer.ts";

/** What a frame says besides itself. */
export interface Trailer {
  /** `undefined` writes "unknown". */
  readonly lossByte?: number | undefined;
  readonly extension?: Extension;
  readonly padding?: Uint8Array;
}

/** What a data frame says of the other direction. */
export interface Counters {
  readonly highReceived?: number;
  readonly totalReceived?: number;
}

/** One end of a session that keeps no rule: it has the keys, and seals anything. */
export class SessionForger {
  readonly #sealer: SessionCipher;
  readonly #opener: SessionCipher;
  readonly #nonce = new Uint8Array(12);
  #count = 0;

  /** @param role Which end it plays. */
  constructor(role: "client" | "server", secret: Uint8Array) {
    const { upload, download } = deriveSessionKeys(secret);
    this.#sealer = new SessionCipher(role === "client" ? upload : download);
    this.#opener = new SessionCipher(role === "client" ? download : upload);
  }

  /** A packet with this plaintext. */
  seal(plaintext: Uint8Array): Uint8Array {
    const packet = new Uint8Array(plaintext.length + SESSION_OVERHEAD);
    packet.set(plaintext);
    new DataView(this.#nonce.buffer).setUint32(0, this.#count++);
    this.#sealer.seal(packet, plaintext.length, this.#nonce);
    return packet;
  }

  /** A packet that is no frame: it proves the keys, and nothing else. */
  sign(): Uint8Array {
    return this.seal(Uint8Array.of(0xff));
  }

  /** A packet with this frame. */
  packet(frame: DataFrame | ParityFrame, trailer: Trailer = { lossByte: 0 }): Uint8Array {
    const memory = new Uint8Array(12_000);
    const writer = new Writer(memory);
    encodeFrame(frame, trailer.lossByte, trailer.extension, writer);
    writer.bytes(trailer.padding ?? new Uint8Array(0));
    return this.seal(memory.subarray(0, writer.length));
  }

  /** A data packet. */
  data(
    frameNumber: number,
    body: Uint8Array,
    counters: Counters = {},
    trailer?: Trailer,
  ): Uint8Array {
    const { highReceived = 0, totalReceived = 0 } = counters;
    return this.packet({ kind: "data", frameNumber, highReceived, totalReceived, body }, trailer);
  }

  /** The parity packets of a run of bodies. */
  parity(runStart: number, bodies: readonly Uint8Array[], parityCount: number): Uint8Array[] {
    const padSize = 2 + Math.max(...bodies.map((body) => body.length));
    return Array.from({ length: parityCount }, (_, parityIndex) => {
      const body = new Uint8Array(padSize);
      encodeParity(bodies, parityIndex, body);
      const dataCount = bodies.length;
      return this.packet({
        kind: "parity",
        runStart,
        dataCount,
        parityCount,
        parityIndex,
        padSize,
        body,
      });
    });
  }

  /** What the other end has sent. */
  open(packet: Uint8Array): DecodedFrame | undefined {
    const plaintext = this.openPlaintext(packet);
    return plaintext && decodeFrame(plaintext);
  }

  /** The same with its padding. */
  openPlaintext(packet: Uint8Array): Uint8Array | undefined {
    return this.#opener.open(packet.slice());
  }
}
