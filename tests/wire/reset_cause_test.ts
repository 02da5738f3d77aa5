import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeResetCause,
  encodeResetCause,
  MOST_RESET_CODE,
  type ResetCause,
} from "../../src/wire/reset_cause.ts";

const TABLE: readonly (readonly [ResetCause, readonly number[]])[] = [
  [{ kind: "program", code: 0 }, [0, 0, 0, 0, 0]],
  [{ kind: "program", code: 0x01020304 }, [0, 4, 3, 2, 1]],
  [{ kind: "program", code: MOST_RESET_CODE }, [0, 255, 255, 255, 255]],
  [{ kind: "library", reason: "protocol-error" }, [1, 0, 0, 0, 0]],
  [{ kind: "library", reason: "too-many-streams" }, [1, 1, 0, 0, 0]],
  [{ kind: "library", reason: "backlog-full" }, [1, 2, 0, 0, 0]],
  [{ kind: "library", reason: "id-in-use" }, [1, 3, 0, 0, 0]],
  [{ kind: "library", reason: "going-away" }, [1, 4, 0, 0, 0]],
];

test("encodeResetCause() and decodeResetCause() agree with the table", () => {
  for (const [cause, bytes] of TABLE) {
    assert.deepEqual([...encodeResetCause(cause)], bytes);
    assert.deepEqual(decodeResetCause(Uint8Array.from(bytes)), cause);
  }
});

test("encodeResetCause() gives no bytes for no cause, as the original does", () => {
  assert.equal(encodeResetCause(undefined).length, 0);
});

test("decodeResetCause() skips what follows", () => {
  for (const [cause, bytes] of TABLE) {
    assert.deepEqual(decodeResetCause(Uint8Array.from([...bytes, 1, 2, 3])), cause);
  }
});

test("decodeResetCause() returns undefined for a truncation, another speaker, another reason", () => {
  for (const [, bytes] of TABLE) {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeResetCause(Uint8Array.from(bytes.slice(0, length))), undefined);
    }
  }
  assert.equal(decodeResetCause(Uint8Array.of(2, 0, 0, 0, 0)), undefined);
  assert.equal(decodeResetCause(Uint8Array.of(1, 5, 0, 0, 0)), undefined);
  assert.equal(decodeResetCause(Uint8Array.of(1, 0, 0, 0, 1)), undefined);
});

test("decodeResetCause() takes any bytes of any length for a value", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
    const cause = decodeResetCause(bytes);
    if (cause === undefined) return;
    assert.deepEqual([...encodeResetCause(cause)], [...bytes.subarray(0, 5)]);
  }));
});
