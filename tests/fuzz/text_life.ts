/**
 * What people paste: URLs and keys, as they should be or almost.
 */
import assert from "node:assert/strict";
import { formatKey, formatUrl, parseKey, parseUrl } from "../../mod.ts";
import { Draw } from "./draw.ts";
import type { Input, Life, Target } from "./life.ts";

const HOSTS = [
  "server.example",
  "192.0.2.1",
  "[2001:db8::1]",
  "[::]",
  "",
  "ü.example",
  "a".repeat(300),
];
const PORTS = ["443", "1", "65535", "0", "65536", "-1", "1e3", "9".repeat(400), ""];
const TAILS = ["", "/", "/?x=y", "#label", "#%", "#%ff%fe", "#%F0%9F%98%80", "/?#", "\n", "\u0000"];

/** A target: the texts that tell where a server is. */
export const TEXT_TARGET: Target = {
  inputsPerLife: 5_000,
  mostHeld: 4e6,
  mustTake: ["url", "key"],
  begin: (seed) => new TextLife(seed),
};

class TextLife implements Life {
  readonly isOver = false;
  readonly #draw: Draw;

  constructor(seed: number) {
    this.#draw = new Draw(seed);
  }

  next(): Input {
    const draw = this.#draw;
    const key = formatKey(draw.bytes(32));
    const isKey = draw.happens(0.3);
    const url = `sosistab://${key}@${draw.of(HOSTS)}:${draw.of(PORTS)}${draw.of(TAILS)}`;
    const letters = [...isKey ? key : url];
    for (let i = draw.of([0, 0, 0, 1, 1, 2, 5]); i > 0; i--) {
      const at = draw.between(0, letters.length);
      const letter = draw.happens(0.7)
        ? String.fromCharCode(draw.between(32, 126))
        : String.fromCodePoint(draw.of([0, 0x130, 0x212a, 0xd7ff, 0xfeff, 0x1f600]));
      letters.splice(at, draw.between(0, 2), ...draw.happens(0.7) ? [letter] : []);
    }
    const bytes = new TextEncoder().encode(letters.join(""));
    return { kind: isKey ? "key" : "url", bytes };
  }

  take(bytes: Uint8Array): boolean {
    const text = new TextDecoder().decode(bytes);
    return [takesKey(text), takesUrl(text)].includes(true);
  }

  check(): void {}

  end(): void {}
}

function takesKey(text: string): boolean {
  const key = parseKey(text);
  if (key === undefined) return false;
  assert.equal(formatKey(key), text.toLowerCase());
  return true;
}

function takesUrl(text: string): boolean {
  try {
    const address = parseUrl(text);
    assert.ok(address.port >= 1 && address.port <= 65_535 && address.serverKey.length === 32);
    assert.deepEqual(parseUrl(formatUrl(address)), address);
    return true;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return false;
  }
}
