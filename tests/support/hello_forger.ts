import { clientToServerKey, serverToClientKey } from "../../src/crypto/cookie.ts";
import { HELLO_OVERHEAD, HelloCipher } from "../../src/crypto/hello_cipher.ts";
import type { RandomSource } from "../../src/random.ts";
import {
  decodeHandshakeFrame,
  encodeHandshakeFrame,
  type HandshakeFrame,
} from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";

/** Which way a handshake packet goes. */
export type Direction = "up" | "down";

/** How a packet is made. */
export interface HelloShape {
  /** Bytes of the whole packet; what the frame needs by default, and never less. */
  readonly length?: number;
  /** What stands behind the frame. */
  readonly padding?: number;
}

/** Somebody who knows the public key of a server, and nothing else: seals and opens anything. */
export class HelloForger {
  readonly #serverKey: Uint8Array;
  readonly #random: RandomSource;

  constructor(serverKey: Uint8Array, random: RandomSource) {
    this.#serverKey = serverKey;
    this.#random = random;
  }

  /** A packet with this frame under the key of that minute. */
  packet(
    direction: Direction,
    minute: number,
    frame: HandshakeFrame,
    { length = 0, padding = 0xff }: HelloShape = {},
  ): Uint8Array {
    const memory = new Uint8Array(12_000);
    const writer = new Writer(memory);
    encodeHandshakeFrame(frame, writer);
    const plaintext = memory.slice(0, Math.max(writer.length, length - HELLO_OVERHEAD));
    plaintext.fill(padding, writer.length);
    return this.seal(direction, minute, plaintext);
  }

  /** A packet with this plaintext. */
  seal(direction: Direction, minute: number, plaintext: Uint8Array): Uint8Array {
    const packet = new Uint8Array(plaintext.length + HELLO_OVERHEAD);
    packet.set(plaintext);
    const nonce = new Uint8Array(16);
    this.#random(nonce);
    this.#cipher(direction, minute).seal(packet, plaintext.length, nonce);
    return packet;
  }

  /** What is in a packet that was sealed under the key of that minute. */
  open(direction: Direction, minute: number, packet: Uint8Array): Uint8Array | undefined {
    return this.#cipher(direction, minute).open(packet.slice());
  }

  /** The frame in a packet. */
  frame(direction: Direction, minute: number, packet: Uint8Array): HandshakeFrame | undefined {
    const plaintext = this.open(direction, minute, packet);
    return plaintext && decodeHandshakeFrame(plaintext);
  }

  #cipher(direction: Direction, minute: number): HelloCipher {
    const derive = direction === "up" ? clientToServerKey : serverToClientKey;
    return new HelloCipher(derive(this.#serverKey, minute));
  }
}
