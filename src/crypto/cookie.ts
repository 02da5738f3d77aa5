/**
 * The keys of the handshake, which change every minute.
 *
 * They are made of the server's public key and the minute since 1970, so whoever knows the one and
 * has a clock knows them; to everybody else the handshake is noise. A sender uses its own minute.
 * A receiver tries five, so clocks may differ by two minutes.
 *
 * Source: the sosistab wire, version 3, section 1.1.
 *
 * @module
 */
import { deriveKey } from "./hash.ts";
import { HelloCipher } from "./hello_cipher.ts";

// Protocol constants: changing one breaks interoperation.

const CLIENT_TO_SERVER = "sosistab-1-c2s-";
const SERVER_TO_CLIENT = "sosistab-1-s2c-";

/** Minutes that a receiver tries, relative to its own, in this order. */
export const MINUTE_ORDER: readonly number[] = [0, -1, 1, -2, 2];

// Tuning.

/** Ciphers kept by default: the five of one minute, and those that the next two minutes will ask for. */
const MAX_CIPHERS = 8;

/**
 * The key of packets from client to server.
 *
 * @param publicKey The server's, 32 bytes.
 * @param minute Whole minutes since 1970.
 */
export function clientToServerKey(publicKey: Uint8Array, minute: number): Uint8Array {
  return deriveKey(`${CLIENT_TO_SERVER}${minute}`, publicKey);
}

/**
 * The key of packets from server to client.
 *
 * @param publicKey The server's, 32 bytes.
 * @param minute Whole minutes since 1970.
 */
export function serverToClientKey(publicKey: Uint8Array, minute: number): Uint8Array {
  return deriveKey(`${SERVER_TO_CLIENT}${minute}`, publicKey);
}

/** The five minutes that a receiver tries whose own is `minute`, in its order. */
export function minutesAround(minute: number): readonly number[] {
  return MINUTE_ORDER.map((offset) => minute + offset);
}

/** What {@linkcode CookieCiphers.open} finds. */
export interface OpenedCookie {
  /** A view on the packet. */
  readonly plaintext: Uint8Array;
  /** The minute whose key opened it. */
  readonly minute: number;
}

/** The ciphers of one direction, kept from minute to minute so that garbage derives no keys. */
export class CookieCiphers {
  readonly #deriveKeyForMinute: (minute: number) => Uint8Array;
  readonly #mostCiphers: number;
  readonly #ciphers = new Map<number, HelloCipher>();

  /**
   * Keeps nothing until it is asked.
   *
   * @param deriveKeyForMinute {@linkcode clientToServerKey} or {@linkcode serverToClientKey} of
   * one server.
   * @param mostCiphers How many are kept, each about half a kilobyte.
   */
  constructor(deriveKeyForMinute: (minute: number) => Uint8Array, mostCiphers = MAX_CIPHERS) {
    this.#deriveKeyForMinute = deriveKeyForMinute;
    this.#mostCiphers = mostCiphers;
  }

  /** The cipher of one minute, to seal with. */
  at(minute: number): HelloCipher {
    const known = this.#ciphers.get(minute);
    if (known !== undefined) return known;
    const cipher = new HelloCipher(this.#deriveKeyForMinute(minute));
    if (this.#ciphers.size >= this.#mostCiphers) this.#forgetOldest();
    this.#ciphers.set(minute, cipher);
    return cipher;
  }

  /**
   * Opens a packet in place with the ciphers of five minutes.
   *
   * @param minute The receiver's own.
   * @returns What was inside, or `undefined`: then the packet is left as it was.
   */
  open(packet: Uint8Array, minute: number): OpenedCookie | undefined {
    return this.openUnder(packet, minutesAround(minute));
  }

  /**
   * Opens a packet in place with the ciphers of certain minutes.
   *
   * @param minutes Tried in this order; no more of them than are kept, or each packet derives keys.
   * @returns As {@linkcode open}.
   */
  openUnder(packet: Uint8Array, minutes: Iterable<number>): OpenedCookie | undefined {
    for (const minute of minutes) {
      const plaintext = this.at(minute).open(packet);
      if (plaintext !== undefined) return { plaintext, minute };
    }
    return undefined;
  }

  #forgetOldest(): void {
    for (const minute of this.#ciphers.keys()) {
      this.#ciphers.delete(minute);
      return;
    }
  }
}
