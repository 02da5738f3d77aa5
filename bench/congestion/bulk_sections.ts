/**
 * One bulk stream: the rows with floors, the grid, and odd paths.
 *
 * @module
 */
import type { CongestionChoice, LinkConditions } from "../../src/adapters/sim.ts";
import { type Cell, type Row, type Section, seeded } from "./cell.ts";
import type { PathShape } from "./lab.ts";
import { FAST, LONG, losing, LOSSES, named, type NamedPath, SLOW } from "./paths.ts";
import { bulk } from "./scenario.ts";

const FLOORS: readonly (readonly [NamedPath, readonly number[]])[] = [
  [FAST, [0.97, 0.97, 0.96, 0.96, 0.94, 0.93]],
  [LONG, [0.95, 0.94, 0.94, 0.93, 0.92, 0.80]],
  [SLOW, [0.97, 0.96, 0.95, 0.94, 0.88, 0.85]],
];

const SEEDS = 10;
const GRID_SECONDS = 6;

/** Share of the link, with floors. */
export const floors: Section = {
  title: "One bulk stream over a path that loses",
  text: "Share of link x (1 - loss) x 0.933, the largest share that 1,400-byte packets leave for " +
    "streams, over 12 s after the first 3 s; loss both ways. Mean of ten seeds, and the lowest.",
  header: ["path", ...LOSSES.map(({ name }) => name)],
  rows: FLOORS.map(([path, least]) => ({
    label: [path.name],
    entries: LOSSES.map(({ name, bad }, i) => ({
      cells: bulkCells(`bulk, lift, ${path.name}, ${name}`, losing(path, bad), "lift", SEEDS, 12),
      figure: "share",
      worst: "lowest",
      least: least[i],
    })),
  })),
};

/** The same runs: what they cost. */
export const costs: Section = {
  title: "The same runs: queue, and what goes back",
  text: "Delay at the bottleneck, p95, ms; what was dropped there, % of what was sent; needless " +
    "retransmissions, %; bytes that go back for 100 bytes that go forth. Mean and highest.",
  header: ["path", "loss", "queue", "dropped", "needless", "back"],
  rows: floors.rows.flatMap(({ label, entries }) =>
    entries.map(({ cells }, i): Row => ({
      label: [...label, LOSSES[i]!.name],
      entries: ["queue", "dropped", "needless", "back"].map((figure) => ({
        cells,
        figure,
        worst: "highest",
      })),
    }))
  ),
};

const CONTROLLERS: readonly (readonly [string, (path: PathShape) => CongestionChoice])[] = [
  ["lift", () => "lift"],
  ["cubic", () => "cubic"],
  ["bic", () => "bic"],
  ["highspeed", () => "highspeed"],
  ["fixed", ({ rate }) => ({ name: "fixed", bitsPerSecond: rate * 1e6 })],
];

const RATES = [2, 20, 100];
const RTTS = [10, 50, 200];

/** Controllers x losses x round trips x rates. */
export const grid: Section = {
  title: "Controllers x losses x round trips x rates",
  text: `The same share over ${GRID_SECONDS} s after the first 3 s; the queue holds one ` +
    "bandwidth-delay product, at least 20 packets; one seed. `fixed` is told the link's rate.",
  header: ["path", "controller", ...LOSSES.map(({ name }) => name)],
  rows: RATES.flatMap((rate) =>
    RTTS.flatMap((rtt) =>
      CONTROLLERS.map(([name, choose]): Row => {
        const path = named(rate, rtt, Math.max(20, Math.round(rate * rtt * 125 / 1428)));
        return {
          label: [path.name, name],
          entries: LOSSES.map((loss) => {
            const id = `grid, ${name}, ${path.name}, ${loss.name}`;
            const cells = bulkCells(id, losing(path, loss.bad), choose(path), 1, GRID_SECONDS);
            return { cells, figure: "share", worst: "lowest" };
          }),
        };
      })
    )
  ),
};

const ODD: readonly (readonly [string, PathShape, number?])[] = [
  ...[1, 2, 5, 10, 20, 100, 300].flatMap((rtt): [string, PathShape][] => {
    const path = named(100, rtt, Math.max(100, Math.round(rtt * 8.75)));
    return [[path.name, path], [`${path.name}, 5 % loss`, losing(path, { loss: 0.05 })]];
  }),
  ["20 Mbit/s, 300 ms, queue 530, 5 % loss", losing(named(20, 300, 530), { loss: 0.05 })],
  ...conditions("delivered every 10 ms", { clump: 10 }),
  ...conditions("delivered every 20 ms", { clump: 20 }),
  ...reordered("20 % held back by up to 20 ms", { reorder: 0.2, reorderDelay: 20 }),
  ["100 Mbit/s forth, 2 back", { ...FAST, back: { rate: 2, queue: 50 } }],
  ["the same, 1 % loss", { ...FAST, bad: { loss: 0.01 }, back: { rate: 2, queue: 50 } }],
  ["the same, 5 % loss", { ...FAST, bad: { loss: 0.05 }, back: { rate: 2, queue: 50 } }],
  ...[20, 50, 100, 150].flatMap((queue): [string, PathShape][] => [
    [`queue of ${queue} packets`, { ...FAST, queue }],
    [`the same, 5 % loss`, { ...FAST, queue, bad: { loss: 0.05 } }],
  ]),
  ["CoDel instead of drop-tail", { ...FAST, bad: { discipline: "codel" } }],
  ["30 % loss", losing(FAST, { loss: 0.3 })],
];

/** Odd paths. */
export const odd: Section = {
  title: "Odd paths",
  text:
    "100 Mbit/s, 50 ms, queue 400 where nothing else is said. Figures as above; 8 s after the " +
    "first 3 s; mean of three seeds, and the worst.",
  header: ["path", "share", "queue", "dropped", "needless", "back"],
  rows: ODD.map(([name, path, mostNeedless], i): Row => {
    const cells = bulkCells(`odd ${i}, ${name}`, path, "lift", 3, 8);
    return {
      label: [name],
      entries: [
        { cells, figure: "share", worst: "lowest" },
        { cells, figure: "queue", worst: "highest" },
        { cells, figure: "dropped", worst: "highest" },
        { cells, figure: "needless", worst: "highest", most: mostNeedless },
        { cells, figure: "back", worst: "highest" },
      ],
    };
  }),
};

function conditions(name: string, bad: LinkConditions): [string, PathShape][] {
  return [
    [name, losing(FAST, bad)],
    ["the same, 5 % loss", losing(FAST, { ...bad, loss: 0.05 })],
  ];
}

function reordered(name: string, bad: LinkConditions): [string, PathShape, number][] {
  return conditions(name, bad).map(([label, path]) => [label, path, 0.5]);
}

function bulkCells(
  name: string,
  path: PathShape,
  congestion: CongestionChoice,
  seeds: number,
  seconds: number,
): Cell[] {
  return seeded(name, seeds, (seed) => bulk(path, congestion, seconds * 1000, seed));
}
