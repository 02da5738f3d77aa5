import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { HoleWatch, LEAST_PACKET } from "../../src/session/hole_watch.ts";
import { seededFraction } from "../support/seeded_random.ts";

/** A watch, and a path that loses what it is told to; each report comes a round trip later. */
class Path {
  readonly watch = new HoleWatch();
  now = 0;
  #frame = 0;
  #highest = -1;
  #total = 0;

  send(length: number): number {
    this.watch.onSent(this.#frame, length, this.now);
    return this.#frame++;
  }

  arrive(frame: number): void {
    this.#highest = Math.max(this.#highest, frame);
    this.#total++;
  }

  report(): number {
    return this.#total === 0 ? 0 : this.watch.onCounters(this.#highest, this.#total, this.now);
  }

  /** Sends packets, of which these arrive, and hears of it after `rtt`. */
  flight(lengths: readonly number[], arrives: (length: number) => boolean, rtt = 50): number {
    for (const length of lengths) {
      const frame = this.send(length);
      if (arrives(length)) this.arrive(frame);
    }
    this.now += rtt;
    return this.report();
  }

  get isAlarmed(): boolean {
    return this.watch.isAlarmed(this.now);
  }
}

const always = () => true;

test("HoleWatch proves the length of H itself, to four bytes", () => {
  for (const length of [549, 600, 1_352, 1_399, 1_400]) {
    const path = new Path();
    const proven = path.flight(
      [1_400, 1_400, length],
      (each) => each === length || length === 1_400,
    );
    assert.ok(proven >= length && proven < length + 4, `${proven} of ${length}`);
  }
  assert.equal(new Path().flight([100, LEAST_PACKET], always), 0, "short ones prove nothing");
});

test("HoleWatch: where a of the frames have arrived the a-th shortest of them is proven", () => {
  // Three of four: one of the two long ones is among them.
  const path = new Path();
  path.send(1_400);
  const second = path.send(1_400);
  const third = path.send(100);
  const fourth = path.send(100);
  for (const frame of [second, third, fourth]) path.arrive(frame);
  assert.ok(path.report() >= 1_400);
  // Two of four: it may have been the short ones.
  const other = new Path();
  assert.equal(other.flight([1_400, 1_400, 100, 100], (length) => length === 100), 0);
});

test("HoleWatch never proves more than what arrived", () => {
  const lengths = fc.array(fc.integer({ min: 40, max: 1_400 }), { minLength: 1, maxLength: 90 });
  fc.assert(fc.property(lengths, fc.infiniteStream(fc.boolean()), (sent, fate) => {
    const path = new Path();
    let longest = 0;
    const proven = path.flight(sent, (length) => {
      const arrives = fate.next().value;
      if (arrives) longest = Math.max(longest, length);
      return arrives;
    });
    assert.ok(proven < longest + 4, `${proven} proven of ${longest}`);
  }));
});

test("HoleWatch: there is an alarm when eight long frames are missed in a row over half the patience, and not before", () => {
  const path = new Path();
  path.flight([1_400], always);
  for (let i = 0; i < 8; i++) {
    assert.equal(path.isAlarmed, false, `${i} missed`);
    path.flight([1_400, 100], (length) => length < 1_300, 30);
  }
  assert.ok(path.isAlarmed);
  assert.equal(path.watch.suspect, 1_400);
});

test("HoleWatch: after an outage there is no alarm when the next long frame comes", () => {
  const path = new Path();
  for (let i = 0; i < 20; i++) path.flight([1_400], always);
  for (let i = 0; i < 200; i++) path.send(1_400);
  path.now += 250;
  path.flight([100], always);
  assert.equal(path.isAlarmed, false);
  path.flight([1_400], always);
  path.now += 1_000;
  assert.equal(path.isAlarmed, false);
});

test("HoleWatch: there is an alarm when two are missed over twice the patience", () => {
  const path = new Path();
  for (let i = 0; i < 20; i++) path.flight([1_400], always);
  const { patience } = path.watch;
  assert.equal(patience, 300);
  for (let i = 0; i < 2; i++) path.flight([1_400, 100], (length) => length < 1_300, 10);
  const since = path.now - 10;
  for (; path.now < since + 2 * patience; path.flight([100], always, 10)) {
    assert.equal(path.isAlarmed, false, `after ${path.now - since} ms`);
  }
  assert.ok(path.isAlarmed);
});

test("HoleWatch: a proof as long as all that was missed ends the matter", () => {
  const path = new Path();
  for (let i = 0; i < 7; i++) path.flight([1_380, 100], (length) => length < 1_300, 30);
  path.flight([1_380], always, 30);
  for (let i = 0; i < 7; i++) path.flight([1_380, 100], (length) => length < 1_300, 30);
  assert.equal(path.isAlarmed, false);
});

test("HoleWatch: shorter ones that pass do not hide that the longest do not", () => {
  const path = new Path();
  const lengths = [1_380, 1_400, 1_384, 1_396, 1_388, 1_392];
  for (let i = 0; i < 8 && !path.isAlarmed; i++) {
    path.flight([...lengths, 1_380], (length) => length <= 1_392, 40);
  }
  assert.ok(path.isAlarmed);
});

test("HoleWatch: loss by chance raises few alarms", () => {
  for (const [loss, most] of [[0.1, 0], [0.3, 12]] as const) {
    const chance = seededFraction(5);
    const path = new Path();
    let alarms = 0;
    for (let i = 0; i < 20_000; i++) {
      path.flight([1_400 - i % 11], () => chance() >= loss, 20);
      if (!path.isAlarmed) continue;
      alarms++;
      path.watch.forget();
    }
    assert.ok(alarms <= most, `${alarms} alarms at ${loss}`);
  }
});

test("HoleWatch: nothing heard for the patience is an alarm when two long frames are on their way", () => {
  const path = new Path();
  for (let i = 0; i < 20; i++) path.flight([1_400], always);
  path.send(1_400);
  assert.equal(path.watch.deadline, Infinity, "one is lost now and then");
  path.send(1_400);
  const { deadline, patience } = path.watch;
  assert.equal(deadline, path.now + patience);
  path.now = deadline - 1;
  assert.equal(path.isAlarmed, false);
  path.now = deadline;
  assert.ok(path.isAlarmed);
});

test("HoleWatch: short frames on their way are no reason for an alarm", () => {
  const path = new Path();
  for (let i = 0; i < 20; i++) path.send(LEAST_PACKET);
  assert.equal(path.watch.deadline, Infinity);
});

test("HoleWatch: the patience follows the round trip, between 300 ms and 1 s", () => {
  assert.equal(new HoleWatch().patience, 300);
  for (
    const [rtt, least, most] of [[20, 300, 300], [400, 400, 480], [3_000, 1_000, 1_000]] as const
  ) {
    const path = new Path();
    for (let i = 0; i < 40; i++) path.flight([1_400, 1_400], always, rtt);
    const { patience } = path.watch;
    assert.ok(patience >= least && patience <= most, `${patience} at ${rtt} ms`);
  }
});

test("HoleWatch: frames that come late are not missed", () => {
  const path = new Path();
  for (let i = 0; i < 100; i++) {
    const late = path.send(1_400);
    path.arrive(path.send(100));
    path.now += 5;
    path.report();
    path.arrive(late);
    path.arrive(path.send(100));
    path.now += 5;
    path.report();
    assert.equal(path.isAlarmed, false);
  }
});

test("HoleWatch: after forget() what was sent before means nothing", () => {
  const path = new Path();
  for (let i = 0; i < 20; i++) path.send(1_400);
  path.now += 5_000;
  assert.ok(path.isAlarmed);
  path.watch.forget();
  assert.equal(path.isAlarmed, false);
  assert.equal(path.watch.deadline, Infinity);
});
