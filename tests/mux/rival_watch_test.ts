import { test } from "node:test";
import assert from "node:assert/strict";
import type { AckSample } from "../../src/mux/congestion.ts";
import { RivalWatch } from "../../src/mux/rival_watch.ts";
import { ackSample } from "../support/ack_sample.ts";

/** A watch that sees 500 packets in flight on a crowded path that loses nothing of its own. */
class Watched {
  readonly watch = new RivalWatch();
  now = 0;
  sent = 500;

  report(change: Partial<AckSample> = {}, isCrowded = true, floor = 0, isExcess = false): number {
    const { now, sent } = this;
    const sample = ackSample({
      now,
      highest: sent - 500,
      newestSent: sent,
      priorInFlight: 500,
      ...change,
    });
    this.watch.onAck(sample, isCrowded, floor, isExcess);
    return this.watch.window;
  }
}

test("window has no bound while nothing is lost, or nobody else holds the queue", () => {
  const watched = new Watched();
  assert.equal(watched.report(), Infinity);
  assert.equal(watched.report({ lost: 3 }, false), Infinity);
});

test("window shrinks to four fifths of the inflight for a loss, once a round trip", () => {
  const watched = new Watched();
  assert.equal(watched.report({ lost: 1 }), 400);
  watched.sent = 1_000;
  assert.equal(watched.report({ lost: 1 }), 400);
  watched.sent = 1_001;
  assert.equal(watched.report({ lost: 1 }), 320);
});

test("window is cut by what was in flight before, when a loss is reported during a probe", () => {
  const watched = new Watched();
  watched.report({ round: 1 });
  assert.equal(watched.report({ round: 8, lost: 1, priorInFlight: 60 }), 400);
});

test("window is never less than four", () => {
  const watched = new Watched();
  assert.equal(watched.report({ lost: 1, priorInFlight: 2 }), 4);
});

test("window grows by 30 packets a second while it is in use, small ones by a quarter", () => {
  const watched = new Watched();
  watched.report({ lost: 1 });
  watched.now = 100;
  assert.equal(watched.report(), 403);
  watched.now = 200;
  assert.equal(watched.report({ priorInFlight: 322 }), 403);
  const small = new Watched();
  small.report({ lost: 1, priorInFlight: 50 });
  small.now = 100;
  assert.equal(small.report(), 41);
});

test("window has no bound any more when nobody else holds the queue", () => {
  const watched = new Watched();
  assert.equal(watched.report({ lost: 1 }), 400);
  assert.equal(watched.report({}, false), Infinity);
});

test("onAck() blames a loss on nobody that the path's own explains", () => {
  const watched = new Watched();
  assert.equal(watched.report({ lost: 5 }, true, 0.01), Infinity);
  assert.equal(watched.report({ lost: 5 }, true, 0.01, true), 400);
});
