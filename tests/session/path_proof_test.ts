import { test } from "node:test";
import assert from "node:assert/strict";
import { Random } from "../../src/random.ts";
import { PathProof } from "../../src/session/path_proof.ts";
import { seededSource } from "../support/seeded_random.ts";

const random = new Random(seededSource(1));

/** The numbers of one question. */
const asked = (proof: PathProof) =>
  Array.from({ length: PathProof.probes }, () => proof.next(random) ?? -1);

test("three right answers are a proof, each counted once, in any order and from any question", () => {
  const proof = new PathProof();
  const [a = -1, b = -1] = asked(proof);
  proof.onAnswer(b);
  proof.onAnswer(b);
  proof.onAnswer(b);
  assert.equal(proof.isGiven, false);
  const [, , f = -1] = asked(proof);
  proof.onAnswer(f);
  assert.equal(proof.isGiven, false);
  proof.onAnswer(a);
  assert.equal(proof.isGiven, true);
});

test("begin() forgets what was asked: answers to it are wrong", () => {
  const proof = new PathProof();
  const numbers = asked(proof);
  proof.begin();
  asked(proof);
  for (const number of numbers) proof.onAnswer(number);
  assert.equal(proof.isGiven, false);
});

test("numbers that nobody asked for prove nothing", () => {
  const proof = new PathProof();
  for (let number = 0; number < 10; number++) proof.onAnswer(number);
  assert.equal(proof.isGiven, false);
});

test("whoever guesses wins in none of a million answers", () => {
  const guess = new Random(seededSource(2));
  let won = 0;
  for (let i = 0; i < 2_000; i++) {
    const proof = new PathProof();
    for (let j = 0; j < 500; j++) {
      if (j % 50 === 0) asked(proof);
      proof.onAnswer(guess.between(0, 0xffff));
      if (proof.isGiven) won++;
    }
  }
  assert.equal(won, 0);
});

test("whoever tells all numbers has been wrong too often", () => {
  const proof = new PathProof();
  asked(proof);
  for (let number = 0; number <= 0xffff; number++) {
    proof.onAnswer(number);
    assert.equal(proof.isGiven, false);
  }
});

test("no more than eight questions are remembered", () => {
  const proof = new PathProof();
  for (let i = 0; i < 8; i++) assert.equal(asked(proof).includes(-1), false);
  assert.deepEqual(asked(proof), [-1, -1, -1]);
});
