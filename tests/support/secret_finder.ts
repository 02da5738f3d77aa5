import { Buffer } from "node:buffer";
import { inspect } from "node:util";
import { formatHex } from "../../src/bytes.ts";
import type { Host, PacketCipher, X25519 } from "../../src/host.ts";
import { SessionCipher } from "../../src/crypto/aead.ts";
import { portableX25519 } from "../../src/crypto/keys.ts";
import { formatKey } from "../../src/net/key_text.ts";

/** Bytes of a secret that are looked for together: enough never to occur by chance. */
const PIECE = 8;

/** Everything that must appear in no text. */
export class SecretFinder {
  /** By what they are. */
  readonly #secrets: { readonly name: string; readonly bytes: Uint8Array }[] = [];

  /** How many secrets are known. */
  get size(): number {
    return this.#secrets.length;
  }

  /** Adds a secret of at least {@linkcode PIECE} bytes; a copy is kept. */
  add(name: string, bytes: Uint8Array): void {
    this.#secrets.push({ name, bytes: bytes.slice() });
  }

  /** A host that tells of every key that is drawn, agreed on or used to seal. */
  watch(host: Host): Host {
    const inner = host.x25519 ?? portableX25519(host.random);
    const x25519: X25519 = {
      generate: () => {
        const pair = inner.generate();
        this.add("secret key", pair.secretKey);
        return pair;
      },
      shared: (secretKey, publicKey) => {
        const secret = inner.shared(secretKey, publicKey);
        if (secret !== undefined) this.add("shared secret", secret);
        return secret;
      },
    };
    const createCipher = (key: Uint8Array): PacketCipher => {
      this.add("packet key", key);
      return new SessionCipher(key);
    };
    return { ...bound(host), x25519, createCipher };
  }

  /** What stands in the text, in whatever spelling: which secret, and how it is spelt. */
  find(text: string): string[] {
    const dense = text.replace(/\s+/g, "");
    const lower = dense.toLowerCase();
    return this.#secrets.flatMap(({ name, bytes }) => {
      const found: string[] = [];
      for (let at = 0; at + PIECE <= bytes.length; at += PIECE) {
        const piece = bytes.subarray(at, at + PIECE);
        if (lower.includes(formatHex(piece))) found.push(`${name} in hex`);
        if (dense.includes(piece.join(","))) found.push(`${name} as a list`);
        const json = JSON.stringify(
          Object.fromEntries([...piece].map((byte, i) => [at + i, byte])),
        );
        if (dense.includes(json.slice(1, -1))) found.push(`${name} in JSON`);
      }
      // Of whole triples, so that it does not hang on what comes behind.
      for (const encoding of ["base64", "base64url"] as const) {
        const start = Buffer.from(bytes).toString(encoding).slice(0, 12);
        if (dense.includes(start)) found.push(`${name} in ${encoding}`);
      }
      if (bytes.length === 32 && lower.includes(formatKey(bytes))) found.push(`${name} in base32`);
      return found;
    });
  }
}

/** A host's members, whatever it keeps them on. */
function bound(host: Host): Host {
  return {
    ...host,
    now: () => host.now(),
    epochSeconds: () => host.epochSeconds(),
    random: (into) => host.random(into),
    setAlarm: (at, wake) => host.setAlarm(at, wake),
    resolve: (name) => host.resolve(name),
    bindDatagram: (address, handler) => host.bindDatagram(address, handler),
    ...(host.connectStream && { connectStream: host.connectStream.bind(host) }),
    ...(host.listenStream && { listenStream: host.listenStream.bind(host) }),
  };
}

/**
 * Every way in which a program, or what logs for it, turns a value into text; by name. `console.log`
 * writes what Bun.inspect, Deno.inspect and util.inspect give, each on its own runtime.
 */
export function spellings(value: unknown): Map<string, string> {
  const texts = new Map<string, string>();
  const full = { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null };
  texts.set("util.inspect", inspect(value, full));
  texts.set("JSON.stringify", toJson(value));
  texts.set("String", toText(value));
  if ("Deno" in globalThis) {
    texts.set(
      "Deno.inspect",
      Deno.inspect(value, { depth: 100, showHidden: true, iterableLimit: Infinity }),
    );
  }
  const { Bun: bun } = globalThis as { Bun?: { inspect(value: unknown, options: object): string } };
  if (bun !== undefined) texts.set("Bun.inspect", bun.inspect(value, { depth: 100 }));
  return texts;
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    // It leads back to itself; as long as it does not throw its keys that is no matter.
    return "";
  }
}

function toText(value: unknown): string {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null
    ? ""
    : String(value);
}
