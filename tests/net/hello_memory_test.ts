import { test } from "node:test";
import assert from "node:assert/strict";
import { JOURNAL_HEAD } from "../../src/handshake/hello_journal.ts";
import { HelloMemory, type HelloMemoryOptions } from "../../src/net/hello_memory.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

/** How long a store that failed is left alone, ms. */
const RETRY = 1_000;

/** Bytes of one hello in a store. */
const ADDED = 42;

/** A listener's memory on a virtual machine, which is asked for hellos with numbers. */
class Remembering {
  readonly pair = new VirtualPair();
  readonly store = new MemoryStore();

  open(options: Partial<HelloMemoryOptions> = {}): Promise<HelloMemory> {
    const all = { secretKey: SECRET_KEY, replayStore: this.store, freshKey: true, ...options };
    return HelloMemory.open(this.pair.serverHost, all);
  }

  takes(memory: HelloMemory, number: number): boolean {
    const id = new Uint8Array(16);
    new DataView(id.buffer).setUint32(0, number);
    const { serverHost: host } = this.pair;
    const epochSeconds = host.epochSeconds();
    return memory.isFresh(id, Math.floor(epochSeconds / 60), host.now(), epochSeconds);
  }

  /** Which of some hellos a listener would answer that began now. */
  async unknown(...numbers: readonly number[]): Promise<number[]> {
    const memory = await this.open({ freshKey: false });
    assert.equal(memory.stats().past, "all");
    return numbers.filter((number) => this.takes(memory, number));
  }
}

test("isFresh() has told the store of a hello when it returns", async () => {
  const scene = new Remembering();
  const { store } = scene;
  const memory = await scene.open();
  const before = store.bytes?.length ?? 0;
  assert.equal(scene.takes(memory, 1), true);
  assert.equal(store.bytes?.length, before + ADDED);
  assert.equal(scene.takes(memory, 1), false);
  assert.equal(store.bytes?.length, before + ADDED);
  assert.deepEqual(await scene.unknown(1, 2), [2]);
});

test("open() rejects with what the store rejects with", async () => {
  const scene = new Remembering();
  const failure = new Error("no such table");
  const load = () => Promise.reject(failure);
  const replayStore = { load, append: async () => {}, replace: async () => {} };
  await assert.rejects(scene.open({ replayStore }), failure);
  await assert.rejects(scene.pair.listen({ replayStore }), failure);
  scene.store.isFailing = true;
  await assert.rejects(scene.open(), new Error("the disk is full"));
  assert.equal(scene.pair.serverHost.openSockets, 0);
});

test("open() rejects with the signal's reason while the store is read or written, and then leaves it alone", async () => {
  for (const call of ["load", "replace"] as const) {
    const scene = new Remembering();
    const { store, pair } = scene;
    const hang = Promise.withResolvers<void>();
    if (call === "load") store.untilRead = hang.promise;
    else store.until = hang.promise;
    const controller = new AbortController();
    const opening = scene.open({ signal: controller.signal });
    await pair.pass(0);
    assert.equal(store.calls.at(-1), call);
    controller.abort(new Error("enough"));
    await assert.rejects(pair.run(opening), new Error("enough"));
    hang.resolve();
    await pair.pass(0);
    assert.equal(store.calls.at(-1), call);
  }
});

test("open() tells what a store lacks that is none, and what one should give that gives no bytes", async () => {
  const scene = new Remembering();
  for (const name of ["load", "append", "replace"] as const) {
    const broken = new MemoryStore();
    Object.assign(broken, { [name]: undefined });
    await assert.rejects(
      scene.open({ replayStore: broken }),
      new TypeError(`replayStore must have a function ${name}`),
    );
  }
  const replayStore = new MemoryStore();
  Object.assign(replayStore, { load: () => Promise.resolve("text") });
  await assert.rejects(
    scene.open({ replayStore }),
    new TypeError("replayStore.load() must give a Uint8Array or undefined"),
  );
});

test("stats() tells what was known at the start: all, nothing, or a part", async () => {
  const scene = new Remembering();
  const past = async (bytes: Uint8Array | undefined, freshKey: boolean) => {
    const memory = await scene.open({ replayStore: new MemoryStore(bytes), freshKey });
    return memory.stats().past;
  };
  assert.equal(await past(undefined, true), "all");
  assert.equal(await past(undefined, false), "nothing");
  assert.equal(await past(JOURNAL_HEAD, false), "all");
  assert.equal(await past(JOURNAL_HEAD.subarray(1), false), "damaged");
  const store = new MemoryStore();
  await scene.open({ replayStore: store, freshKey: false });
  assert.equal(await past(store.bytes, false), "nothing", "in the same minute");
  await scene.pair.pass(60_000);
  assert.equal(await past(store.bytes, false), "all");
});

test("stats() counts what is remembered, refused, and what of the store failed", async () => {
  const scene = new Remembering();
  const memory = await scene.open({ freshKey: false });
  assert.equal(scene.takes(memory, 1), false);
  await scene.pair.pass(60_000);
  scene.store.isFailing = true;
  assert.equal(scene.takes(memory, 1), true);
  await scene.pair.pass(0);
  const expected = { past: "nothing", refused: 1, remembered: 1, storeErrors: 1 };
  assert.deepEqual(memory.stats(), expected);
  await memory.close();
});

