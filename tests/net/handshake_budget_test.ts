import { test } from "node:test";
import assert from "node:assert/strict";
import { HandshakeBudget } from "../../src/net/handshake_budget.ts";

const KEY = new Uint8Array(32).fill(7);

/** A budget under a clock of its own. */
class Spending {
  readonly budget: HandshakeBudget;
  now = 0;
  #sources = 0;

  constructor(share = 0.2) {
    this.budget = new HandshakeBudget(share, KEY);
  }

  /** A source that nobody has heard of. */
  stranger(): string {
    const number = this.#sources++;
    return `10.${number >>> 16}.${number >>> 8 & 255}.${number & 255}`;
  }

  /** Looks at something that costs so much; tells why not. */
  look(cost: number, hostname = this.stranger(), isThere = false) {
    const refusal = this.budget.refusal(hostname, isThere, this.now);
    if (refusal !== undefined) return refusal;
    const since = this.now;
    this.now += cost;
    this.budget.onServed(hostname, since, this.now);
    return "looked";
  }

  /** Lets strangers spend all there is, and a little more. */
  exhaust(): void {
    while (this.budget.canAnswer(false)) this.look(3, this.stranger(), true);
  }
}

test("strangers get their share of the time in the long run, and a moment's worth at once", () => {
  for (const share of [0.05, 0.2, 0.5]) {
    const spending = new Spending(share);
    let spent = 0;
    while (spending.look(0.5) === "looked") spent += 0.5;
    // The other half is for those who come again.
    assert.ok(spent >= 10 && spent <= 10 / (1 - share) + 1, `${spent} ms`);
    spent = 0;
    const since = spending.now;
    while (spending.now < since + 10_000) {
      if (spending.look(0.5) === "looked") spent += 0.5;
      else spending.now += 0.05;
    }
    const part = spent / (spending.now - since);
    assert.ok(Math.abs(part - share) < 0.005, `${part} of ${share}`);
  }
});

test("share 1 is no limit", () => {
  const spending = new Spending(1);
  for (let i = 0; i < 10_000; i++) assert.equal(spending.look(1), "looked");
});

test("a single datagram is charged 10 ms at the most: the rest was somebody else's", () => {
  const spending = new Spending();
  assert.equal(spending.look(5_000), "looked");
  assert.equal(spending.look(0.1), "looked");
});

test("while there is plenty a source may have as much as it likes; then it has 80 datagrams a second", () => {
  const spending = new Spending();
  for (let i = 0; i < 100; i++) assert.equal(spending.look(0.01, "192.0.2.1"), "looked");
  while (spending.look(0.5, "192.0.2.1") === "looked");
  assert.equal(spending.look(0.5, "192.0.2.1"), "source");
  assert.equal(spending.look(0.5, "192.0.2.2"), "share");
  spending.budget.onAnswered("192.0.2.3", spending.now);
  assert.equal(spending.look(0.1, "192.0.2.3"), "looked", "what is left is for others");
});

test("when there is little left whoever comes again is looked at, and nobody for the first time", () => {
  const spending = new Spending();
  while (spending.look(0.5) === "looked");
  assert.equal(spending.look(0.1, "192.0.2.2"), "share");
  assert.equal(spending.look(0.1, "192.0.2.2"), "share", "at once is not as clients do");
  // Others spend what comes in.
  for (let i = 0; i < 100; i++, spending.now += 2) spending.look(0.5, spending.stranger(), true);
  assert.equal(spending.look(0.1, "192.0.2.3"), "share");
  assert.equal(spending.look(0.1, "192.0.2.2"), "looked");
});

test("in debt only those are looked at who are known to be there, and nobody in too much of it", () => {
  const spending = new Spending();
  spending.exhaust();
  assert.equal(spending.budget.canAnswer(false), false);
  assert.equal(spending.budget.canAnswer(true), true);
  assert.equal(spending.look(0.1), "share");
  assert.equal(spending.look(0.1, spending.stranger(), true), "looked", "a token, or a stream");
  const answered = spending.stranger();
  spending.budget.onAnswered(answered, spending.now);
  assert.equal(spending.look(0.1, answered), "looked");
  for (let i = 0; i < 40; i++) spending.look(0.5, spending.stranger(), true);
  assert.equal(spending.look(0.1, spending.stranger(), true), "share");
  assert.equal(spending.budget.canAnswer(true), false);
  spending.now += 200;
  assert.equal(spending.look(0.1), "looked");
});

test("what was done for streams without asking leaves no debt that outlasts it: strangers are let in a moment later", () => {
  const spending = new Spending();
  assert.equal(spending.look(1), "looked");
  // As thousands of connections say noise, each of which is looked at.
  for (let i = 0; i < 1_000; i++) {
    const since = spending.now;
    spending.now += 5;
    spending.budget.onServed(spending.stranger(), since, spending.now);
  }
  spending.now += 200;
  assert.equal(spending.look(1), "looked");
});
