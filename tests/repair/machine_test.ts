import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteBudget } from "../../src/byte_budget.ts";
import { Recoverer } from "../../src/fec/recoverer.ts";
import { RepairMachine } from "../../src/repair/machine.ts";
import type { ParityFrame } from "../../src/wire/frame.ts";

const BODY = new Uint8Array(160).fill(7);

/** A machine whose path has lost a tenth of 50 frames a second for ten seconds. */
function lossyMachine(options: {
  maxAge: number;
  solvesJointly?: boolean;
  interval?: number;
  /** How many intervals later the report of a frame comes. */
  lateness?: number;
  budget?: ByteBudget;
}) {
  const { maxAge, solvesJointly = false, interval = 20, lateness = 3 } = options;
  const machine = new RepairMachine({}, 0, options.budget);
  if (solvesJointly) machine.onJointSolver();
  let now = 0;
  let frame = 0;
  let total = 0;
  const parity: { at: number; frame: ParityFrame }[] = [];
  const poll = () => {
    for (let next = machine.pollParity(now); next; next = machine.pollParity(now)) {
      parity.push({ at: now, frame: { ...next, body: next.body.slice() } });
    }
  };
  const passUntil = (until: number) => {
    while (machine.deadline <= until) {
      now = Math.max(now, machine.deadline);
      machine.handleTimeout(now);
      poll();
    }
    now = until;
  };
  const send = (age = maxAge, body: Uint8Array = BODY) => {
    machine.onFrameSent(frame++, body, age, now);
    if (frame % 10 !== 5) total++;
    poll();
  };
  const reports: { at: number; highest: number; total: number }[] = [];
  const tick = (age?: number) => {
    send(age);
    if (frame % 10 !== 5) {
      reports.push({ at: now + lateness * interval, highest: frame - 1, total });
    }
    passUntil(now + interval);
    while (reports[0] !== undefined && reports[0].at <= now) {
      const { highest, total } = reports.shift()!;
      machine.onCounters(highest, total, now);
      poll();
    }
  };
  for (let i = 0; i < 10_000 / interval; i++) tick();
  parity.length = 0;
  return { machine, parity, send, tick, passUntil, clock: () => now, nextFrame: () => frame };
}

test("RepairMachine sends nothing on a clean path, and keeps no timer", () => {
  const machine = new RepairMachine({}, 0);
  for (let frame = 0; frame < 1000; frame++) {
    machine.onFrameSent(frame, BODY, 25, frame * 20);
    machine.onCounters(frame, frame + 1, frame * 20 + 10);
    assert.equal(machine.pollParity(frame * 20 + 10), undefined);
    assert.equal(machine.deadline, Infinity);
  }
  assert.equal(machine.paritySent, 0);
});

test("RepairMachine sends nothing for what is not to be repaired", () => {
  const { parity, tick } = lossyMachine({ maxAge: 25 });
  for (let i = 0; i < 5; i++) tick(0);
  parity.length = 0;
  for (let i = 0; i < 200; i++) tick(0);
  assert.equal(parity.length, 0);
});

test("RepairMachine closes a run by the clock of its first frame", () => {
  const { machine, parity, send, passUntil, clock, nextFrame } = lossyMachine({ maxAge: 25 });
  passUntil(clock() + 200);
  parity.length = 0;
  const [first, start] = [nextFrame(), clock()];
  // Frames that come as fast as this would push a deadline out for ever.
  for (let i = 0; i < 60; i++) {
    send();
    passUntil(clock() + 5);
  }
  const earliest = parity.find(({ frame }) => frame.runStart >= first);
  assert.ok(earliest !== undefined);
  assert.ok(earliest.at - start <= 25, `${earliest.at - start}`);
  assert.ok(machine.explain(clock()).wanted > 0);
});

test("RepairMachine has all parity of a run out in time for its first frame", () => {
  const { parity, tick } = lossyMachine({ maxAge: 25 });
  for (let i = 0; i < 200; i++) tick();
  assert.ok(parity.length > 100);
  for (const { at, frame } of parity) {
    const sentAt = frame.runStart * 20;
    assert.ok(at - sentAt <= 25, `${at - sentAt}`);
  }
});

