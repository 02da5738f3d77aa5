/**
 * Puts bodies together that came in pieces.
 *
 * The pieces of a body travel in frames with consecutive numbers, so the number of the first one tells
 * which body a piece belongs to. The rules:
 *
 *  - pieces may come in any order; a body is handed on with the last of its pieces, once;
 *  - a frame comes once, or not at all: that is seen to elsewhere;
 *  - a piece that contradicts an earlier one of the same body makes an end of that body;
 *  - of bodies that are not complete a few dozen are kept, and fewer when memory is short; the oldest
 *    gives way. One is always kept: what waits for it may be all that the session does.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";

// Protocol constants.

/** Longest body: nothing longer fits a packet that anybody accepts. */
const MOST_BODY = 2048;

// Tuning.

/**
 * Bodies that may be incomplete at a time: they come one after the other, so it is those that have
 * lost a piece for good, and those that reordering or repair may still complete.
 */
const MOST_INCOMPLETE = 64;

/** What a piece costs besides its bytes: a view and its memory's head. */
const PIECE_COST = 256;

interface Incomplete {
  readonly pieces: (Uint8Array | undefined)[];
  missing: number;
  length: number;
  /** What was paid for it, bytes. */
  cost: number;
}

/** The incomplete bodies of one session. */
export class FragmentJoiner {
  /** There are none before the first piece comes: sessions are many, and most never see one. */
  #known: Map<number, Incomplete> | undefined;
  #budget: ByteBudget | undefined;

  /** What pays for pieces that wait from now on. */
  set budget(budget: ByteBudget) {
    this.clear();
    this.#budget = budget;
  }

  /** Bodies that wait for a piece. */
  get incomplete(): number {
    return this.#known?.size ?? 0;
  }

  /**
   * A piece has come.
   *
   * @param frameNumber Number of its frame.
   * @param index Which piece it is, below `count`.
   * @param piece Borrowed until the call returns.
   * @returns The body, if this was the last of its pieces.
   */
  take(
    frameNumber: number,
    index: number,
    count: number,
    piece: Uint8Array,
  ): Uint8Array | undefined {
    const first = frameNumber - index;
    if (first < 0) return undefined;
    const body = this.#bodies.get(first) ?? this.#begin(first, count);
    const isSound = body.pieces.length === count && body.pieces[index] === undefined &&
      body.length + piece.length <= MOST_BODY;
    if (!isSound) {
      this.#forget(first);
      return undefined;
    }
    body.pieces[index] = piece.slice();
    body.length += piece.length;
    if (--body.missing > 0) {
      this.#pay(first, body, piece.length + PIECE_COST);
      return undefined;
    }
    this.#forget(first);
    return join(body);
  }

  /** Forgets all pieces. */
  clear(): void {
    for (const first of [...this.#known?.keys() ?? []]) this.#forget(first);
  }

  get #bodies(): Map<number, Incomplete> {
    return this.#known ??= new Map();
  }

  #begin(first: number, count: number): Incomplete {
    if (this.#bodies.size >= MOST_INCOMPLETE) this.#forgetOldest(first);
    const body: Incomplete = {
      pieces: new Array<Uint8Array | undefined>(count).fill(undefined),
      missing: count,
      length: 0,
      cost: 0,
    };
    this.#bodies.set(first, body);
    return body;
  }

  #pay(first: number, body: Incomplete, cost: number): void {
    const budget = this.#budget;
    if (budget === undefined) return;
    if (cost > budget.free) budget.refuse(cost);
    while (cost > budget.free && this.#bodies.size > 1) this.#forgetOldest(first);
    body.cost += cost;
    budget.use(cost);
  }

  #forgetOldest(except: number): void {
    for (const oldest of this.#bodies.keys()) {
      if (oldest !== except) return this.#forget(oldest);
    }
  }

  #forget(first: number): void {
    this.#budget?.use(-(this.#bodies.get(first)?.cost ?? 0));
    this.#bodies.delete(first);
  }
}

function join({ pieces, length }: Incomplete): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    if (piece === undefined) throw new Error("a body was complete without one of its pieces");
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
