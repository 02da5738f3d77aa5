import { test } from "node:test";
import assert from "node:assert/strict";
import { formatHex } from "../../src/bytes.ts";
import { SessionIdentity } from "../../src/crypto/keys.ts";
import { claimedName, makeClaim, provesClaim } from "../../src/net/session_claim.ts";
import { CONTINUATION_LENGTH } from "../../src/wire/extension.ts";

const [old, fresh, other] = [1, 2, 3].map((n) => new SessionIdentity(new Uint8Array(32).fill(n)));
assert.ok(old && fresh && other);

test("makeClaim() names the old session, and has the length of a continuation", () => {
  const claim = makeClaim(old, fresh.name);
  assert.equal(claim.length, CONTINUATION_LENGTH);
  assert.equal(claimedName(claim), formatHex(old.name));
});

test("provesClaim() takes the claim of who has both secrets, and no other", () => {
  const claim = makeClaim(old, fresh.name);
  assert.equal(provesClaim(claim, old, fresh.name), true);
  // Overheard, and put into another session.
  assert.equal(provesClaim(claim, old, other.name), false);
  // Made by somebody who has another secret.
  const forged = Uint8Array.of(...old.name, ...makeClaim(other, fresh.name).subarray(8));
  assert.equal(provesClaim(forged, old, fresh.name), false);
  assert.equal(provesClaim(claim.subarray(0, 8), old, fresh.name), false);
  for (let i = 0; i < claim.length; i++) {
    const damaged = claim.map((byte, at) => at === i ? byte ^ 1 : byte);
    assert.equal(provesClaim(damaged, old, fresh.name), false, `byte ${i}`);
  }
});
