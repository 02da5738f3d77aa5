/**
 * ChaCha of RFC 8439 in WebAssembly: four blocks of the key stream at a time.
 *
 * Each of the sixteen words of the state is a vector, which holds that word of four consecutive
 * blocks; so all rounds go without a move between lanes, and only at the end the words are put in
 * order, by transposing four by four.
 *
 * @module
 */
import {
  type Code,
  get,
  I32,
  i32,
  memory,
  operation,
  repeat,
  set,
  shuffle,
  simd,
  V128,
  v128,
  type WasmFunction,
} from "./wasm_code.ts";

/** Bytes of four blocks. */
export const STEP = 256;

const BLOCK = 64;
const WORD = 4;

/** The word that counts blocks. */
const COUNTER = 12;

// Parameters, and the locals behind them.
const AT = 0;
const STEPS = 1;
const DOUBLE_ROUNDS = 2;
const STATE = 3;
const ROUND = 4;
const X = 5;
const COUNTERS = X + 16;
const ROWS = COUNTERS + 1;

const addAddress = operation(0x6a);
const add = simd(0xae);
const xor = simd(0x51);
const or = simd(0x50);
const swizzle = simd(0x0e);
const shiftLeft = simd(0xab);
const shiftRight = simd(0xad);
const loadVector = memory([0xfd, 0x00]);
const loadSplat = memory([0xfd, 0x09]);
const storeVector = memory([0xfd, 0x0b]);
const splat = simd(0x11);
const loadWord = memory([0x28]);
const storeWord = memory([0x36]);

/** Rotations to the left by whole bytes: where each byte comes from. */
const BY_16 = v128([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13]);
const BY_8 = v128([3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14]);

/** One, two and three for the later blocks. */
const LANES = v128([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]);

/**
 * The function `chacha(at, steps, doubleRounds)`: encrypts `steps` times 256 bytes in place, and
 * leaves the state at the block behind them.
 *
 * @param state Address of the sixteen words that the first block begins with.
 */
export function chachaFunction(state: number): WasmFunction {
  return {
    name: "chacha",
    parameters: 3,
    locals: [I32, I32, ...new Array<number>(16 + 1 + 4).fill(V128)],
    body: [
      ...set(STATE, i32(state)),
      ...repeat(STEPS, [
        ...begin(),
        ...set(ROUND, get(DOUBLE_ROUNDS)),
        ...repeat(ROUND, doubleRound()),
        ...addStart(),
        ...[0, 4, 8, 12].flatMap(encryptQuarter),
        ...storeWord(
          WORD * COUNTER,
          get(STATE),
          addAddress(loadWord(WORD * COUNTER, get(STATE)), i32(4)),
        ),
        ...set(AT, addAddress(get(AT), i32(STEP))),
      ]),
    ],
  };
}

function word(i: number): Code {
  return get(X + i);
}

/** The words of the state, each four times. */
function begin(): Code {
  const words = Array.from({ length: 16 }, (_, i) => i);
  return [
    ...set(COUNTERS, add(splat(loadWord(WORD * COUNTER, get(STATE))), LANES)),
    ...words.flatMap((i) => set(X + i, startOf(i))),
  ];
}

function startOf(i: number): Code {
  return i === COUNTER ? get(COUNTERS) : loadSplat(WORD * i, get(STATE));
}

function addStart(): Code {
  const words = Array.from({ length: 16 }, (_, i) => i);
  return words.flatMap((i) => set(X + i, add(word(i), startOf(i))));
}

/** Columns, then diagonals. */
function doubleRound(): Code {
  const columns = [0, 1, 2, 3].flatMap((i) => quarterRound(i, 4 + i, 8 + i, 12 + i));
  const diagonals = [0, 1, 2, 3].flatMap((i) =>
    quarterRound(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
  );
  return [...columns, ...diagonals];
}

function quarterRound(a: number, b: number, c: number, d: number): Code {
  return [
    ...set(X + a, add(word(a), word(b))),
    ...set(X + d, swizzle(xor(word(d), word(a)), BY_16)),
    ...set(X + c, add(word(c), word(d))),
    ...rotatedXor(b, c, 12),
    ...set(X + a, add(word(a), word(b))),
    ...set(X + d, swizzle(xor(word(d), word(a)), BY_8)),
    ...set(X + c, add(word(c), word(d))),
    ...rotatedXor(b, c, 7),
  ];
}

/** b = (b xor c), rotated to the left. */
function rotatedXor(b: number, c: number, bits: number): Code {
  return [
    ...set(X + b, xor(word(b), word(c))),
    ...set(X + b, or(shiftLeft(word(b), i32(bits)), shiftRight(word(b), i32(32 - bits)))),
  ];
}

/** Encrypts 16 bytes of each of the four blocks with four words that follow one another. */
function encryptQuarter(first: number): Code {
  const [a, b, c, d] = [word(first), word(first + 1), word(first + 2), word(first + 3)];
  const rows = [
    set(ROWS, shuffle(a, b, words(0, 4, 1, 5))),
    set(ROWS + 1, shuffle(c, d, words(0, 4, 1, 5))),
    set(ROWS + 2, shuffle(a, b, words(2, 6, 3, 7))),
    set(ROWS + 3, shuffle(c, d, words(2, 6, 3, 7))),
  ];
  const lanes = [0, 1, 2, 3].flatMap((lane) => {
    const row = ROWS + 2 * (lane >> 1);
    const order = lane % 2 === 0 ? words(0, 1, 4, 5) : words(2, 3, 6, 7);
    const offset = BLOCK * lane + WORD * first;
    const stream = shuffle(get(row), get(row + 1), order);
    return storeVector(offset, get(AT), xor(stream, loadVector(offset, get(AT))));
  });
  return [...rows.flat(), ...lanes];
}

/** Bytes of whole words. */
function words(...numbers: readonly number[]): readonly number[] {
  return numbers.flatMap((number) => [0, 1, 2, 3].map((byte) => WORD * number + byte));
}
