import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  assembleModule,
  type Code,
  get,
  I32,
  i32,
  I64,
  i64,
  memory,
  operation,
  PAGE,
  repeat,
  set,
} from "../../src/kernels/wasm_code.ts";

const storeWord = memory([0x36]);
const storeLong = memory([0x37]);
const add = operation(0x6a);

/** Runs a function without results, and gives the memory that it leaves. */
function run(body: Code, parameters: readonly number[] = [], pages = 1): DataView {
  const code = assembleModule(pages, [
    { name: "run", parameters: parameters.length, locals: [I32, I64], body },
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const { run, memory } = exports as unknown as {
    run: (...numbers: number[]) => void;
    memory: { buffer: ArrayBuffer };
  };
  run(...parameters);
  return new DataView(memory.buffer);
}

test("i32() and i64() write any number", () => {
  const edges = [0, 1, -1, 63, 64, -64, -65, 127, 128, -128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)];
  for (const value of edges) {
    assert.equal(run(storeWord(0, i32(0), i32(value))).getInt32(0, true), value);
  }
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      assert.equal(run(storeLong(0, i32(8), i64(value))).getBigInt64(8, true), BigInt(value));
    }),
    { numRuns: 30 },
  );
  assert.equal(run(storeLong(0, i32(8), i64(2 ** 32 - 1))).getBigInt64(8, true), 0xffff_ffffn);
});

test("memory() adds the offset to the address", () => {
  for (const offset of [0, 127, 128, 16_384]) {
    assert.equal(run(storeWord(offset, i32(4), i32(9))).getInt32(offset + 4, true), 9);
  }
});

test("repeat() does something as often as a local says, and leaves 0 in it", () => {
  for (const count of [1, 2, 300]) {
    const body = [
      ...repeat(0, set(1, add(get(1), i32(2)))),
      ...storeWord(0, i32(0), get(1)),
      ...storeWord(0, i32(4), get(0)),
    ];
    const view = run(body, [count]);
    assert.equal(view.getInt32(0, true), 2 * count);
    assert.equal(view.getInt32(4, true), 0);
  }
});

test("assembleModule() gives a memory that has its pages and does not grow", () => {
  for (const pages of [1, 3]) assert.equal(run([], [], pages).byteLength, pages * PAGE);
  const code = assembleModule(1, []);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  assert.throws(() => (exports as unknown as { memory: WebAssembly.Memory }).memory.grow(1));
});

test("assembleModule() shows several functions by their names", () => {
  const storing = (value: number) => storeWord(0, i32(0), i32(value));
  const code = assembleModule(1, [
    { name: "first", parameters: 0, locals: [], body: storing(1) },
    { name: "second", parameters: 0, locals: [], body: storing(2) },
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const { first, second, memory } = exports as unknown as {
    first: () => void;
    second: () => void;
    memory: { buffer: ArrayBuffer };
  };
  first();
  assert.equal(new DataView(memory.buffer).getInt32(0, true), 1);
  second();
  assert.equal(new DataView(memory.buffer).getInt32(0, true), 2);
});
