/**
 * Cuts a body that is too long for the path into fragments.
 *
 * The pieces are of one length, but for the last: so a lost one costs no more parity than it must.
 *
 * @module
 */
import { encodeOwnBody, FRAGMENT_OVERHEAD, MOST_FRAGMENTS } from "./own_body.ts";

// Protocol constants.

const NOTHING = new Uint8Array(0);

/** Longest fragment: more than fits the longest packet. */
const MOST_FRAGMENT = 1400;

/** Where fragments are put together. Shared: each is used up before anything else happens. */
const fragmentMemory = new Uint8Array(MOST_FRAGMENT);

/** Cuts one body at a time. */
export class FragmentCutter {
  readonly #tag: Uint8Array;
  #body: Uint8Array = NOTHING;
  #pieceLength = 0;
  #index = 0;
  #count = 0;

  /** @param tag That of the session's own bodies. */
  constructor(tag: Uint8Array) {
    this.#tag = tag;
  }

  /**
   * Begins with a body; what was left of the one before is forgotten.
   *
   * @param body Borrowed until the last piece was taken.
   * @param room The longest fragment, bytes, at most 1,400.
   * @returns Whether it can be cut: not into too many pieces.
   */
  begin(body: Uint8Array, room: number): boolean {
    const most = room - FRAGMENT_OVERHEAD;
    const count = most > 0 ? Math.ceil(body.length / most) : Infinity;
    this.#index = this.#count = 0;
    if (count > MOST_FRAGMENTS) return false;
    this.#body = body;
    this.#count = count;
    this.#pieceLength = Math.ceil(body.length / count);
    return true;
  }

  /**
   * The next fragment, or `undefined` after the last.
   *
   * @returns Good until the next call, of any cutter.
   */
  next(): Uint8Array | undefined {
    const index = this.#index;
    if (index >= this.#count) return undefined;
    this.#index++;
    const start = index * this.#pieceLength;
    const piece = this.#body.subarray(start, start + this.#pieceLength);
    const body = { kind: "fragment", index, count: this.#count, piece } as const;
    return fragmentMemory.subarray(0, encodeOwnBody(this.#tag, body, fragmentMemory));
  }
}