test("RepairMachine never sends two parity frames at once, nor one with the data", () => {
  for (const interval of [1, 20]) {
    const { parity, tick } = lossyMachine({ maxAge: 25, solvesJointly: true, interval });
    for (let i = 0; i < 500; i++) tick();
    for (const [i, { at }] of parity.entries()) {
      assert.ok(at > (parity[i - 1]?.at ?? 0), `${at}`);
      if (interval === 20) assert.ok(at % 20 > 0.04, `${at}`);
    }
  }
});

test("RepairMachine makes parity that rebuilds what was sent, over contiguous frames", () => {
  for (const solvesJointly of [false, true]) {
    const { parity, send, passUntil, clock, nextFrame } = lossyMachine({
      maxAge: 25,
      solvesJointly,
      interval: 1,
    });
    const bodies = new Map<number, Uint8Array>();
    for (let i = 0; i < 200; i++) {
      const body = new Uint8Array(20 + i % 7).fill(i);
      bodies.set(nextFrame(), body);
      send(25, body);
      passUntil(clock() + 1);
    }
    const recoverer = new Recoverer();
    const first = Math.min(...bodies.keys()) + 40;
    const lost = first + 20;
    for (const [frame, body] of bodies) if (frame !== lost) recoverer.onData(frame, body);
    for (const { frame } of parity) {
      if (frame.runStart >= first) recoverer.onParity(frame);
    }
    const rebuilt = recoverer.pollBody();
    assert.equal(rebuilt?.frameNumber, lost);
    assert.deepEqual(rebuilt?.body, bodies.get(lost));
  }
});

test("RepairMachine keeps a run within the memory of the original", () => {
  const { parity, tick } = lossyMachine({ maxAge: 25, interval: 0.25 });
  for (let i = 0; i < 2000; i++) tick();
  assert.ok(parity.length > 0);
  for (const { frame } of parity) {
    assert.ok(frame.dataCount <= 40);
    assert.ok(frame.dataCount + frame.parityCount <= 90);
  }
});

test("RepairMachine sends the original no overlapping runs", () => {
  const { parity, tick } = lossyMachine({ maxAge: 25, interval: 1 });
  for (let i = 0; i < 500; i++) tick();
  const runs = new Map(parity.map(({ frame }) => [frame.runStart, frame.dataCount]));
  let end = 0;
  for (const [start, count] of [...runs].sort(([a], [b]) => a - b)) {
    assert.ok(start >= end, `${start} lies in a run that ends at ${end}`);
    end = start + count;
  }
});

test("RepairMachine repeats a frame that wants repair among many that do not", () => {
  const { parity, tick } = lossyMachine({ maxAge: 25, interval: 1 });
  for (let i = 0; i < 4000; i++) tick(i % 50 === 0 ? 25 : 0);
  parity.length = 0;
  for (let i = 0; i < 4000; i++) tick(i % 50 === 0 ? 25 : 0);
  assert.ok(parity.length > 40 && parity.length < 200, `${parity.length}`);
  assert.ok(parity.every(({ frame }) => frame.dataCount === 1 && frame.runStart % 50 === 0));
});

test("RepairMachine waits for the report of a loss where the age leaves time for it", () => {
  const { machine, parity, tick, clock } = lossyMachine({ maxAge: 200 });
  assert.equal(machine.explain(clock()).mode, "report");
  for (let i = 0; i < 1000; i++) tick();
  // A tenth is lost: parity in advance would be 90 % and more.
  assert.ok(parity.length < 250, `${parity.length}`);
  assert.ok(parity.length > 100, `${parity.length}`);
});

test("RepairMachine repairs the end of a burst, behind which nothing comes", () => {
  for (
    const options of [{ maxAge: 200, interval: 20 }, {
      maxAge: 25,
      solvesJointly: true,
      interval: 1,
    }]
  ) {
    const { parity, tick, passUntil, clock, nextFrame } = lossyMachine(options);
    for (let i = 0; i < 100; i++) tick();
    parity.length = 0;
    const last = nextFrame() - 1;
    passUntil(clock() + 1000);
    const covers = parity.filter(({ frame }) => frame.runStart + frame.dataCount - 1 >= last);
    assert.ok(covers.length > 0, `maxAge ${options.maxAge}`);
  }
});

