import assert from "node:assert/strict";
import { test } from "node:test";
import { takeRoundTrips } from "../../src/cli/round_trips.ts";
import { StatsGatherer } from "../../src/stats/gatherer.ts";
import { currentHost } from "../support/current_host.ts";

const NEVER = new AbortController().signal;

/** A session whose answers come after these times, ms; `undefined`: never. */
function answering(delays: (number | undefined)[]) {
  let framesReceived = 7;
  const timers: ReturnType<typeof setTimeout>[] = [];
  return {
    refresh() {
      const delay = delays.shift();
      if (delay !== undefined) timers.push(setTimeout(() => framesReceived++, delay));
    },
    stats: () => ({ framesReceived }),
  };
}

test("takeRoundTrips() takes the time of each answer, and counts what is not answered", async () => {
  const host = await currentHost();
  const course = new StatsGatherer({ active: true });
  const session = answering([30, undefined, 30]);
  const { sent, times } = await takeRoundTrips(host, { session, course }, 3, NEVER);
  assert.deepEqual([sent, times.length], [3, 2]);
  for (const time of times) assert.ok(time > 25 && time < 1_000, `${time} ms`);
});

test("takeRoundTrips() believes what the session has measured for the question itself", async () => {
  const host = await currentHost();
  const course = new StatsGatherer({ active: true });
  const fields = answering([30, 30]);
  let questions = 0;
  const session = {
    ...fields,
    refresh() {
      fields.refresh();
      const askedAt = host.now();
      // The second time it is a measurement from before the question.
      course.update("raw_ping", questions++ === 0 ? 12.5 : 500, askedAt + 12.5);
    },
  };
  const { times } = await takeRoundTrips(host, { session, course }, 2, NEVER);
  assert.equal(times[0], 12.5);
  assert.ok(Number(times[1]) > 25 && times[1] !== 500, `${times[1]} ms`);
});

test("takeRoundTrips() rejects with the reason of the signal", async () => {
  const host = await currentHost();
  const course = new StatsGatherer({ active: true });
  const session = answering([]);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(takeRoundTrips(host, { session, course }, 1, signal), /enough/);
});
