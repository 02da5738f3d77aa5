import { SessionCipher } from "../../src/crypto/aead.ts";
import { portableX25519 } from "../../src/crypto/keys.ts";
import type { Host } from "../../src/host.ts";

/** The very arrays that secrets were handed over in. */
export class KeptKeys {
  /** Secret halves that were drawn. */
  readonly drawn: Uint8Array[] = [];
  /** What two keys have agreed on. */
  readonly shared: Uint8Array[] = [];
  /** Keys that ciphers were made of. */
  readonly packetKeys: Uint8Array[] = [];

  /** Puts itself between a host and its keys. */
  watch(host: Host): void {
    const inner = host.x25519 ?? portableX25519(host.random);
    Object.assign(host, {
      x25519: {
        generate: () => {
          const pair = inner.generate();
          this.drawn.push(pair.secretKey);
          return pair;
        },
        shared: (secretKey: Uint8Array, publicKey: Uint8Array) => {
          const secret = inner.shared(secretKey, publicKey);
          // What the base point gives is a public key.
          if (secret !== undefined && publicKey.some((byte, i) => byte !== (i === 0 ? 9 : 0))) {
            this.shared.push(secret);
          }
          return secret;
        },
      },
      createCipher: (key: Uint8Array) => {
        this.packetKeys.push(key);
        return new SessionCipher(key);
      },
    });
  }
}

/** How many of them are overwritten with zeros. */
export function overwritten(secrets: readonly Uint8Array[]): number {
  return secrets.filter((bytes) => bytes.every((byte) => byte === 0)).length;
}
