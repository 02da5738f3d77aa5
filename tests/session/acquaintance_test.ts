import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Acquaintance } from "../../src/session/acquaintance.ts";
import {
  type Extension,
  FLOW_LIMIT,
  FRAGMENTS,
  HALF_CLOSE,
  JOINT_PARITY,
  REPEATED_ACKS,
  REPORT,
  SEEN,
} from "../../src/wire/extension.ts";

const OWN = HALF_CLOSE | REPEATED_ACKS | JOINT_PARITY | FLOW_LIMIT | FRAGMENTS;

/** Writes a frame, and returns the block in it. */
function sent(end: Acquaintance): Extension | undefined {
  const { block } = end;
  if (block !== undefined) end.onBlockSent();
  return block;
}

/** One frame in each direction; returns how many blocks were in them. */
function exchange(a: Acquaintance, b: Acquaintance): number {
  const up = sent(a);
  b.onFrame(up);
  const down = sent(b);
  a.onFrame(down);
  return [up, down].filter((block) => block !== undefined).length;
}

test("the first frame carries what this end understands, and does not claim to have seen anything", () => {
  assert.deepEqual(new Acquaintance().block, { bits: OWN });
});

test("until its block has come the other side counts as the original", () => {
  const end = new Acquaintance();
  for (let i = 0; i < 100; i++) end.onFrame(undefined);
  assert.equal(end.isOwnKind, false);
  end.onFrame({ bits: 0 });
  assert.equal(end.isOwnKind, true);
  end.onFrame(undefined);
  assert.equal(end.isOwnKind, true);
});

test("the other side solves jointly when its block says so, and not before", () => {
  const end = new Acquaintance();
  assert.equal(end.solvesJointly, false);
  end.onFrame({ bits: OWN & ~JOINT_PARITY });
  assert.equal(end.solvesJointly, false);
  end.onFrame({ bits: OWN | SEEN });
  end.onFrame(undefined);
  assert.equal(end.solvesJointly, true);
});

test("the original never answers: the block stands in every frame, for ever", () => {
  const end = new Acquaintance();
  for (let i = 0; i < 10_000; i++) {
    assert.deepEqual(sent(end), { bits: OWN });
    end.onFrame(undefined);
  }
});

test("once the other side's block has come ours says so", () => {
  const end = new Acquaintance();
  end.onFrame({ bits: HALF_CLOSE });
  assert.deepEqual(end.block, { bits: OWN | SEEN });
});

test("each side puts its block into every frame until a block with the bit SEEN has come", () => {
  const end = new Acquaintance();
  for (let i = 0; i < 1_000; i++) {
    assert.notEqual(sent(end), undefined);
    end.onFrame({ bits: OWN });
  }
  end.onFrame({ bits: OWN | SEEN });
  sent(end); // at most the answer to a late block
  assert.equal(sent(end), undefined);
});

test("a side that is seen at once goes on for 8 frames, and not for longer", () => {
  const end = new Acquaintance();
  end.onFrame({ bits: OWN | SEEN });
  for (let i = 0; i < 8; i++) assert.deepEqual(sent(end), { bits: OWN | SEEN }, `frame ${i}`);
  assert.equal(sent(end), undefined);
});

test("a late block is answered now and then: every 16th, with one", () => {
  const end = new Acquaintance();
  end.onFrame({ bits: OWN | SEEN });
  while (sent(end) !== undefined);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 15; i++) {
      end.onFrame({ bits: OWN });
      assert.equal(end.block, undefined);
    }
    end.onFrame({ bits: OWN });
    assert.deepEqual(sent(end), { bits: OWN | SEEN });
    assert.equal(sent(end), undefined);
  }
});

test("a claim that is repeated after its answer is answered each time: nothing of that has come", () => {
  const server = new Acquaintance();
  const continuation = new Uint8Array(24).fill(1);
  server.onFrame({ bits: OWN | SEEN, continuation });
  server.setAnswer("yes");
  while (sent(server) !== undefined);
  for (let round = 0; round < 3; round++) {
    server.onFrame({ bits: OWN | SEEN, continuation });
    assert.deepEqual(sent(server), { bits: OWN | SEEN, continued: "yes" });
    assert.equal(sent(server), undefined);
  }
});

