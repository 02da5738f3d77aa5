import { formatHex } from "../../src/bytes.ts";
import { SessionCipher } from "../../src/crypto/aead.ts";
import type { PacketCipher } from "../../src/host.ts";

/** What was sealed under one key. */
export class KeyRecord {
  /** Packets. */
  sealed = 0;
  /** Nonces that had been used under it before. */
  repeats = 0;
  /** Whether it was overwritten. */
  isWiped = false;
  readonly #nonces = new Set<string>();

  /** A packet is sealed. */
  add(nonce: Uint8Array): void {
    this.sealed++;
    const { size } = this.#nonces;
    if (this.#nonces.add(formatHex(nonce)).size === size) this.repeats++;
  }
}

/** Makes ciphers that are the ordinary ones, and keeps account of their keys; the oldest first. */
export class WatchedCiphers {
  /** By key. Each end has one for either direction, so a key stands here once for both. */
  readonly records = new Map<string, KeyRecord>();

  /** For `Host.createCipher`. */
  readonly createCipher = (key: Uint8Array): PacketCipher => {
    const cipher = new SessionCipher(key);
    const name = formatHex(key);
    const record = this.records.get(name) ?? new KeyRecord();
    this.records.set(name, record);
    return {
      seal: (packet, length, nonce) => {
        record.add(nonce);
        return cipher.seal(packet, length, nonce);
      },
      open: (packet) => cipher.open(packet),
      wipe: () => {
        record.isWiped = true;
        cipher.wipe();
      },
    };
  };

  /** Those that sealed something. */
  get used(): KeyRecord[] {
    return [...this.records.values()].filter(({ sealed }) => sealed > 0);
  }
}
