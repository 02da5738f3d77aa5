import { test } from "node:test";
import assert from "node:assert/strict";
import { portableX25519 } from "../../src/crypto/keys.ts";
import { SearchKeys } from "../../src/net/server_search.ts";
import { seededSource } from "../support/seeded_random.ts";

test("SearchKeys are the same for a search that follows another one within a minute, and fresh after that", () => {
  const x25519 = portableX25519(seededSource(1));
  const keys = new SearchKeys();
  const first = keys.begin(x25519, 0);
  // However long the first one took.
  keys.end(3_600_000);
  assert.equal(keys.begin(x25519, 3_659_999), first);
  keys.end(3_700_000);
  const next = keys.begin(x25519, 3_760_000);
  assert.notDeepEqual(next.ephemeral, first.ephemeral);
  assert.notDeepEqual(next.long, first.long);
  assert.notDeepEqual(new SearchKeys().begin(x25519, 0).ephemeral, next.ephemeral);
});
