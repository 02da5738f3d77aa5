/**
 * Poly1305 of RFC 8439 in WebAssembly, in four limbs of 32 bits and a small fifth one.
 *
 * The clamped r lets all sums of products stay below 2^64: the low two bits of its upper words are
 * zero, so that r / 4 * 5, by which a product beyond 2^130 comes back, is exact; of the lowest word
 * the two bits are added by themselves.
 *
 * @module
 */
import {
  type Code,
  get,
  I32,
  i32,
  I64,
  i64,
  memory,
  operation,
  repeat,
  set,
  type WasmFunction,
} from "./wasm_code.ts";

const BLOCK = 16;
const LOW = 0xffff_ffff;

// Parameters, and the locals behind them.
const KEY = 0;
const AT = 1;
const BLOCKS = 2;
const TAG = 3;
const H = 4;
const R = H + 5;
/** r / 4 * 5. */
const Q = R + 4;
const S = Q + 4;
const A = S + 5;
const U = A + 4;

const addAddress = operation(0x6a);
const add64 = operation(0x7c);
const mul = operation(0x7e);
const and = operation(0x83);
const shiftRight = operation(0x88);
const loadWord = memory([0x35]);
const storeWord = memory([0x3e]);

/**
 * The function `poly1305(key, at, blocks)`: computes the tag of whole blocks of 16 bytes, of which
 * there is at least one, under a key of 32 bytes.
 *
 * @param tag Address where it goes.
 */
export function poly1305Function(tag: number): WasmFunction {
  return {
    name: "poly1305",
    parameters: 3,
    locals: [I32, ...new Array<number>(5 + 4 + 4 + 5 + 4 + 1).fill(I64)],
    body: [
      ...set(TAG, i32(tag)),
      ...clampedKey(),
      ...repeat(BLOCKS, [...absorbBlock(), ...set(AT, addAddress(get(AT), i32(BLOCK)))]),
      ...writeTag(),
    ],
  };
}

function clampedKey(): Code {
  const masks = [0x0fff_ffff, 0x0fff_fffc, 0x0fff_fffc, 0x0fff_fffc];
  return masks.flatMap((mask, i) => [
    ...set(R + i, and(loadWord(4 * i, get(KEY)), i64(mask))),
    ...set(Q + i, mul(shiftRight(get(R + i), i64(2)), i64(5))),
  ]);
}

/** h = (h + block + 2^128) * r, almost reduced. */
function absorbBlock(): Code {
  const sums = [0, 1, 2, 3].flatMap((i) => set(S + i, add64(get(H + i), loadWord(4 * i, get(AT)))));
  return [
    ...sums,
    ...set(S + 4, add64(get(H + 4), i64(1))),
    ...[0, 1, 2, 3].flatMap((i) => set(A + i, column(i))),
    // What lies at 2^128 and beyond: its low two bits stay, the rest comes back times 5 / 4.
    ...set(U, add64(mul(get(S + 4), and(get(R), i64(3))), high(get(A + 3)))),
    ...set(H + 4, and(get(U), i64(3))),
    ...set(U, add64(mul(shiftRight(get(U), i64(2)), i64(5)), low(get(A)))),
    ...[1, 2, 3].flatMap((i) => [
      ...set(H + i - 1, low(get(U))),
      ...set(U, add64(high(get(U)), add64(low(get(A + i)), high(get(A + i - 1))))),
    ]),
    ...set(H + 3, low(get(U))),
    ...set(H + 4, add64(get(H + 4), high(get(U)))),
  ];
}

/** What lands in a limb, those beyond 2^130 brought back. */
function column(at: number): Code {
  const products = [0, 1, 2, 3, 4].map((i) => {
    const j = at - i;
    return mul(get(S + i), get(j >= 0 ? R + j : Q + j + 4));
  });
  return products.reduce((sum, product) => add64(sum, product));
}

/** The tag is h mod 2^130 - 5, plus the second half of the key, mod 2^128. */
function writeTag(): Code {
  const carry = [0, 1, 2, 3].flatMap((i) => set(U, high(add64(get(U), get(H + i)))));
  const words = [0, 1, 2, 3].flatMap((i) => [
    ...set(U, add64(add64(get(U), get(H + i)), loadWord(16 + 4 * i, get(KEY)))),
    ...storeWord(4 * i, get(TAG), get(U)),
    ...set(U, high(get(U))),
  ]);
  return [
    ...set(U, i64(5)),
    ...carry,
    // As often as 2^130 - 5 is in it: adding 5 each time takes it away.
    ...set(U, mul(shiftRight(add64(get(U), get(H + 4)), i64(2)), i64(5))),
    ...words,
  ];
}

function low(value: Code): Code {
  return and(value, i64(LOW));
}

function high(value: Code): Code {
  return shiftRight(value, i64(32));
}
