/**
 * Known answers of the sosistab wire, recorded from the original. Bytes are lower-case hexadecimal
 * and u64 are decimal text, as JSON has neither.
 *
 * The section `referenceRedundancy` tells how many parity frames the original sends. It informs
 * and binds nobody, so it has no type here and no test.
 *
 * @module
 */
import { readFileSync } from "node:fs";

export interface WireVectors {
  readonly ackLists: readonly { readonly payload: string; readonly sequences: readonly string[] }[];
  readonly cookieKeys: {
    readonly cases: readonly {
      readonly publicKey: string;
      readonly epochMinute: number;
      readonly c2s: readonly string[];
      readonly s2c: readonly string[];
    }[];
  };
  readonly ema: readonly {
    readonly alpha: number;
    readonly initialMean: number | null;
    readonly updates: readonly {
      readonly point: number;
      readonly mean: number;
      readonly p01: number;
      readonly p50: number;
      readonly p99: number;
    }[];
  }[];
  readonly handshakeAead: readonly SealedVector[];
  readonly handshakeFrames: readonly {
    readonly bytes: string;
    readonly frame:
      | {
        readonly kind: "clientHello";
        readonly longPublic: string;
        readonly ephemeralPublic: string;
        readonly version: string;
      }
      | {
        readonly kind: "serverHello";
        readonly longPublic: string;
        readonly ephemeralPublic: string;
        readonly resumeToken: string;
      }
      | { readonly kind: "clientResume"; readonly resumeToken: string; readonly shard: number };
  }[];
  readonly muxMessages: readonly {
    readonly bytes: string;
    readonly message:
      | { readonly kind: "empty" }
      | { readonly kind: "unreliable"; readonly payload: string }
      | {
        readonly kind: "reliable";
        readonly type: string;
        readonly streamId: number;
        readonly sequence: string;
        readonly payload: string;
      };
  }[];
  readonly reedSolomon: readonly {
    readonly bodies: readonly string[];
    readonly dataCount: number;
    readonly padSize: number;
    readonly parity: readonly string[];
    readonly parityCount: number;
  }[];
  readonly sessionAead: readonly SealedVector[];
  readonly sessionFrames: readonly {
    readonly bytes: string;
    readonly frame:
      | {
        readonly kind: "data";
        readonly frameNumber: string;
        readonly highReceived: string;
        readonly totalReceived: string;
        readonly body: string;
      }
      | {
        readonly kind: "parity";
        readonly runStart: string;
        readonly dataCount: number;
        readonly parityCount: number;
        readonly parityIndex: number;
        readonly padSize: number;
        readonly body: string;
      };
    readonly lossByte: number;
    readonly padded: string;
  }[];
  readonly streamCipher: readonly {
    readonly key: string;
    readonly plaintext: string;
    readonly ciphertext: string;
  }[];
  readonly tcpOpening: readonly {
    readonly serverPublicKey: string;
    readonly epochMinute: number;
    readonly upKey: string;
    readonly downKey: string;
    readonly helloPlaintext: string;
    readonly helloBytes: string;
    readonly replyPlaintext: string;
    readonly replyBytes: string;
  }[];
  readonly tripleDh: readonly {
    readonly clientLongSecret: string;
    readonly clientLongPublic: string;
    readonly clientEphemeralSecret: string;
    readonly clientEphemeralPublic: string;
    readonly serverLongSecret: string;
    readonly serverLongPublic: string;
    readonly serverEphemeralSecret: string;
    readonly serverEphemeralPublic: string;
    readonly secret: string;
    readonly upKey: string;
    readonly downKey: string;
    readonly tcpUpKey: string;
    readonly tcpDownKey: string;
  }[];
}

export interface SealedVector {
  readonly key: string;
  readonly nonce: string;
  readonly plaintext: string;
  readonly packet: string;
}

/** All known answers. */
export const vectors: WireVectors = JSON.parse(
  readFileSync(new URL("../vectors/wire.json", import.meta.url), "utf8"),
);

/** Reads hexadecimal. */
export function parseHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new RangeError(`not hexadecimal: ${text}`);
  return Uint8Array.from(
    { length: text.length / 2 },
    (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}
