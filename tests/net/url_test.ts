import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatKey, parseKey } from "../../src/net/key_text.ts";
import { formatUrl, parseUrl } from "../../src/net/url.ts";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const KEY = formatKey(new Uint8Array(32));

test("formatKey() writes the base32 of RFC 4648 in lower case without padding", () => {
  assert.equal(KEY, "a".repeat(52));
  const known = new TextEncoder().encode("0123456789abcdefghijklmnopqrstuv");
  assert.equal(formatKey(known), "gaytemzugu3doobzmfrggzdfmztwq2lknnwg23tpobyxe43uov3a");
});

test("parseKey() gives back what formatKey() wrote, in upper case too", () => {
  fc.assert(fc.property(key, (bytes) => {
    assert.deepEqual(parseKey(formatKey(bytes)), bytes);
    assert.deepEqual(parseKey(formatKey(bytes).toUpperCase()), bytes);
  }));
});

test("parseKey() returns undefined for anything else", () => {
  for (
    const text of ["", "a".repeat(51), "a".repeat(53), "a".repeat(51) + "1", "a".repeat(51) + "b"]
  ) {
    assert.equal(parseKey(text), undefined, text);
  }
});

test("formatKey() refuses a key of another length", () => {
  assert.throws(() => formatKey(new Uint8Array(31)), new RangeError("a key is 32 bytes, got 31"));
});

test("parseUrl() gives back what formatUrl() wrote", () => {
  const host = fc.constantFrom("example.org", "192.0.2.1", "2001:db8::1", "localhost");
  const port = fc.integer({ min: 1, max: 65_535 });
  const label = fc.option(fc.string({ minLength: 1, unit: "grapheme" }), { nil: undefined });
  fc.assert(fc.property(key, host, port, label, (serverKey, hostname, port, label) => {
    const address = { hostname, port, serverKey, ...(label === undefined ? {} : { label }) };
    assert.deepEqual(parseUrl(formatUrl(address)), address);
  }));
});

test("parseUrl() passes over parameters behind ?, and over a label that is badly encoded", () => {
  assert.equal(parseUrl(`sosistab://${KEY}@h:1?tcp=4000&x#home`).label, "home");
  assert.equal(parseUrl(`sosistab://${KEY}@h:1/#%zz`).label, "%zz");
});

test("parseUrl() says what is wrong, without the key in it", () => {
  const cases: [string, string][] = [
    ["http://x", "a sosistab URL begins with sosistab://"],
    ["sosistab://nothing", "a sosistab URL looks like sosistab://KEY@HOST:PORT"],
    [
      `sosistab://${KEY.slice(1)}@h:1`,
      "the key in a sosistab URL is 52 characters of a-z and 2-7, this one has 51",
    ],
    [`sosistab://${KEY}@:1`, "this sosistab URL names no host"],
    [`sosistab://${KEY}@h:0`, "the port in a sosistab URL is 1 to 65535, got 0"],
    [`sosistab://${KEY}@h:65536`, "the port in a sosistab URL is 1 to 65535, got 65536"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseUrl(text), new TypeError(message));
    assert.ok(!message.includes(KEY));
  }
});
