/**
 * What the ciphers of packets and of streams are made of: ChaCha and Poly1305 over one work space.
 *
 * In WebAssembly with vectors both take a tenth to a fifth of the time of JavaScript. Where there is no
 * WebAssembly, or none with vectors, JavaScript does the same.
 *
 * @module
 */
import { chachaFunction, STEP } from "./chacha_code.ts";
import {
  checkLength,
  checkRange,
  type CipherKernel,
  type Rounds,
  WORK_LENGTH,
} from "./cipher_work.ts";
import { PlainCipherKernel } from "./plain_cipher_kernel.ts";
import { poly1305Function } from "./poly1305_code.ts";
import { assembleModule, PAGE } from "./wasm_code.ts";

/** Makes one with a work space of its own: the fastest that the platform can run. */
export function createCipherKernel(): CipherKernel {
  return WasmCipherKernel.create() ?? new PlainCipherKernel();
}

let shared: CipherKernel | undefined;

/** The one that all ciphers share: each is done with the work space before anything else happens. */
export function cipherKernel(): CipherKernel {
  return shared ??= createCipherKernel();
}

// Where things lie in the memory of the module.

const STATE = 0;
const STATE_WORDS = 16;
const TAG = 64;
const TAG_LENGTH = 16;
const WORK = 256;
const PAGES = Math.ceil((WORK + WORK_LENGTH) / PAGE);

/** What every state begins with: "expand 32-byte k". */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  chacha(at: number, steps: number, doubleRounds: number): void;
  poly1305(key: number, at: number, blocks: number): void;
}

/** In WebAssembly. */
export class WasmCipherKernel implements CipherKernel {
  readonly work: Uint8Array;
  readonly #exports: Exports;
  readonly #state: DataView;
  readonly #key: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #tag: Uint8Array;

  /** @returns `undefined` where this platform cannot. */
  static create(): WasmCipherKernel | undefined {
    if (typeof WebAssembly === "undefined") return undefined;
    try {
      const code = assembleModule(PAGES, [chachaFunction(STATE), poly1305Function(TAG)]);
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
      // What it exports is known here and no type can tell: the module was assembled just now.
      return new WasmCipherKernel(exports as unknown as Exports);
    } catch {
      // Too old for vectors, or forbidden to compile.
      return undefined;
    }
  }

  private constructor(exports: Exports) {
    const { buffer } = exports.memory;
    this.#exports = exports;
    this.work = new Uint8Array(buffer, WORK, WORK_LENGTH);
    this.#state = new DataView(buffer, STATE, 4 * STATE_WORDS);
    this.#key = new Uint8Array(buffer, STATE + 16, 32);
    this.#nonce = new Uint8Array(buffer, STATE + 52, 12);
    this.#tag = new Uint8Array(buffer, TAG, TAG_LENGTH);
    CONSTANTS.forEach((word, i) => this.#state.setUint32(4 * i, word, true));
  }

  encrypt(
    key: Uint8Array,
    nonce: Uint8Array,
    counter: number,
    length: number,
    rounds: Rounds,
  ): void {
    checkLength(length);
    if (length === 0) return;
    this.#key.set(key);
    this.#state.setUint32(48, counter, true);
    this.#nonce.set(nonce);
    this.#exports.chacha(WORK, Math.ceil(length / STEP), rounds / 2);
    this.#key.fill(0);
  }

  authenticate(keyAt: number, at: number, length: number, tag: Uint8Array): void {
    checkRange(at, length);
    this.#exports.poly1305(WORK + keyAt, WORK + at, length / 16);
    tag.set(this.#tag);
  }
}