test("RepairMachine makes no parity over bodies that there was no memory for", () => {
  for (const solvesJointly of [false, true]) {
    for (const lateness of [3, 20]) {
      const budget = new ByteBudget(BODY.length / 2);
      const options = { maxAge: 25, interval: 2, lateness, solvesJointly, budget };
      const { parity, tick } = lossyMachine(options);
      for (let i = 0; i < 1_000; i++) tick();
      assert.equal(parity.length, 0);
    }
  }
});

test("RepairMachine.explain() says why in words", () => {
  const fresh = new RepairMachine({}, 0).explain(0);
  assert.equal(fresh.words, "Nothing is known of the path yet. So there is no parity.");
  const { machine, clock } = lossyMachine({ maxAge: 25 });
  const { words, mode, loss, wanted, gate } = machine.explain(clock());
  assert.match(words, /^The path loses 10\.0 % of \d+ frames\. Runs last 22 ms, /);
  assert.match(words, /% of parity, so that 0\.5 % stay lost\.$/);
  assert.equal(mode, "runs");
  assert.ok(Math.abs(loss - 0.1) < 0.005 && wanted > 0.5 && wanted < 1.5);
  assert.equal(gate, "open");
});

test("RepairMachine survives any counters, and never sends more than the most overhead", () => {
  const reports = fc.array(fc.tuple(fc.nat(2000), fc.nat(2000)), { maxLength: 300 });
  fc.assert(
    fc.property(reports, (list) => {
      const machine = new RepairMachine({ maxOverhead: 2 }, 0);
      machine.onJointSolver();
      let now = 0;
      for (const [frame, [highest, total]] of list.entries()) {
        now += 20;
        machine.onFrameSent(frame, BODY, 25, now);
        machine.onCounters(highest, total, now);
        machine.handleTimeout(now);
        while (machine.pollParity(now) !== undefined);
      }
      assert.ok(machine.paritySent <= 2 * list.length);
    }),
    { numRuns: 50 },
  );
});

test("RepairMachine keeps to a small maxOverhead on a path that asks for more", () => {
  for (const maxAge of [25, 500]) {
    const machine = new RepairMachine({ maxOverhead: 0.1 }, 0);
    let total = 0;
    for (let frame = 0; frame < 1000; frame++) {
      const now = 20 * frame;
      machine.onFrameSent(frame, BODY, maxAge, now);
      if (frame % 5 !== 0) total++;
      machine.onCounters(frame, total, now + 10);
      machine.handleTimeout(now + 10);
      while (machine.pollParity(now + 10) !== undefined);
    }
    assert.ok(machine.paritySent > 50 && machine.paritySent <= 100, `${machine.paritySent}`);
  }
});

test("RepairMachine does not wait for a report that cannot come in time, nor repair all unheard", () => {
  const machine = new RepairMachine({}, 0);
  let total = 0;
  for (let frame = 0; frame < 3000; frame++) {
    const now = 20 * frame;
    machine.onFrameSent(frame, BODY, 6, now);
    if (frame % 50 !== 0) total++;
    machine.onCounters(frame, total, now + 1);
    for (let at = now + 1; at < now + 20; at++) {
      machine.handleTimeout(at);
      while (machine.pollParity(at) !== undefined);
    }
  }
  const { wanted } = machine.explain(60_000);
  assert.ok(machine.paritySent < 1.2 * wanted * 3000 + 50, `${machine.paritySent}, ${wanted}`);
});

test("RepairMachine sends next to nothing when nobody reports any more", () => {
  const { machine, parity, send, passUntil, clock } = lossyMachine({ maxAge: 25 });
  const sendFor = (time: number) => {
    parity.length = 0;
    for (const until = clock() + time; clock() < until;) {
      send();
      passUntil(clock() + 20);
    }
    return parity.length / (time / 20);
  };
  assert.ok(sendFor(1000) > 0.3);
  sendFor(1500);
  assert.ok(sendFor(10_000) < 0.05, `${parity.length}`);
  assert.equal(machine.explain(clock()).mode, "runs");
});

test("RepairMachine.onLossByte() counts where there are no counters at all", () => {
  const machine = new RepairMachine({}, 0);
  for (let frame = 0; frame < 1000; frame++) {
    machine.onFrameSent(frame, BODY, 25, frame * 20);
    machine.onLossByte(25, frame * 20 + 1);
    machine.handleTimeout(frame * 20 + 19);
    while (machine.pollParity(frame * 20 + 19) !== undefined);
  }
  assert.ok(machine.paritySent > 300, `${machine.paritySent}`);
});
