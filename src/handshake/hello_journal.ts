/**
 * What a {@linkcode HelloFilter} remembers, as bytes that outlive it.
 *
 * | offset | size | field                                                      |
 * | -----: | ---: | ---------------------------------------------------------- |
 * |      0 |   17 | `sosistab hellos` and two line feeds, in ASCII             |
 * |     17 |    2 | n: length of what follows, at most 8,032                   |
 * |     19 |    n | sealed: a floor and records; 19 to here any number of times |
 *
 * | offset | size | field of what is sealed                                    |
 * | -----: | ---: | ---------------------------------------------------------- |
 * |      0 |    4 | floor: this minute and all before it are closed; 0: none   |
 * |      4 |    4 | minute since 1970                                          |
 * |      8 |    4 | digest, or 0: the minute is closed; 4 to here any number of times |
 *
 * All integers are little-endian. The seal is that of session packets, under a key of its own that
 * comes from the server's secret one: to others the bytes tell how many hellos were answered and no
 * more, and a changed byte shows. That some are missing shows only when the rest is in the middle
 * of a part.
 *
 * @module
 */
import { concatenate } from "../bytes.ts";
import { SESSION_NONCE_LENGTH, SESSION_OVERHEAD, SessionCipher } from "../crypto/aead.ts";
import { deriveKey } from "../crypto/hash.ts";
import type { Random } from "../random.ts";
import { Reader } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import type { HelloFilter, HelloRecord } from "./hello_filter.ts";

// Protocol constants: of this server with itself alone.

/** What all journals begin with; one that ends here is that of a server which never answered. */
export const JOURNAL_HEAD: Uint8Array = Uint8Array.from(
  "sosistab hellos\n\n",
  (character) => character.charCodeAt(0),
);

const LENGTH_SIZE = 2;
const FLOOR_SIZE = 4;
const RECORD_SIZE = 8;

// Tuning.

/** Records that are sealed together: what is damaged is lost together. */
export const MOST_RECORDS = 1000;

/** Writes and reads the journals of one server. */
export class HelloJournal {
  readonly #cipher: SessionCipher;
  readonly #random: Random;

  /** @param secretKey The server's, 32 bytes. */
  constructor(secretKey: Uint8Array, random: Random) {
    this.#cipher = new SessionCipher(deriveKey("sosistab journal of hellos", secretKey));
    this.#random = random;
  }

  /** A whole journal: all that a filter remembers. */
  write(filter: HelloFilter): Uint8Array {
    const records = [...filter.records()];
    const parts = [JOURNAL_HEAD];
    for (let at = 0; at === 0 || at < records.length; at += MOST_RECORDS) {
      parts.push(this.#seal(filter.floor, records.slice(at, at + MOST_RECORDS)));
    }
    return concatenate(parts);
  }

  /**
   * What is added to a journal when hellos are answered.
   *
   * @param records At most {@linkcode MOST_RECORDS}.
   */
  add(records: readonly HelloRecord[]): Uint8Array {
    return this.#seal(0, records);
  }

  /**
   * Gives a filter all that can be read.
   *
   * @param journal Is left as it is.
   * @returns Whether that was all: `false` for a journal that is damaged, or another server's.
   */
  read(journal: Uint8Array, into: HelloFilter): boolean {
    if (JOURNAL_HEAD.some((byte, at) => journal[at] !== byte)) return false;
    let rest = journal.slice(JOURNAL_HEAD.length);
    let isWhole = true;
    while (rest.length > 0) {
      const reader = new Reader(rest);
      const sealed = reader.bytes(reader.u16());
      if (!reader.ok) return false;
      const plaintext = this.#cipher.open(sealed);
      if (plaintext === undefined || !restore(plaintext, into)) isWhole = false;
      rest = rest.subarray(LENGTH_SIZE + sealed.length);
    }
    return isWhole;
  }

  #seal(floor: number, records: readonly HelloRecord[]): Uint8Array {
    const length = FLOOR_SIZE + RECORD_SIZE * records.length;
    const bytes = new Uint8Array(LENGTH_SIZE + length + SESSION_OVERHEAD);
    const writer = new Writer(bytes);
    writer.u16(length + SESSION_OVERHEAD);
    writer.u32(floor);
    for (const { minute, digest } of records) {
      writer.u32(minute);
      writer.u32(digest);
    }
    const nonce = new Uint8Array(SESSION_NONCE_LENGTH);
    this.#random.fill(nonce);
    this.#cipher.seal(bytes.subarray(LENGTH_SIZE), length, nonce);
    return bytes;
  }
}

function restore(plaintext: Uint8Array, into: HelloFilter): boolean {
  const reader = new Reader(plaintext);
  into.restoreFloor(reader.u32());
  while (reader.remaining >= RECORD_SIZE) {
    into.restore({ minute: reader.u32(), digest: reader.u32() });
  }
  return reader.ok && reader.remaining === 0;
}
