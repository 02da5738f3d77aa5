import { test } from "node:test";
import assert from "node:assert/strict";
import { type Effort, LossJudge, type Verdict } from "../../src/mux/loss_judge.ts";
import { QueueGauge } from "../../src/mux/queue_gauge.ts";
import { ackSample } from "../support/ack_sample.ts";

const FRAMES = 400;

/** A judge, the counters of the path, and round trips that say how full its queue is. */
class Court {
  readonly gauge = new QueueGauge();
  readonly judge = new LossJudge(this.gauge);
  #sent = 0;
  #arrived = 0;
  #round = 0;

  constructor(effort: Effort = "steady") {
    this.judge.judgeSlack(this.#sample());
    if (effort !== "starting") this.judge.onEffort(effort, -1);
  }

  /** Lets the queue be known: from 50 to 100 ms. */
  knowRange(): this {
    for (const rtt of [50, 50, 50, 50]) this.gauge.onRtt(rtt, 0.1, 0);
    this.gauge.onRound(32, 0);
    this.gauge.onRtt(100, 0.1, 0);
    this.gauge.onRound(32, 0);
    return this;
  }

  /** A round of so many frames, with a loss and a round trip. */
  round(loss: number, rtt = 50, frames = FRAMES, hasGrown = true): Verdict {
    this.gauge.onRtt(rtt, 0.1, 0);
    this.#sent += frames;
    this.#arrived += Math.round(frames * (1 - loss));
    this.#round++;
    this.judge.judgeSlack(this.#sample(rtt));
    const verdict = this.judge.judgeRound(this.#sample(rtt), rtt < 67.5, hasGrown);
    this.gauge.onRound(32, 0);
    return verdict;
  }

  /** The sending goes another way from here on. */
  turn(effort: Effort): void {
    this.judge.onEffort(effort, this.#sent - 1);
  }

  /** A slack phase of one round with a loss; returns whether it ended in doubt. */
  slack(loss: number, rtt = 50): boolean {
    this.turn("slack");
    this.#endsInDoubt(rtt);
    this.round(loss, rtt);
    this.turn("steady");
    return this.#endsInDoubt(rtt);
  }

  /** One more frame arrives. */
  #endsInDoubt(rtt: number): boolean {
    this.#sent++;
    this.#arrived++;
    return this.judge.judgeSlack(this.#sample(rtt));
  }

  #sample(rtt = 50) {
    return ackSample({ highest: this.#sent - 1, total: this.#arrived, round: this.#round, rtt });
  }
}

test("judgeRound() lets the floor follow while the queue is less than half full", () => {
  const court = new Court().knowRange();
  for (let i = 0; i < 10; i++) assert.equal(court.round(0.05), "fine");
  assert.ok(Math.abs(court.judge.floor.rate - 0.05) < 0.01);
  for (let i = 0; i < 4; i++) assert.equal(court.round(0.3), "fine");
  assert.ok(Math.abs(court.judge.floor.rate - 0.3) < 0.02, `${court.judge.floor.rate}`);
});

test("judgeRound() lets the floor follow while the queue is fuller, but never near its top", () => {
  const court = new Court().knowRange();
  for (let i = 0; i < 10; i++) assert.equal(court.round(0.05, 89), "fine");
  assert.ok(Math.abs(court.judge.floor.rate - 0.05) < 0.01);
});

test("judgeRound() counts the round trips of the rounds that it puts together", () => {
  const court = new Court().knowRange();
  court.turn("pressing");
  assert.equal(court.round(0.3, 95, 40), "fine");
  assert.equal(court.round(0.3, 55, 40), "overflow");
  assert.equal(court.round(0.3, 55, 80), "fine");
});

test("judgeRound() calls loss beyond the floor congestion while the queue is nearly full", () => {
  const court = new Court().knowRange();
  for (let i = 0; i < 10; i++) court.round(0.01);
  assert.equal(court.round(0.01, 95), "fine");
  assert.equal(court.round(0.05, 95), "congested");
  assert.ok(court.judge.floor.rate < 0.02);
});

test("judgeRound() calls loss an overflow that was lost while more was sent than the path takes", () => {
  const court = new Court().knowRange();
  court.turn("pressing");
  assert.equal(court.round(0.02, 95), "fine");
  assert.equal(court.round(0.2, 95), "overflow");
  court.turn("steady");
  assert.equal(court.round(0.2, 95), "congested");
});

test("judgeRound() blames no pressure when no round trip came near the top of the range", () => {
  const court = new Court().knowRange();
  court.turn("pressing");
  for (let i = 0; i < 2; i++) assert.equal(court.round(0.2, 89), "fine");
  assert.ok(Math.abs(court.judge.floor.rate - 0.2) < 0.01);
});

test("judgeRound() suspects loss that rises where the queue is too short to be seen", () => {
  const court = new Court();
  for (let i = 0; i < 5; i++) assert.equal(court.round(0), "fine");
  assert.equal(court.judge.isTesting, false);
  assert.equal(court.round(0.15), "suspect");
  assert.equal(court.judge.isTesting, true);
});

test("judgeRound() is alarmed by a rise of more than 20 points", () => {
  const court = new Court();
  for (let i = 0; i < 5; i++) court.round(0);
  assert.equal(court.round(0.3), "alarming");
});

test("judgeSlack() takes loss that stays for the path's: a tenth of it, and in doubt, without proof", () => {
  const court = new Court();
  for (let i = 0; i < 5; i++) court.round(0);
  court.round(0.15);
  assert.equal(court.slack(0.15), true);
  assert.equal(court.judge.isTesting, false);
  const { rate } = court.judge.floor;
  assert.ok(rate > 0.01 && rate < 0.02, `${rate}`);
});

test("judgeSlack() takes all of it when the queue proves to be less than half full", () => {
  const court = new Court();
  for (let i = 0; i < 5; i++) court.round(0);
  court.round(0.15);
  court.knowRange();
  assert.equal(court.slack(0.15), false);
  assert.ok(Math.abs(court.judge.floor.rate - 0.15) < 0.02);
});

test("judgeSlack() takes loss that falls for ours: when it is back within four rounds, it is alarming", () => {
  const court = new Court();
  for (let i = 0; i < 5; i++) court.round(0);
  court.round(0.15);
  assert.equal(court.slack(0), false);
  assert.ok(court.judge.floor.rate < 0.01);
  assert.equal(court.round(0.15), "alarming");
});

test("judgeRound() puts rounds of fewer than 64 frames together", () => {
  const court = new Court();
  for (let i = 0; i < 5; i++) court.round(0);
  assert.equal(court.round(0.5, 50, 40), "fine");
  assert.equal(court.judge.framesOfRound, 0);
  assert.notEqual(court.round(0.5, 50, 40), "fine");
  assert.equal(court.judge.framesOfRound, 80);
});

test("judgeRound() learns while starting as long as the rate grows, and suspects loss that grows with it", () => {
  const court = new Court("starting");
  for (let i = 0; i < 4; i++) assert.equal(court.round(0.1, 50, 50), "fine");
  assert.ok(Math.abs(court.judge.floor.rate - 0.1) < 0.01);
  assert.equal(court.round(0.5, 50, 50), "suspect");
  assert.equal(court.round(0.12, 50, 50, false), "fine");
  assert.ok(court.judge.floor.rate < 0.11);
});

test("LossJudge does not judge what was sent before anybody looked", () => {
  const judge = new LossJudge(new QueueGauge());
  judge.judgeSlack(ackSample({ highest: 1_000_000, total: 10 }));
  judge.onEffort("steady", 1_000_000);
  const later = ackSample({ highest: 1_000_400, total: 410 });
  assert.equal(judge.judgeRound(later, true, true), "fine");
  assert.equal(judge.floor.rate, 0);
});
