import { test } from "node:test";
import assert from "node:assert/strict";
import { Random } from "../../src/random.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { Continuation } from "../../src/net/continuation.ts";
import { makeClaim } from "../../src/net/session_claim.ts";
import { OWN_BITS, SEEN } from "../../src/wire/extension.ts";
import { seededSource } from "../support/seeded_random.ts";

const RTT = 40;

function session(secret: number, role: "client" | "server" = "client"): SessionMachine {
  return new SessionMachine({
    role,
    secret: new Uint8Array(32).fill(secret),
    random: new Random(seededSource(secret)),
  });
}

/** One in which the server has been heard. */
function heard(secret: number): SessionMachine {
  const client = session(secret);
  const packet = new Uint8Array(2_048);
  const length = session(secret, "server").encodeReport(packet, 0);
  assert.equal(client.handleDatagram(packet.subarray(0, length), 0), "newest");
  return client;
}

test("Continuation.asks() once a round trip until the claim is answered, and never without one", () => {
  const continuation = new Continuation();
  assert.equal(continuation.asks(0, RTT), false);
  const next = session(2);
  continuation.claim(session(1), next);
  next.acquaintance.onFrame({ bits: OWN_BITS });
  assert.equal(continuation.judge(next), undefined);
  assert.equal(continuation.asks(0, RTT), true);
  assert.equal(continuation.deadline, Infinity, "the question is on its way");
  assert.equal(continuation.asks(RTT - 1, RTT), false);
  assert.equal(continuation.deadline, RTT, "its answer has come, and said nothing");
  assert.equal(continuation.asks(RTT, RTT), true);
  next.acquaintance.onFrame({ bits: OWN_BITS | SEEN, continued: "yes" });
  assert.equal(continuation.judge(next), "goesOn");
  assert.equal(continuation.isOpen, false);
  assert.equal(continuation.asks(10 * RTT, RTT), false);
  assert.equal(continuation.deadline, Infinity);
});

test("Continuation: whoever is not of our own kind has forgotten", () => {
  const continuation = new Continuation();
  const next = session(2);
  continuation.claim(heard(1), next);
  assert.equal(continuation.isOpen, true);
  assert.equal(continuation.judge(next), "forgotten");
  assert.equal(continuation.isOpen, false);
});

test("Continuation: where nothing was ever heard nothing can be forgotten, but may have ended", () => {
  for (const [continued, fate] of [["unknown", "goesOn"], ["yes", "goesOn"], ["ended", "ended"]]) {
    const continuation = new Continuation();
    const next = session(2);
    continuation.claim(session(1), next);
    next.acquaintance.onFrame({ bits: OWN_BITS | SEEN, continued: continued as "unknown" });
    assert.equal(continuation.judge(next), fate, continued);
  }
});

test("Continuation claims the last session that was heard, and else the first one", () => {
  const claimOf = (sessions: readonly SessionMachine[]) => {
    const continuation = new Continuation();
    for (const [i, each] of sessions.slice(1).entries()) continuation.claim(sessions[i]!, each);
    return sessions.at(-1)!.acquaintance.claim;
  };
  const [first, second, third] = [1, 2, 3].map((secret) => session(secret).identity);
  assert.ok(first && second && third);
  const known = [heard(1), session(2), session(3)];
  assert.deepEqual(claimOf(known), makeClaim(first, third.name));
  const unknown = [session(1), session(2), session(3)];
  assert.deepEqual(claimOf(unknown), makeClaim(first, third.name));
});
