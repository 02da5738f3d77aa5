import assert from "node:assert/strict";
import { test } from "node:test";
import { unlessAborted } from "../../src/transport/unless_aborted.ts";

const never = new Promise<never>(() => {});
const reason = new Error("enough");

test("unlessAborted() gives what the promise gives, and without a signal the promise itself", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(7), signal), 7);
  await assert.rejects(unlessAborted(Promise.reject(reason), signal), reason);
  assert.equal(unlessAborted(never, undefined), never);
});

test("unlessAborted() rejects with the signal's reason, whether it is aborted meanwhile or was before", async () => {
  const controller = new AbortController();
  const waiting = unlessAborted(never, controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(unlessAborted(never, controller.signal), reason);
});
