import type { KeyPair, X25519 } from "../../src/host.ts";
import type { RandomSource } from "../../src/random.ts";

/** A prime. The numbers are short, so the whole is fast, and safe from nobody. */
const PRIME = 0x7fffffffn;

/**
 * A Diffie-Hellman that has the shape of X25519 and takes microseconds, for tests that need hundreds
 * of handshakes. The base is 9, as there; 0 and 1 are of low order, as there.
 */
export class ToyX25519 implements X25519 {
  /** All pairs that were generated, secret keys as their owners left them. */
  readonly generated: KeyPair[] = [];
  readonly #random: RandomSource;

  constructor(random: RandomSource) {
    this.#random = random;
  }

  generate(): KeyPair {
    const secretKey = new Uint8Array(32);
    this.#random(secretKey.subarray(0, 3));
    secretKey[0]! |= 1;
    const pair = { secretKey, publicKey: bytesOf(power(9n, numberOf(secretKey))) };
    this.generated.push(pair);
    return pair;
  }

  shared(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    const point = numberOf(publicKey);
    return point <= 1n ? undefined : bytesOf(power(point, numberOf(secretKey)));
  }
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % PRIME; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = result * square % PRIME;
    square = square * square % PRIME;
  }
  return result;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
}

function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number(number >> BigInt(8 * i) & 0xffn));
}
