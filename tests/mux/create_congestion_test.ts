import { test } from "node:test";
import assert from "node:assert/strict";
import type { CongestionController } from "../../src/mux/congestion.ts";
import { type CongestionChoice, createCongestion } from "../../src/mux/create_congestion.ts";
import { Random } from "../../src/random.ts";
import { FixedCongestion } from "../support/fixed_congestion.ts";
import { seededSource } from "../support/seeded_random.ts";

const create = (choice: CongestionChoice | undefined) =>
  createCongestion(choice, 50, new Random(seededSource(1)));

/** What a program in JavaScript may pass. */
const createFrom = (choice: unknown) => create(choice as CongestionChoice);

test("createCongestion() makes the controller of that name, and lift by default", () => {
  for (const name of ["lift", "cubic", "bic", "highspeed"] as const) {
    const controller = create(name);
    assert.equal(controller.name, name);
    assert.equal(controller.window, 16);
    assert.equal(controller.pacingRate, 2 * 16 / 50);
  }
  assert.equal(create(undefined).name, "lift");
});

test("createCongestion() makes a fixed rate, and refuses one that makes no sense", () => {
  assert.equal(create({ name: "fixed", bitsPerSecond: 1e6 }).name, "fixed");
  assert.throws(() => create({ name: "fixed", bitsPerSecond: -5 }), {
    name: "RangeError",
    message: "congestion.bitsPerSecond must be 1,000 to 100,000,000,000, got -5",
  });
  assert.throws(() => createFrom({ name: "fixed" }), {
    message: "congestion.bitsPerSecond must be 1,000 to 100,000,000,000, got undefined",
  });
});

test("createCongestion() takes a controller of one's own", () => {
  const own: CongestionController = new FixedCongestion(20, 5);
  assert.equal(create(own), own);
});

test("createCongestion() refuses an unknown name with an exact message", () => {
  const cases = [["vegas", '"vegas"'], [7, "7"], [null, "null"]] as const;
  for (const [choice, shown] of cases) {
    assert.throws(() => createFrom(choice), {
      name: "RangeError",
      message:
        'congestion must be "lift", "cubic", "bic", "highspeed", a fixed rate or a controller, ' +
        `got ${shown}`,
    });
  }
});

test("createCongestion() refuses an object that is no controller with an exact message", () => {
  const none = () => {};
  const own = { name: "own", window: 10, pacingRate: 1 };
  const methods = { onAck: none, onTimeout: none, onSpuriousLoss: none };
  const cases: readonly (readonly [unknown, string])[] = [
    [own, "congestion must have a method onAck"],
    [{ ...own, ...methods, onTimeout: 1 }, "congestion must have a method onTimeout"],
    [{ ...own, ...methods, onSpuriousLoss: null }, "congestion must have a method onSpuriousLoss"],
    [{ ...own, ...methods, name: 3 }, "congestion.name must be a string"],
    [{ ...own, ...methods, window: NaN }, "congestion.window must be above 0, got NaN"],
    [{ ...own, ...methods, pacingRate: -1 }, "congestion.pacingRate must be above 0, got -1"],
  ];
  for (const [choice, message] of cases) assert.throws(() => createFrom(choice), { message });
});
