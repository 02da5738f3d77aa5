/**
 * Which controllers there are, and how one is chosen.
 *
 * | name        | slows down for                          | for |
 * | ----------- | --------------------------------------- | --- |
 * | `lift`      | a queue, and loss beyond the path's own | the default: fills lossy links, keeps queues short |
 * | `cubic`     | every loss                              | links that lose nothing, shared with TCP |
 * | `bic`       | every loss                              | the same; the original's |
 * | `highspeed` | every loss                              | the same, and very fast ones: RFC 3649 |
 * | `fixed`     | nothing                                 | a link of one's own whose rate is known |
 *
 * @module
 */
import type { Random } from "../random.ts";
import { BicGrowth } from "./bic.ts";
import type { CongestionController } from "./congestion.ts";
import { CubicGrowth } from "./cubic.ts";
import { FixedRate, type FixedRateOptions } from "./fixed_rate.ts";
import { HighSpeedGrowth } from "./highspeed.ts";
import { Lift } from "./lift.ts";
import { LossBased } from "./loss_based.ts";

/** A controller by its name, a fixed rate, or an object of one's own for this multiplex alone. */
export type CongestionChoice =
  | "lift"
  | "cubic"
  | "bic"
  | "highspeed"
  | FixedRateOptions
  | CongestionController;

const METHODS = ["onAck", "onTimeout", "onSpuriousLoss"] as const;

/**
 * Makes the controller that was chosen.
 *
 * @param rtt A first guess of the round trip, ms.
 * @throws RangeError for an unknown name or a setting out of range, TypeError for an object that is
 * no controller.
 */
export function createCongestion(
  choice: CongestionChoice | undefined,
  rtt: number,
  random: Random,
): CongestionController {
  switch (choice) {
    case undefined:
    case "lift":
      return new Lift(rtt, random);
    case "cubic":
      return new LossBased(new CubicGrowth(), rtt);
    case "bic":
      return new LossBased(new BicGrowth(), rtt);
    case "highspeed":
      return new LossBased(new HighSpeedGrowth(), rtt);
  }
  if (typeof choice !== "object" || choice === null) {
    const got = typeof choice === "string" ? `"${choice}"` : String(choice);
    throw new RangeError(
      `congestion must be "lift", "cubic", "bic", "highspeed", a fixed rate or a controller, got ${got}`,
    );
  }
  if (!("onAck" in choice) && choice.name === "fixed") return new FixedRate(choice);
  checkController(choice);
  return choice;
}

/** What it says of itself is looked at once: later it is asked for every packet. */
function checkController(
  choice: CongestionController | FixedRateOptions,
): asserts choice is CongestionController {
  const members: Partial<CongestionController> = choice;
  for (const method of METHODS) {
    if (typeof members[method] !== "function") {
      throw new TypeError(`congestion must have a method ${method}`);
    }
  }
  if (typeof members.name !== "string") throw new TypeError("congestion.name must be a string");
  for (const figure of ["window", "pacingRate"] as const) {
    const value = members[figure];
    if (typeof value !== "number" || !(value > 0)) {
      throw new RangeError(`congestion.${figure} must be above 0, got ${String(value)}`);
    }
  }
}
