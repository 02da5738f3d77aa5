import { test } from "node:test";
import assert from "node:assert/strict";
import {
  checkBindAddress,
  checkConnectAddress,
  connectError,
  socketError,
  streamError,
} from "../../src/adapters/socket_error.ts";

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

test("connectError() maps the errors of the system, and names the address", () => {
  const cases = [
    ["ECONNREFUSED", "reset", "it was refused"],
    ["ECONNRESET", "reset", "it was refused"],
    ["ETIMEDOUT", "no-answer", "nobody has answered"],
    ["EHOSTUNREACH", "no-answer", "nobody has answered"],
    ["EHOSTDOWN", "no-answer", "nobody has answered"],
    ["EACCES", "permission-denied", "permission denied"],
    ["EADDRINUSE", "socket-failed", "what the system said"],
    ["ENETUNREACH", "socket-failed", "what the system said"],
    ["EMFILE", "socket-failed", "what the system said"],
  ] as const;
  for (const [system, code, reason] of cases) {
    const cause = systemError({ code: system });
    const error = connectError(cause, ADDRESS);
    assert.equal(error.code, code);
    assert.equal(error.message, `cannot connect to [2001:db8::7]:53: ${reason}`);
    assert.equal(error.cause, cause);
  }
  assert.equal(
    connectError(systemError({ name: "NotCapable" }), ADDRESS).code,
    "permission-denied",
  );
});

test("streamError() tells a cut from everything else", () => {
  for (const code of ["ECONNRESET", "EPIPE", "ECONNABORTED"]) {
    const error = streamError(systemError({ code }), ADDRESS);
    assert.equal(error.code, "reset");
    assert.equal(error.message, "[2001:db8::7]:53 cut the stream");
  }
  for (const code of ["ETIMEDOUT", "ENETDOWN", "ERR_SSL_BAD_RECORD", undefined]) {
    const error = streamError(systemError(code === undefined ? {} : { code }), ADDRESS);
    assert.equal(error.code, "connection-lost");
    assert.equal(error.message, "the stream to [2001:db8::7]:53 broke: what the system said");
  }
});

test("checkConnectAddress() takes what checkBindAddress() takes, but for port 0", () => {
  checkConnectAddress({ hostname: "::1", port: 1 });
  assert.throws(() => checkConnectAddress({ hostname: "name", port: 1 }), RangeError);
  assert.throws(
    () => checkConnectAddress({ hostname: "::1", port: 0 }),
    new RangeError("port must be an integer from 1 to 65,535, got 0"),
  );
});
