import { test } from "node:test";
import assert from "node:assert/strict";
import { HostClock } from "../../src/sim/host_clock.ts";

/** A host whose alarms ring when the test says so. */
class SlowHost {
  time = 0;
  /** Alarms that are armed. */
  readonly alarms: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.time;
  }

  setAlarm(at: number, wake: () => void): Disposable {
    const alarm = { at, wake };
    this.alarms.push(alarm);
    return {
      [Symbol.dispose]: () => {
        const place = this.alarms.indexOf(alarm);
        if (place >= 0) this.alarms.splice(place, 1);
      },
    };
  }

  /** Time has passed, and the alarms that are due ring. */
  ring(time: number): void {
    this.time = time;
    for (const alarm of this.alarms.filter(({ at }) => at <= time)) {
      this.alarms.splice(this.alarms.indexOf(alarm), 1);
      alarm.wake();
    }
  }
}

function setUp() {
  const host = new SlowHost();
  return { host, clock: new HostClock(host) };
}

test("HostClock lets events happen in order when an alarm rings, each at its own time", () => {
  const { host, clock } = setUp();
  const ran: string[] = [];
  for (const at of [20, 10, 30]) clock.at(at, () => void ran.push(`${at} at ${clock.now}`));
  host.ring(25);
  assert.deepEqual(ran, ["10 at 10", "20 at 20"]);
  assert.equal(clock.now, 25);
});

test("HostClock lets an event that is late see its time, so what it asks for is not late as well", () => {
  const { host, clock } = setUp();
  const ran: number[] = [];
  clock.at(10, () => {
    ran.push(clock.now);
    clock.at(clock.now + 5, () => void ran.push(clock.now));
  });
  host.ring(40);
  assert.deepEqual(ran, [10, 15]);
});

test("HostClock holds one alarm at a time, and an earlier event moves it", () => {
  const { host, clock } = setUp();
  for (const at of [50, 20, 80, 30]) clock.at(at, () => {});
  assert.deepEqual(host.alarms.map(({ at }) => at), [20]);
  host.ring(25);
  assert.deepEqual(host.alarms.map(({ at }) => at), [30]);
});

test("enter() lets what is due happen before, and what is caused at once after", () => {
  const { host, clock } = setUp();
  const ran: string[] = [];
  clock.at(10, () => void ran.push("due"));
  host.time = 12;
  clock.enter(() => {
    ran.push(`entered at ${clock.now}`);
    clock.at(clock.now, () => void ran.push("caused"));
    clock.at(clock.now + 1, () => void ran.push("later"));
  });
  assert.deepEqual(ran, ["due", "entered at 12", "caused"]);
  host.ring(13);
  assert.equal(ran.at(-1), "later");
  assert.throws(
    () => clock.enter(() => clock.enter(() => {})),
    new Error("a host clock was entered twice"),
  );
});

test("HostClock takes back what is disposed of, and close() forgets everything", () => {
  const { host, clock } = setUp();
  const ran: number[] = [];
  clock.at(1, () => void ran.push(1))[Symbol.dispose]();
  clock.at(2, () => void ran.push(2));
  host.ring(5);
  clock.at(6, () => void ran.push(6));
  clock.close();
  assert.deepEqual(host.alarms, []);
  clock.at(7, () => void ran.push(7));
  host.ring(100);
  assert.deepEqual(ran, [2]);
});

test("HostClock never goes back", () => {
  const { host, clock } = setUp();
  host.time = 50;
  assert.equal(clock.now, 50);
  host.time = 40;
  assert.equal(clock.now, 50);
});
