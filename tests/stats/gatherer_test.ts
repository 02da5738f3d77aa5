import { test } from "node:test";
import assert from "node:assert/strict";
import { StatsGatherer } from "../../src/stats/gatherer.ts";

test("StatsGatherer records nothing by default", () => {
  const stats = new StatsGatherer();
  stats.update("ping", 5, 0);
  stats.increment("bytes", 5, 0);
  assert.equal(stats.active, false);
  assert.equal(stats.series("ping"), undefined);
  assert.equal(stats.last("bytes"), undefined);
  assert.deepEqual([...stats], []);
});

test("StatsGatherer.update() records present values, and increment() running totals", () => {
  const stats = new StatsGatherer({ active: true });
  for (const now of [0, 10, 20]) {
    stats.update("ping", 50 + now, now);
    stats.increment("bytes", 100, now);
  }
  assert.deepEqual(Array.from(stats.series("ping") ?? [], ({ value }) => value), [50, 60, 70]);
  assert.deepEqual(Array.from(stats.series("bytes") ?? [], ({ value }) => value), [100, 200, 300]);
  assert.equal(stats.last("ping"), 70);
  assert.equal(stats.last("bytes"), 300);
  assert.equal(stats.last("other"), undefined);
  assert.equal(stats.series("other"), undefined);
});

test("StatsGatherer iterates over its names in the order in which they came up", () => {
  const stats = new StatsGatherer({ active: true });
  stats.update("b", 1, 0);
  stats.update("a", 2, 0);
  stats.update("b", 3, 10);
  assert.deepEqual(Array.from(stats, ([name, series]) => [name, series.length]), [
    ["b", 2],
    ["a", 1],
  ]);
});

test("StatsGatherer gives copies: what is done to them does not reach it", () => {
  const stats = new StatsGatherer({ active: true });
  stats.update("ping", 1, 0);
  stats.series("ping")?.push(2, 100);
  for (const [, series] of stats) series.push(2, 100);
  assert.equal(stats.last("ping"), 1);
});

test("StatsGatherer bounds each series by maxLength", () => {
  const stats = new StatsGatherer({ active: true, maxLength: 8 });
  for (let i = 0; i < 100; i++) stats.update("ping", i, i * 10);
  assert.ok((stats.series("ping")?.length ?? 8) < 8);
});
