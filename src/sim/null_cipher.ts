/**
 * A cipher that encrypts nothing, for simulations in which only time matters.
 *
 * A packet has the length that the true cipher gives it, so nothing else about a run changes. Where
 * the tag would stand there are four words made of the key, the nonce and the packet: damage and the
 * packets of strangers are noticed, by chance alone. Anybody can read and forge such packets.
 *
 * | offset | size | field     |
 * | -----: | ---: | --------- |
 * |      0 |    n | plaintext |
 * |      n |   16 | checksum  |
 * |   n+16 |   12 | nonce     |
 *
 * @module
 */
import type { PacketCipher } from "../host.ts";
import { checksum } from "./checksum.ts";

// Protocol constants: the lengths of the true cipher.

const CHECKSUM_LENGTH = 16;
const NONCE_LENGTH = 12;
const OVERHEAD = CHECKSUM_LENGTH + NONCE_LENGTH;

/** Seals nothing, and checks a little. */
export class NullCipher implements PacketCipher {
  readonly #start: number;

  /** @param key Makes the packets of one direction of one session differ from all others. */
  constructor(key: Uint8Array) {
    this.#start = checksum(key, 0, key.length);
  }

  seal(packet: Uint8Array, length: number, nonce: Uint8Array): number {
    packet.set(nonce, length + CHECKSUM_LENGTH);
    writeWords(packet, length, this.#checksum(packet, length));
    return length + OVERHEAD;
  }

  open(packet: Uint8Array): Uint8Array | undefined {
    const length = packet.length - OVERHEAD;
    if (length < 0 || !holdsWords(packet, length, this.#checksum(packet, length))) return undefined;
    return packet.subarray(0, length);
  }

  #checksum(packet: Uint8Array, length: number): number {
    const sum = checksum(packet, 0, length, this.#start);
    return checksum(packet, length + CHECKSUM_LENGTH, length + OVERHEAD, sum);
  }
}

function writeWords(packet: Uint8Array, at: number, sum: number): void {
  for (let i = 0; i < CHECKSUM_LENGTH; i++) packet[at + i] = byteOf(sum, i);
}

function holdsWords(packet: Uint8Array, at: number, sum: number): boolean {
  for (let i = 0; i < CHECKSUM_LENGTH; i++) if (packet[at + i] !== byteOf(sum, i)) return false;
  return true;
}

/** The byte of a checksum that is stretched to 16, each word another odd multiple. */
function byteOf(sum: number, place: number): number {
  return Math.imul(sum, 2 * (place >>> 2) + 1) >>> 8 * (place & 3) & 0xff;
}