test("what the other side understands is what its newest block says", () => {
  const end = new Acquaintance();
  end.onFrame({ bits: SEEN });
  end.onFrame({ bits: OWN });
  assert.equal(end.isOwnKind, true);
  for (let i = 0; i < 8; i++) sent(end);
  assert.equal(end.block, undefined, "seen once is seen for good");
});

test("both sides fall silent after a few frames when nothing is lost", () => {
  const [a, b] = [new Acquaintance(), new Acquaintance()];
  let frames = 0;
  while (exchange(a, b) > 0) frames++;
  assert.ok(frames <= 9, `${frames}`);
  for (let i = 0; i < 1_000; i++) assert.equal(exchange(a, b), 0);
  assert.ok(a.isOwnKind && b.isOwnKind);
});

test("both sides know each other and fall silent, whatever was lost before", () => {
  const frame = fc.record({ isUp: fc.boolean(), isLost: fc.boolean() });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 300, size: "max" }), (frames) => {
      const [a, b] = [new Acquaintance(), new Acquaintance()];
      for (const { isUp, isLost } of frames) {
        const [from, to] = isUp ? [a, b] : [b, a];
        const block = sent(from);
        if (!isLost) to.onFrame(block);
      }
      for (let i = 0; i < 40; i++) exchange(a, b);
      assert.ok(a.isOwnKind && b.isOwnKind);
      for (let i = 0; i < 40; i++) assert.equal(exchange(a, b), 0);
    }),
    { numRuns: 1_000 },
  );
});

test("both sides fall silent in the middle of any loss below one half, too", () => {
  const losses = fc.infiniteStream(fc.boolean());
  fc.assert(
    fc.property(losses, (isLost) => {
      const [a, b] = [new Acquaintance(), new Acquaintance()];
      for (let i = 0; i < 2_000; i++) {
        const [from, to] = i % 2 === 0 ? [a, b] : [b, a];
        const block = sent(from);
        if (!isLost.next().value) to.onFrame(block);
      }
      assert.equal(a.block, undefined);
      assert.equal(b.block, undefined);
    }),
    { numRuns: 200 },
  );
});

test("setGoodbye() puts a goodbye into each block from then on, beside a claim that is not answered yet", () => {
  const claim = new Uint8Array(24).fill(3);
  const [end, other] = [new Acquaintance(), new Acquaintance()];
  end.setClaim(claim);
  end.setGoodbye("inOrder");
  assert.deepEqual(end.block, { bits: OWN, continuation: claim, goodbye: "inOrder" });
  assert.equal(other.goodbye, undefined);
  other.onFrame(end.reportBlock);
  assert.equal(other.goodbye, "inOrder");
  // It cannot be taken back, nor changed.
  other.onFrame({ bits: OWN, goodbye: "cut" });
  other.onFrame({ bits: OWN });
  assert.equal(other.goodbye, "inOrder");
});

test("onHello() proves nothing: whoever knows the server's key can have written into its answer", () => {
  const end = new Acquaintance();
  end.onHello({ bits: OWN | SEEN, goodbye: "cut", continued: "ended" });
  assert.deepEqual([end.isOwnKind, end.goodbye, end.continued], [false, undefined, undefined]);
  assert.deepEqual([end.solvesJointly, end.joinsFragments], [false, false]);
  assert.deepEqual(end.block, { bits: OWN }, "nothing was seen");
  assert.deepEqual(end.reportBlock, { bits: OWN | REPORT });
  const stranger = new Acquaintance();
  stranger.onHello(undefined);
  assert.equal(stranger.mayBeOwnKind, false);
});

test("mayBeOwnKind: what a hello says is denied by a frame that had room for a block, and proved by a block", () => {
  for (const [bodyLength, isDenied] of [[0, true], [500, true], [501, false]] as const) {
    const end = new Acquaintance();
    end.onHello({ bits: OWN });
    end.onFrame(undefined, bodyLength);
    assert.equal(end.mayBeOwnKind, !isDenied, `${bodyLength}`);
    end.onFrame({ bits: OWN });
    end.onFrame(undefined, bodyLength);
    assert.deepEqual([end.mayBeOwnKind, end.isOwnKind], [true, true]);
  }
});
