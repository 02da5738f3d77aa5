import { test } from "node:test";
import assert from "node:assert/strict";
import { checkBindAddress, socketError } from "../../src/adapters/socket_error.ts";

const ADDRESS = { hostname: "2001:db8::7", port: 53 };

function systemError(properties: { name?: string; code?: string }): Error {
  return Object.assign(new Error("what the system said"), properties);
}

test("socketError() maps the errors of the system, and names the address", () => {
  const cases = [
    [{ code: "EADDRINUSE" }, "address-in-use", "the address is in use"],
    [{ name: "AddrInUse", code: "EADDRINUSE" }, "address-in-use", "the address is in use"],
    [{ code: "EACCES" }, "permission-denied", "permission denied"],
    [{ code: "EPERM" }, "permission-denied", "permission denied"],
    [{ name: "NotCapable" }, "permission-denied", "permission denied"],
    [{ code: "EAFNOSUPPORT" }, "socket-failed", "what the system said"],
    [{}, "socket-failed", "what the system said"],
  ] as const;
  for (const [properties, code, reason] of cases) {
    const cause = systemError(properties);
    const error = socketError(cause, ADDRESS);
    assert.equal(error.code, code);
    assert.equal(error.message, `cannot bind [2001:db8::7]:53: ${reason}`);
    assert.equal(error.cause, cause);
  }
});

test("socketError() survives a cause that is no error", () => {
  const error = socketError("a text", ADDRESS);
  assert.equal(error.code, "socket-failed");
  assert.equal(error.message, "cannot bind [2001:db8::7]:53: a text");
});

test("checkBindAddress() takes IP literals and ports, and throws for anything else", () => {
  for (const hostname of ["0.0.0.0", "::", "::1", "fe80::1%lo"]) {
    checkBindAddress({ hostname, port: 0 });
    checkBindAddress({ hostname, port: 65_535 });
  }
  for (const hostname of ["", "localhost", "[::1]", "1.2.3", "1.2.3.4:5"]) {
    assert.throws(
      () => checkBindAddress({ hostname, port: 0 }),
      new RangeError(`hostname must be an IP literal, got "${hostname}"`),
    );
  }
  for (const port of [-1, 65_536, 0.5, NaN, Infinity]) {
    assert.throws(
      () => checkBindAddress({ hostname: "::", port }),
      new RangeError(`port must be an integer from 0 to 65,535, got ${port}`),
    );
  }
});
