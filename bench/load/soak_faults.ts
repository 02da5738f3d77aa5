/**
 * What goes wrong in a soak.
 *
 * @module
 */
import type { LinkConditions } from "../../src/sim/conditions.ts";
import type { Relay } from "../../src/sim/relay.ts";
import { delay } from "../../tests/support/delay.ts";
import type { StreamRelay } from "../../tests/support/stream_relay.ts";

/** Draws a fraction from 0 up to 1. */
export type Draw = () => number;

/** A server, and the ways to it. */
export interface SoakSite {
  /** For datagrams. */
  readonly relay: Relay;
  /** For byte streams. */
  readonly streamRelay: StreamRelay;
  /** Closes the listener, and opens one at the same port. */
  restart(): Promise<void>;
  /** Kills the process, and starts another after a while, ms. */
  crash(downFor: number): Promise<void>;
}

/** Something that goes wrong. */
export interface Fault {
  /** What, for people. */
  readonly name: string;
  /**
   * Lets it happen to a server.
   *
   * @param pace A factor on its times.
   * @returns Settles when it is over; but conditions of the path stay until {@linkcode settle}.
   */
  strike(site: SoakSite, draw: Draw, pace: number): Promise<void> | void;
}

/** The path when nothing is wrong: a short one. */
export const CALM: LinkConditions = {
  delay: 5,
  jitter: 0,
  loss: 0,
  burst: 1,
  reorder: 0,
  reorderDelay: 10,
  duplicate: 0,
  corrupt: 0,
  isDown: false,
};

/** How often the address changes in one fault, and how long lies between, ms. */
const REBINDS = 3;
const REBIND_INTERVAL = 2_000;

/** The same of cuts. */
const CUTS = 10;
const CUT_INTERVAL = 1_000;

/** The fault in which nothing comes through. */
export const BLACKOUT = "blackout";

/** How long it lasts, ms: not so long that the other end counts as dead. */
const BLACKOUT_LENGTH = [500, 12_000] as const;

/** How long a server is down after a crash, ms. */
const DOWN = [200, 5_000] as const;

/** All that can go wrong. */
export const FAULTS: readonly Fault[] = [
  path("loss", (draw) => ({ loss: between(0.02, 0.3, draw) })),
  path("bursts of losses", (draw) => ({ loss: between(0.02, 0.2, draw), burst: 5 })),
  path("delay", (draw) => ({ delay: between(20, 250, draw), jitter: between(0, 60, draw) })),
  path("reordering", (draw) => ({ reorder: 0.3, reorderDelay: between(10, 200, draw) })),
  path("duplication", (draw) => ({ duplicate: between(0.05, 0.5, draw) })),
  path("corruption", (draw) => ({ corrupt: between(0.02, 0.2, draw) })),
  {
    name: BLACKOUT,
    async strike({ relay }, draw, pace) {
      const which = draw();
      const directions = [...which < 0.65 ? [relay.up] : [], ...which > 0.35 ? [relay.down] : []];
      for (const link of directions) link.change({ isDown: true });
      await delay(between(...BLACKOUT_LENGTH, draw) * pace);
      for (const link of directions) link.change({ isDown: false });
    },
  },
  {
    name: "rebinds",
    async strike({ relay }, _draw, pace) {
      for (let i = 0; i < REBINDS; i++) {
        await relay.rebind();
        await delay(REBIND_INTERVAL * pace);
      }
    },
  },
  { name: "TCP cut", strike: ({ streamRelay }) => streamRelay.cut() },
  {
    name: "TCP cuts each second",
    async strike({ streamRelay }, _draw, pace) {
      for (let i = 0; i < CUTS; i++) {
        streamRelay.cut();
        await delay(CUT_INTERVAL * pace);
      }
    },
  },
  { name: "restart", strike: (site) => site.restart() },
  {
    name: "crash",
    strike: (site, draw, pace) => site.crash(between(...DOWN, draw) * pace),
  },
];

/** Ends what has been done to a path. */
export function settle({ relay }: SoakSite): void {
  relay.up.change(CALM);
  relay.down.change(CALM);
}

/** Draws a number. */
export function between(least: number, most: number, draw: Draw): number {
  return least + (most - least) * draw();
}

/** Conditions of one direction or of both. */
function path(name: string, conditions: (draw: Draw) => LinkConditions): Fault {
  return {
    name,
    strike({ relay }, draw) {
      const which = draw();
      if (which < 0.75) relay.up.change(conditions(draw));
      if (which > 0.25) relay.down.change(conditions(draw));
    },
  };
}
