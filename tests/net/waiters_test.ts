import { test } from "node:test";
import assert from "node:assert/strict";
import { Waiters } from "../../src/net/waiters.ts";

test("Waiters serve who has waited longest", async () => {
  const waiters = new Waiters<number>();
  const first = waiters.wait();
  const second = waiters.wait();
  assert.equal(waiters.resolveFirst(1), true);
  assert.equal(waiters.resolveFirst(2), true);
  assert.equal(waiters.resolveFirst(3), false);
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
});

test("wait() rejects with the signal's reason, before and during the wait, and leaves the queue", async () => {
  const waiters = new Waiters<number>();
  await assert.rejects(waiters.wait(AbortSignal.abort(new Error("before"))), new Error("before"));
  const controller = new AbortController();
  const aborted = waiters.wait(controller.signal);
  const patient = waiters.wait();
  controller.abort(new Error("during"));
  await assert.rejects(aborted, new Error("during"));
  assert.equal(waiters.size, 1);
  waiters.resolveFirst(7);
  assert.equal(await patient, 7);
});

test("rejectAll() ends every wait", async () => {
  const waiters = new Waiters<number>();
  const all = [waiters.wait(), waiters.wait()];
  waiters.rejectAll(new Error("over"));
  for (const wait of all) await assert.rejects(wait, new Error("over"));
  assert.equal(waiters.size, 0);
});
