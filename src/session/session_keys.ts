/**
 * The keys of a session at one end: they seal and open its packets, and it is counted how often.
 *
 * Nonces never repeat as long as their count lasts, which is 2^32 packets. And no more than 2^36
 * packets may fail to open, since one of so many might open by luck (RFC 9001, 6.6). A client agrees
 * on other keys long before that (`net/key_renewal.ts`); keys that are spent end their session.
 *
 * @module
 */
import { SessionCipher } from "../crypto/aead.ts";
import { deriveSessionKeys, SessionIdentity } from "../crypto/keys.ts";
import { MOST_NONCES, NonceSequence } from "../crypto/nonces.ts";
import type { PacketCipher } from "../host.ts";
import type { SessionMachineOptions } from "./contract.ts";

// Protocol constants.

/** Packets that may fail to open under a key of ChaCha20-Poly1305. */
const MOST_FAILED = 2 ** 36;

// Tuning.

/** Nonces that a session has left when it ends: more than it takes until it is asked again. */
const RESERVE = 2 ** 20;

/** Packets that are sealed under a key at the most. */
export const MOST_SEALED: number = MOST_NONCES - RESERVE;

/** The keys of one session at one end. */
export class SessionKeys {
  /** How both ends call the session. */
  readonly identity: SessionIdentity;
  readonly #sealer: PacketCipher;
  readonly #opener: PacketCipher;
  readonly #nonces: NonceSequence;
  #failed: number;
  #areWiped = false;

  constructor({ role, secret, random, createCipher, use }: SessionMachineOptions) {
    const { upload, download } = deriveSessionKeys(secret);
    const [own, theirs] = role === "client" ? [upload, download] : [download, upload];
    const create = createCipher ?? ((key) => new SessionCipher(key));
    this.identity = new SessionIdentity(secret);
    this.#sealer = create(own);
    this.#opener = create(theirs);
    this.#nonces = new NonceSequence(own, random, use?.sealed);
    this.#failed = use?.failed ?? 0;
    own.fill(0);
    theirs.fill(0);
  }

  /** Packets that were sealed. */
  get sealed(): number {
    return this.#nonces.count;
  }

  /** Packets that did not open. */
  get failed(): number {
    return this.#failed;
  }

  /** Whether nothing more may be sealed or opened. */
  get areSpent(): boolean {
    return this.#nonces.count >= MOST_SEALED || this.#failed >= MOST_FAILED;
  }

  /**
   * Seals a packet in place, under a nonce of its own.
   *
   * @param packet Holds the plaintext in its first `length` bytes, and has room for the seal.
   * @returns The packet's length.
   */
  seal(packet: Uint8Array, length: number): number {
    if (this.#areWiped) throw new Error("nothing is sealed under keys that were overwritten");
    return this.#sealer.seal(packet, length, this.#nonces.next());
  }

  /** Opens a packet in place; `undefined`: it is none of the other side's, and is left as it was. */
  open(packet: Uint8Array): Uint8Array | undefined {
    // Under a key of zeros anybody could have sealed it.
    if (this.#areWiped) return undefined;
    const plaintext = this.#opener.open(packet);
    if (plaintext === undefined) this.#failed++;
    return plaintext;
  }

  /**
   * Overwrites the keys of packets: nothing is sealed or opened any more. What proves the session's
   * identity stays, for the one that goes on with it.
   */
  wipe(): void {
    this.#areWiped = true;
    this.#sealer.wipe?.();
    this.#opener.wipe?.();
    this.#nonces.wipe();
  }
}
