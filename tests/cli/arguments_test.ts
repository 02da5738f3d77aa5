import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseCount,
  parseInfo,
  parseListenAddress,
  parseLocalAddress,
  parseSeconds,
  parseServerName,
  parseTarget,
} from "../../src/cli/arguments.ts";
import { Failure } from "../../src/cli/failure.ts";

/** Checks that it throws a failure of the kind `usage`, with an example. */
function refuses(read: () => unknown): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, "usage");
    return true;
  });
}

test("parseListenAddress() takes a port, a host, both, or nothing", () => {
  const all: [string | undefined, string, number][] = [
    [undefined, "", 4000],
    [":4001", "", 4001],
    ["4001", "", 4001],
    ["1.2.3.4:4001", "1.2.3.4", 4001],
    ["1.2.3.4", "1.2.3.4", 4000],
    ["[::1]:4001", "::1", 4001],
    ["[::1]", "::1", 4000],
    ["localhost", "localhost", 4000],
    [":0", "", 0],
  ];
  for (const [text, hostname, port] of all) {
    assert.deepEqual(parseListenAddress(text), { hostname, port });
  }
});

test("parseListenAddress() refuses what is no address", () => {
  for (const text of ["", "a b", ":70000", "1.2.3.4:", "[::1", "::1:x"]) {
    refuses(() => parseListenAddress(text));
  }
});

test("parseTarget() and parseLocalAddress() take this machine where no host is named", () => {
  for (const parse of [parseTarget, parseLocalAddress]) {
    assert.deepEqual(parse("8080"), { hostname: "127.0.0.1", port: 8080 });
    assert.deepEqual(parse(":8080"), { hostname: "127.0.0.1", port: 8080 });
    assert.deepEqual(parse("[::1]:8080"), { hostname: "::1", port: 8080 });
    assert.deepEqual(parse("db.example:5432"), { hostname: "db.example", port: 5432 });
    for (const text of ["", "db.example", "8080x", "1.2.3.4:70000"]) refuses(() => parse(text));
  }
});

test("parseTarget() refuses port 0, which parseLocalAddress() takes for any free one", () => {
  refuses(() => parseTarget("h:0"));
  assert.deepEqual(parseLocalAddress("0"), { hostname: "127.0.0.1", port: 0 });
});

test("parseSeconds() gives milliseconds, of which at least one", () => {
  assert.equal(parseSeconds("10"), 10_000);
  assert.equal(parseSeconds("0.25"), 250);
  assert.equal(parseSeconds("0.0001"), 1);
  for (const text of ["", " ", "0", "-1", "ten", "1e9", "NaN", "Infinity"]) {
    refuses(() => parseSeconds(text));
  }
});

test("parseInfo() takes up to 1,024 bytes of UTF-8", () => {
  assert.equal(parseInfo("é".repeat(512)), "é".repeat(512));
  refuses(() => parseInfo("é".repeat(512) + "x"));
});

test("parseCount() takes whole numbers from 1 to 1,000", () => {
  assert.deepEqual(["1", "10", "1000"].map(parseCount), [1, 10, 1000]);
  for (const text of ["", "0", "1001", "1.5", "-1", "1e2", "ten"]) refuses(() => parseCount(text));
});

test("parseServerName() takes a host name in ASCII, and no address", () => {
  assert.equal(parseServerName("www.Example-1.org"), "www.Example-1.org");
  for (const text of ["", "192.0.2.1", "::1", "a b", "a..b", ".a", "münchen.example", "a:443"]) {
    refuses(() => parseServerName(text));
  }
});
