import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteEnd, join } from "../../src/cli/byte_end.ts";

/** An end whose reads and writes the test settles by hand. */
class HandEnd implements ByteEnd {
  readonly log: string[] = [];
  readonly written: number[] = [];
  reads: PromiseWithResolvers<Uint8Array | null>[] = [];
  writes: PromiseWithResolvers<void>[] = [];
  readonly ending = Promise.withResolvers<{ error?: unknown }>();
  readonly closed = this.ending.promise;

  async read(into: Uint8Array): Promise<number | null> {
    const read = Promise.withResolvers<Uint8Array | null>();
    this.reads.push(read);
    const chunk = await read.promise;
    if (chunk === null) return null;
    into.set(chunk);
    return chunk.length;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const write = Promise.withResolvers<void>();
    this.writes.push(write);
    await write.promise;
    this.written.push(...chunk);
  }

  closeWrite(): void {
    this.log.push("closeWrite");
  }

  reset(): void {
    this.log.push("reset");
  }
}

/** Joins two ends, counting what is told. */
function joined() {
  const near = new HandEnd();
  const far = new HandEnd();
  const stop = new AbortController();
  const counts = { sent: 0, received: 0 };
  const ended = join(near, far, {
    onSent: (bytes) => counts.sent += bytes,
    onReceived: (bytes) => counts.received += bytes,
    signal: stop.signal,
  });
  return { near, far, stop, counts, ended };
}

/** Lets everything happen that can. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("join() reads no more before the last chunk was taken", async () => {
  const { near, far, counts, ended } = joined();
  near.reads[0]?.resolve(Uint8Array.of(1, 2));
  await settle();
  assert.deepEqual([near.reads.length, far.writes.length, counts.sent], [1, 1, 0]);
  far.writes[0]?.resolve();
  await settle();
  assert.deepEqual([near.reads.length, far.written, counts.sent], [2, [1, 2], 2]);
  near.reads[1]?.resolve(null);
  far.reads[0]?.resolve(null);
  await ended;
});

test("join() passes the end of one direction on at once, while the other goes on", async () => {
  const { near, far, counts, ended } = joined();
  near.reads[0]?.resolve(null);
  await settle();
  assert.deepEqual([far.log, near.log], [["closeWrite"], []]);
  far.reads[0]?.resolve(Uint8Array.of(7));
  await settle();
  near.writes[0]?.resolve();
  await settle();
  assert.deepEqual([near.written, counts.received], [[7], 1]);
  far.reads[1]?.resolve(null);
  await ended;
  assert.deepEqual([far.log, near.log], [["closeWrite"], ["closeWrite"]]);
});

test("join() cuts both ends when one fails, and rejects with the first thing that went wrong", async () => {
  const { near, far, ended } = joined();
  far.reads[0]?.reject(new Error("gone"));
  await assert.rejects(ended, { message: "gone" });
  assert.deepEqual([far.log, near.log], [["reset"], ["reset"]]);
});

test("join() notices that an end was cut which had nothing more to say", async () => {
  const { near, far, ended } = joined();
  far.reads[0]?.resolve(null);
  await settle();
  far.ending.resolve({ error: new Error("cut") });
  await assert.rejects(ended, { message: "cut" });
  assert.deepEqual([far.log, near.log], [["reset"], ["closeWrite", "reset"]]);
});

test("join() reads what came before an end was cut", async () => {
  const { near, far, ended } = joined();
  far.ending.resolve({ error: new Error("cut") });
  far.reads[0]?.resolve(Uint8Array.of(1));
  await settle();
  near.writes[0]?.resolve();
  await settle();
  assert.deepEqual(near.written, [1]);
  far.reads[1]?.reject(new Error("cut"));
  await assert.rejects(ended, { message: "cut" });
});

test("join() goes on when an end is closed in order", async () => {
  const { near, far, counts, ended } = joined();
  far.reads[0]?.resolve(null);
  far.ending.resolve({});
  await settle();
  near.reads[0]?.resolve(Uint8Array.of(1));
  await settle();
  far.writes[0]?.resolve();
  await settle();
  near.reads[1]?.resolve(null);
  await ended;
  assert.equal(counts.sent, 1);
});

test("join() cuts both ends when the signal is aborted, before or while it runs", async () => {
  const { near, far, stop, ended } = joined();
  await settle();
  stop.abort(new Error("stopped"));
  await assert.rejects(ended, { message: "stopped" });
  assert.deepEqual([far.log, near.log], [["reset"], ["reset"]]);
  const late = new HandEnd();
  const options = { onSent: () => {}, onReceived: () => {}, signal: stop.signal };
  await assert.rejects(join(late, far, options), { message: "stopped" });
  assert.deepEqual(late.log, ["reset"]);
});
