/**
 * Writes WebAssembly, as much of it as the kernels need.
 *
 * Code is a list of bytes for the stack machine: a function of operands gives their code and the
 * operation's behind it, so that what stands here reads like an expression. A module has one memory
 * and some functions that take addresses and counts and return nothing. Source: the WebAssembly
 * specification, release 2.0 with SIMD.
 *
 * @module
 */

/** Instructions. */
export type Code = readonly number[];

/** An operation on operands that come before it. */
export type Operation = (...operands: readonly Code[]) => Code;

/** Types of values, as they stand in code. */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;

/** A function of a module. */
export interface WasmFunction {
  readonly name: string;
  /** How many it has; all are `I32`, and the first locals. */
  readonly parameters: number;
  /** The types of the locals behind them. */
  readonly locals: readonly number[];
  readonly body: Code;
}

/** A page of memory, bytes. */
export const PAGE = 65_536;

const VERSION: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const NO_RESULT = 0x40;
const END = 0x0b;
const SIMD = 0xfd;

/** Makes an operation of its opcode. */
export function operation(...opcode: readonly number[]): Operation {
  return (...operands) => [...operands.flat(), ...opcode];
}

/** Makes an operation on vectors of its number. */
export function simd(number: number): Operation {
  return operation(SIMD, ...unsigned(number));
}

/** The value of a local. */
export function get(local: number): Code {
  return [0x20, ...unsigned(local)];
}

/** Gives a local a value. */
export function set(local: number, value: Code): Code {
  return [...value, 0x21, ...unsigned(local)];
}

/** A number of 32 bits. */
export function i32(value: number): Code {
  return [0x41, ...signed(value)];
}

/** A number of 64 bits; at most 2^53. */
export function i64(value: number): Code {
  return [0x42, ...signed(value)];
}

/** A vector of 16 bytes. */
export function v128(bytes: readonly number[]): Code {
  return [SIMD, 12, ...bytes];
}

/** Puts bytes of two vectors together, by their numbers: 0 to 15, 16 to 31. */
export function shuffle(a: Code, b: Code, bytes: readonly number[]): Code {
  return [...a, ...b, SIMD, 13, ...bytes];
}

/** An operation on memory at an address that need not be aligned, and an offset from there. */
export function memory(opcode: readonly number[]): (offset: number, ...operands: Code[]) => Code {
  return (offset, ...operands) => [...operands.flat(), ...opcode, 0, ...unsigned(offset)];
}

/** Does something as often as a local says, at least once; the local is 0 then. */
export function repeat(count: number, body: Code): Code {
  const decrement = set(count, operation(0x6b)(get(count), i32(1)));
  return [0x03, NO_RESULT, ...body, ...decrement, ...get(count), 0x0d, 0, END];
}

/**
 * Makes a module, which shows its memory as `memory` and its functions by their names.
 *
 * @param pages Of the memory, which does not grow.
 */
export function assembleModule(
  pages: number,
  functions: readonly WasmFunction[],
): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    0x60,
    ...vector(new Array<Code>(parameters).fill([I32])),
    ...vector([]),
  ]);
  const exports = functions.map(({ name }, at) => [...text(name), 0x00, ...unsigned(at)]);
  const bodies = functions.map(({ locals, body }) => {
    const code = [...vector(locals.map((type) => [1, type])), ...body, END];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...VERSION,
    ...section(1, types),
    ...section(3, functions.map((_, at) => unsigned(at))),
    ...section(5, [[0x01, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, [[...text("memory"), 0x02, 0], ...exports]),
    ...section(10, bodies),
  ]);
}

function section(id: number, items: readonly Code[]): Code {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

/** ASCII alone. */
function text(value: string): Code {
  return vector([...value].map((letter) => [letter.charCodeAt(0)]));
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 128 ? [value] : [value % 128 + 128, ...unsigned(Math.floor(value / 128))];
}

/** LEB128 of a two's complement. */
function signed(value: number): Code {
  const rest = Math.floor(value / 128);
  const low = value - rest * 128;
  const isLast = rest === (low < 64 ? 0 : -1);
  return isLast ? [low] : [low + 128, ...signed(rest)];
}
