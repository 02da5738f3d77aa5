import { test } from "node:test";
import assert from "node:assert/strict";
import { TOKEN_AGE, TOKEN_LENGTH } from "../../src/handshake/token_keeper.ts";
import { Answering, EPOCH_SECONDS, MINUTE, resumeOf } from "../support/answering_responder.ts";

test("after its clock was set whoever agrees with the new one, or with the one before, is heard", () => {
  for (const step of [-3_600, -121, 121, 17 * 60, 14 * 3_600]) {
    const answering = new Answering();
    const { token } = answering.shakeHands();
    const now = 300_000;
    const epochSeconds = EPOCH_SECONDS + now / 1_000 + step;
    for (const minute of [MINUTE + 5, Math.floor(epochSeconds / 60)]) {
      const resume = answering.forger.packet("up", minute, resumeOf(token));
      assert.equal(answering.handle(resume, now, epochSeconds).kind, "resume", `${step} s`);
      const hello = answering.forger.packet("up", minute, answering.hello, { length: 200 });
      const outcome = answering.handle(hello, now, epochSeconds);
      // A hello that both clocks take is answered under the minute of the new one.
      const isBoth = Math.abs(minute - epochSeconds / 60) < 3;
      const answer = answering.answer(outcome, isBoth ? Math.floor(epochSeconds / 60) : minute);
      assert.equal(answer.resumeToken.length, TOKEN_LENGTH);
      assert.equal(answering.handle(hello, now, epochSeconds).kind, "replayed");
    }
    for (const off of [-3, 3]) {
      for (const minute of [MINUTE + 5, Math.floor(epochSeconds / 60)]) {
        const hello = answering.forger.packet("up", minute + off, answering.hello, { length: 200 });
        const { kind } = answering.handle(hello, now, epochSeconds);
        if (Math.abs(step) > 300) assert.equal(kind, "ignored", `${step} s, ${off} minutes off`);
      }
    }
  }
});

test("a clock that only drifts is not taken for one that was set", () => {
  const answering = new Answering();
  const { token } = answering.shakeHands();
  let now = 0;
  let epochSeconds = EPOCH_SECONDS;
  for (let i = 0; i < 20; i++) {
    now += 60_000;
    epochSeconds += 60 + 30;
    answering.handle(new Uint8Array(200), now, epochSeconds);
  }
  const stale = answering.forger.packet("up", MINUTE + 20, resumeOf(token));
  assert.equal(answering.handle(stale, now, epochSeconds).kind, "ignored");
  const minute = Math.floor(epochSeconds / 60);
  const good = answering.forger.packet("up", minute, resumeOf(token));
  assert.equal(answering.handle(good, now, epochSeconds).kind, "resume");
});

test("tokens and the memory of hellos keep to the monotonic clock: setting the other changes nothing", () => {
  for (const step of [-14 * 3_600, -3_600, 3_600, 14 * 3_600]) {
    const answering = new Answering();
    const minute = Math.floor((EPOCH_SECONDS + step) / 60);
    const epochSeconds = EPOCH_SECONDS + step;
    const before = answering.forger.packet("up", MINUTE, answering.hello, { length: 200 });
    const { resumeToken } = answering.answer(answering.handle(before));
    const resumed = answering.handle(
      answering.forger.packet("up", minute, resumeOf(resumeToken)),
      1_000,
      epochSeconds,
    );
    assert.ok(resumed.kind === "resume");
    assert.ok(answering.responder.openToken(resumed.resume, TOKEN_AGE) !== undefined);
    const after = answering.forger.packet("up", minute, answering.hello, { length: 200 });
    assert.equal(answering.handle(after, 1_000, epochSeconds).kind, "answer");
    assert.equal(answering.handle(after, 2_000, epochSeconds).kind, "replayed");
    // Set back to what it was.
    assert.equal(answering.handle(before, 3_000, EPOCH_SECONDS + 3).kind, "replayed");
  }
});

test("the clock from before it was set is forgotten a day after anybody went by it", () => {
  const day = 86_400_000;
  const step = 3_600;
  const answering = new Answering();
  answering.handle(new Uint8Array(200), 0, EPOCH_SECONDS);
  const { token } = answering.shakeHands();
  /** Whether a resume by the former clock is heard. */
  const isHeard = (now: number) => {
    const minute = Math.floor((EPOCH_SECONDS + now / 1000) / 60);
    const resume = answering.forger.packet("up", minute, resumeOf(token));
    return answering.handle(resume, now, EPOCH_SECONDS + now / 1000 + step).kind === "resume";
  };
  /** Somebody speaks by the clock as it is. */
  const pass = (now: number) => {
    const epochSeconds = EPOCH_SECONDS + now / 1000 + step;
    const resume = answering.forger.packet("up", Math.floor(epochSeconds / 60), resumeOf(token));
    assert.equal(answering.handle(resume, now, epochSeconds).kind, "resume");
  };
  pass(1_000);
  assert.equal(isHeard(0.9 * day), true);
  pass(1.2 * day);
  assert.equal(isHeard(1.8 * day), true, "whoever goes by it keeps it");
  pass(2.5 * day);
  pass(2.9 * day);
  assert.equal(isHeard(2.9 * day), false);
});
