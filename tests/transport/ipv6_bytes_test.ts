import { test } from "node:test";
import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { formatHex } from "../../src/bytes.ts";
import { parseIpv6 } from "../../src/transport/ipv6_bytes.ts";

test("parseIpv6() reads every spelling of an address", () => {
  const cases = [
    ["::", "00".repeat(16)],
    ["::1", `${"00".repeat(15)}01`],
    ["1::", `0001${"00".repeat(14)}`],
    ["2001:db8::7", `20010db8${"00".repeat(11)}07`],
    ["2001:DB8:0:0:0:0:0:7", `20010db8${"00".repeat(11)}07`],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["::2:3:4:5:6:7:8", "00000002000300040005000600070008"],
    ["::ffff:192.0.2.7", `${"00".repeat(10)}ffffc0000207`],
    ["1:2:3:4:5:6:192.0.2.7", "000100020003000400050006c0000207"],
  ] as const;
  for (const [text, hex] of cases) {
    const bytes = parseIpv6(text);
    assert.equal(bytes && formatHex(bytes), hex, text);
  }
});

test("parseIpv6() returns undefined for what the platform does not take, and for nothing else", () => {
  const pieces = fc.array(
    fc.constantFrom(":", "::", "0", "1", "ab", "12345", "ffff", "192.0.2.7", "1.2.3", "g", ".", ""),
    { maxLength: 18 },
  ).map((parts) => parts.join(""));
  const groups = fc.array(fc.constantFrom("0", "ab", "", "1234"), { minLength: 3, maxLength: 9 })
    .map((parts) => parts.join(":"));
  fc.assert(
    fc.property(fc.oneof(pieces, groups, fc.ipV6()), (text) => {
      const bytes = parseIpv6(text);
      assert.equal(bytes !== undefined, isIPv6(text), text);
      if (bytes) assert.equal(bytes.length, 16);
    }),
    { numRuns: 2_000 },
  );
});
