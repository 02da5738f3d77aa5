/**
 * X25519 by `node:crypto`, which Deno and Bun have too: 5 to 50 times as fast as JavaScript.
 *
 * The functions there take key objects, and making one of a secret key costs as much as using it.
 * So the objects are remembered, by the very array that holds the secret key: what the owner of a
 * key lets go of is let go of here. No copy of its bytes is: an owner who overwrites his array leaves
 * none but the object's own, which the runtime overwrites when it collects it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import type { KeyPair, X25519 } from "../host.ts";

// Protocol constants.

const KEY_SIZE = 32;

/**
 * What stands before the 32 bytes of a key in DER (RFC 8410, section 7): the only format for raw
 * keys that all three runtimes read and write.
 */
const SECRET_KEY_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");
const PUBLIC_KEY_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

/** The X25519 function of RFC 7748, and the key objects of the secret keys that are in use. */
export class NativeX25519 implements X25519 {
  readonly #secretKeys = new WeakMap<Uint8Array, RememberedKey>();

  /** Draws a fresh key pair. */
  generate(): KeyPair {
    const { privateKey, publicKey } = generateKeyPairSync("x25519");
    const der = privateKey.export({ format: "der", type: "pkcs8" });
    const secretKey = rawKey(der, SECRET_KEY_PREFIX);
    der.fill(0);
    this.#remember(secretKey, privateKey);
    return {
      secretKey,
      publicKey: rawKey(publicKey.export({ format: "der", type: "spki" }), PUBLIC_KEY_PREFIX),
    };
  }

  /**
   * Computes the shared secret of a secret key and somebody's public key, 32 bytes each.
   *
   * @returns 32 bytes, or `undefined` when the public key is a point of low order.
   */
  shared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    checkSize("secretKey", secretKey);
    checkSize("publicKey", publicKey);
    const privateKey = this.#secretKeyObject(secretKey);
    const key = Buffer.concat([PUBLIC_KEY_PREFIX, publicKey]);
    try {
      const theirs = createPublicKey({ key, format: "der", type: "spki" });
      const secret = diffieHellman({ privateKey, publicKey: theirs });
      const copy = new Uint8Array(secret);
      secret.fill(0);
      return copy.some((byte) => byte !== 0) ? copy : undefined;
    } catch {
      // OpenSSL and BoringSSL refuse a shared secret of zeros by themselves. Nothing else in here
      // can fail: every 32 bytes are a public key.
      return undefined;
    }
  }

  #secretKeyObject(secretKey: Uint8Array): KeyObject {
    const remembered = this.#secretKeys.get(secretKey);
    // The array is its owner's, who may have written another key into it.
    if (remembered?.digest === digestOf(secretKey)) return remembered.privateKey;
    const key = Buffer.concat([SECRET_KEY_PREFIX, secretKey]);
    const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
    key.fill(0);
    return this.#remember(secretKey, privateKey);
  }

  #remember(secretKey: Uint8Array, privateKey: KeyObject): KeyObject {
    this.#secretKeys.set(secretKey, { digest: digestOf(secretKey), privateKey });
    return privateKey;
  }
}

interface RememberedKey {
  /** Tells whether the array still holds this key. */
  readonly digest: string;
  readonly privateKey: KeyObject;
}

function digestOf(secretKey: Uint8Array): string {
  return createHash("sha256").update(secretKey).digest("base64");
}

function rawKey(der: Uint8Array, prefix: Uint8Array): Uint8Array {
  return new Uint8Array(der.subarray(prefix.length, prefix.length + KEY_SIZE));
}

function checkSize(name: string, key: Uint8Array): void {
  if (key.length !== KEY_SIZE) {
    throw new RangeError(`${name} must be ${KEY_SIZE} bytes, got ${key.length}`);
  }
}