test("a store that failed gets all that it lacks in one piece, once a second until it works", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const memory = await scene.open();
  store.isFailing = true;
  for (let number = 0; number < 10; number++) assert.equal(scene.takes(memory, number), true);
  await pair.pass(5.5 * RETRY);
  assert.equal(memory.stats().storeErrors, 10 + 5);
  store.isFailing = false;
  await pair.pass(RETRY);
  const { replaced } = store;
  assert.deepEqual(await scene.unknown(0, 9, 10), [10]);
  await pair.pass(10 * RETRY);
  assert.equal(store.replaced, replaced, "then it is left in peace");
  await memory.close();
});

test("a store that hangs holds nobody up, gets no more than 64 writes, and all the rest at once", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const memory = await scene.open();
  const hang = Promise.withResolvers<void>();
  store.until = hang.promise;
  const before = store.calls.length;
  for (let number = 0; number < 1_000; number++) assert.equal(scene.takes(memory, number), true);
  await pair.pass(RETRY);
  const calls = store.calls.slice(before);
  assert.equal(calls.filter((call) => call === "append").length, 64);
  assert.ok(calls.length <= 64 + 2, `${calls.length} calls`);
  hang.resolve();
  await pair.pass(RETRY);
  assert.equal(memory.stats().storeErrors, 0);
  assert.deepEqual(await scene.unknown(0, 63, 64, 999, 1_000), [1_000]);
});

test("a burst of hellos is written together, and not with all that is remembered", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const memory = await scene.open();
  const before = store.calls.length;
  for (let number = 0; number < 364; number++) scene.takes(memory, number);
  await pair.pass(0);
  const calls = store.calls.slice(before);
  assert.deepEqual(calls, new Array(65).fill("append"));
  assert.deepEqual(await scene.unknown(0, 63, 64, 65, 363, 364), [364]);
});

test("the store does not grow for ever: it is written anew when most of it is of no use", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const memory = await scene.open();
  let most = 0;
  for (let minute = 0; minute < 20; minute++) {
    for (let number = 0; number < 500; number++) {
      scene.takes(memory, minute * 1_000 + number);
      if (number % 50 === 0) await pair.pass(0);
    }
    await pair.pass(60_000);
    most = Math.max(most, store.bytes?.length ?? 0);
  }
  // Ten thousand hellos, of eight bytes each, and as much again.
  assert.ok(most <= 2 * (80_000 + 1_000), `${most} bytes`);
  assert.ok(store.replaced >= 3 && store.replaced < 20, `${store.replaced} times`);
  const next = await scene.open({ freshKey: false });
  assert.equal(next.stats().remembered, 10_000);
});

test("what another listener has added to the same store is taken over when it is written anew", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const [one, other] = [await scene.open(), await scene.open()];
  const { replaced } = store;
  assert.equal(scene.takes(other, 1), true);
  for (let number = 10; number < 2_000; number++) {
    scene.takes(one, number);
    if (number % 50 === 0) await pair.pass(0);
  }
  await pair.pass(0);
  assert.equal(store.replaced, replaced + 1);
  assert.equal(scene.takes(one, 1), false);
  assert.deepEqual(await scene.unknown(1, 1_999, 2_000), [2_000]);
});

test("close() waits for what is being written, but a second at the most", async () => {
  for (const hangs of [false, true]) {
    const scene = new Remembering();
    const { store, pair } = scene;
    const memory = await scene.open();
    const hang = Promise.withResolvers<void>();
    store.until = hang.promise;
    scene.takes(memory, 1);
    const before = pair.now;
    let isClosed = false;
    const closing = memory.close().then(() => isClosed = true);
    await pair.pass(500);
    assert.equal(isClosed, false);
    if (!hangs) hang.resolve();
    await pair.run(closing);
    assert.equal(pair.now - before, hangs ? 1_000 : 500);
    await pair.pass(10_000);
    assert.equal(pair.serverHost.openSockets, 0);
  }
});

test("close() writes at once what has waited for a write to settle", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const memory = await scene.open();
  store.until = new Promise(() => {});
  for (let number = 0; number < 100; number++) scene.takes(memory, number);
  await pair.run(memory.close());
  assert.deepEqual(await scene.unknown(63, 64, 99, 100), [100]);
});

test("a store that is read too late is not written any more: it is another listener's by then", async () => {
  const scene = new Remembering();
  const { store, pair } = scene;
  const memory = await scene.open();
  store.isFailing = true;
  scene.takes(memory, 1);
  await pair.pass(0);
  store.isFailing = false;
  const hang = Promise.withResolvers<void>();
  store.untilRead = hang.promise;
  await pair.pass(RETRY);
  await pair.run(memory.close());
  store.untilRead = undefined;
  const other = await scene.open();
  assert.equal(scene.takes(other, 2), true);
  hang.resolve();
  await pair.pass(0);
  assert.deepEqual(await scene.unknown(2, 3), [3]);
});

test("listen() tells of a store in stats(), and of none", async () => {
  const { pair, store: replayStore } = new Remembering();
  for (const options of [{ replayStore }, {}]) {
    const listener = await pair.listen({ ...options, port: PORT, freshKey: true });
    const { hellos } = listener.stats();
    assert.deepEqual(hellos, { past: "all", refused: 0, remembered: 0, storeErrors: 0 });
    await pair.run(listener.close());
  }
});
