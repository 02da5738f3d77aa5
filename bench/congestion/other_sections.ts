/**
 * Queues, changes, sharing, and what people wait for.
 *
 * @module
 */
import { type Cell, type Entry, type Row, type Section, seeded } from "./cell.ts";
import type { FlowOptions } from "./lab.ts";
import { DEEP, FAST, LONG, losing, named, type NamedPath, SLOW } from "./paths.ts";
import {
  bulk,
  messagesBesideBulk,
  onset,
  rateStep,
  requests,
  share,
  smallBesideBulk,
  start,
  streams,
} from "./scenario.ts";

const SEEDS = 10;
const FEW = 3;

const lift: FlowOptions = { congestion: "lift" };
const cubic: FlowOptions = { congestion: "cubic" };
const EIGHT = Array<FlowOptions>(8).fill(lift);
const LOSS = { loss: 0.05 };

/** The mean is below 1, and so are 39 runs in 40; see the text of the section. */
const MOST_OF_EIGHT = 1.2;

/** What stands in the queue. */
export const queues: Section = {
  title: "A queue of one second",
  text:
    "100 Mbit/s, 50 ms, queue 8,750. Delay at the bottleneck in round trips, p95: one flow over " +
    "12 s, eight flows over the second half of 30 s. Of 80 seeds with eight flows two were above 1: " +
    "1.028 and 1.126.",
  header: ["flows", "queue, round trips", "share"],
  rows: [
    queueRow("one", lone("queue, one flow", DEEP), 0.6),
    queueRow("one, 5 % loss", lone("queue, one flow, 5 % loss", losing(DEEP, LOSS)), 0.6),
    queueRow(
      "eight",
      seeded("queue, eight flows", SEEDS, (seed) => share(DEEP, EIGHT, 500, 30_000, seed)),
      MOST_OF_EIGHT,
    ),
  ],
};

/** The link changes. */
export const changes: Section = {
  title: "The rate of the link changes",
  text:
    "After 5 s. What is sent over round trips 6 to 13 after it, against the new rate; the first " +
    "round trip with 90 % of it; dropped at the queue in the 2 s after it, %.",
  header: ["change", "sent", "round trips to 90 %", "dropped"],
  rows: [
    halved("100 to 50 Mbit/s", FAST),
    halved("the same, 5 % loss", losing(FAST, LOSS)),
    halved("the same, queue 8,750", DEEP),
    halved("the same, queue 8,750, 5 % loss", losing(DEEP, LOSS)),
    doubled("50 to 100 Mbit/s", FAST),
    doubled("the same, 5 % loss", losing(FAST, LOSS)),
    doubled("the same, queue 8,750", DEEP),
  ],
};

/** Loss sets in. */
export const onsets: Section = {
  title: "Loss sets in during a transfer",
  text: "After 5 s. The least share in a window of 250 ms of the 3 s after it.",
  header: ["change", "least"],
  rows: [
    onsetRow("0 to 20 %", FAST, 0.2, 0.85),
    onsetRow("0 to 10 %", FAST, 0.1, 0.85),
    onsetRow("20 % to 0", losing(FAST, { loss: 0.2 }), 0),
  ],
};

/** Several flows. */
export const sharing: Section = {
  title: "Several flows over one bottleneck",
  text:
    "The second half of 30 s; beside CUBIC, of 40 s. Jain's index, 1 when all are equal; what " +
    "the first takes of all; dropped at the queue, %; share of the link of all.",
  header: ["flows", "Jain", "the first", "dropped", "share"],
  rows: [
    sharingRow("two", FAST, [lift, lift], { jain: 0.95 }),
    sharingRow("two, 5 % loss", losing(FAST, LOSS), [lift, lift], { jain: 0.95 }),
    sharingRow("round trips of 20 and 80 ms", named(100, 20, 400), [lift, {
      ...lift,
      extraRtt: 60,
    }], { jain: 0.8 }),
    sharingRow(`two, ${LONG.name}`, LONG, [lift, lift]),
    sharingRow(`two, ${SLOW.name}`, SLOW, [lift, lift]),
    sharingRow("eight", FAST, EIGHT, { dropped: 2 }),
    sharingRow("eight, 5 % loss", losing(FAST, LOSS), EIGHT, { dropped: 2 }),
    sharingRow("beside CUBIC, queue 438", named(100, 50, 438), [lift, cubic], { first: true }),
    sharingRow("beside CUBIC, queue 875", named(100, 50, 875), [lift, cubic], { first: true }),
    sharingRow("CUBIC first, queue 438", named(100, 50, 438), [cubic, lift], { first: true }),
    sharingRow("CUBIC first, queue 875", named(100, 50, 875), [cubic, lift], { first: true }),
    sharingRow(`CUBIC first, ${LONG.name}`, LONG, [cubic, lift]),
    sharingRow("beside CUBIC, queue 100", named(100, 50, 100), [lift, cubic]),
    sharingRow(`beside CUBIC, ${LONG.name}`, LONG, [lift, cubic]),
  ],
};

/** Waiting for the last byte. */
export const starts: Section = {
  title: "The first 10 MB",
  text:
    "100 Mbit/s, 50 ms, queue 400: from the first byte to the last, s; dropped at the queue, %.",
  header: ["loss", "seconds", "dropped"],
  rows: [0, 0.01, 0.05, 0.1, 0.2].map((loss): Row => {
    const path = losing(FAST, { loss });
    const cells = seeded(`start, ${loss}`, SEEDS, (seed) => start(path, 1e7, seed));
    const isClean = loss === 0;
    return {
      label: [`${100 * loss} %`],
      entries: [
        { cells, figure: "seconds", worst: "highest", ...(isClean ? { most: 1.35 } : {}) },
        { cells, figure: "dropped", worst: "highest", ...(isClean ? { most: 1 } : {}) },
      ],
    };
  }),
};

/** Requests and answers. */
export const exchanges: Section = {
  title: "A request of 10 KB and its answer",
  text:
    "300 of them over an open stream, one at a time, in round trips; bytes sent for a byte of " +
    "payload, acknowledgements and repair included.",
  header: ["path", "median", "p95", "sent"],
  rows: ([
    ["no loss", FAST, undefined],
    ["10 % loss", losing(FAST, { loss: 0.1 }), 3],
    ["20 % loss", losing(FAST, { loss: 0.2 }), undefined],
    [`${SLOW.name}, 10 % loss`, losing(SLOW, { loss: 0.1 }), undefined],
  ] as const).map(([name, path, most]): Row => {
    const cells = seeded(`requests, ${name}`, SEEDS, (seed) => requests(path, 10_000, 300, seed));
    return {
      label: [name],
      entries: [
        { cells, figure: "median", worst: "highest" },
        { cells, figure: "p95", worst: "highest", most },
        { cells, figure: "sent", worst: "highest" },
      ],
    };
  }),
};

/** Side by side in one session. */
export const besides: Section = {
  title: "Beside bulk, in the same session",
  text:
    "Delay of a message, ms: the unreliable ones are 50 a second of 160 bytes (64 kbit/s), the " +
    "small ones 200 bytes on a stream of their own, 20 a second. Lost of the former, %.",
  header: ["messages", "p95", "lost", "share of bulk"],
  rows: [
    ...([
      ["unreliable", FAST, 120],
      ["unreliable, 5 % loss", losing(FAST, LOSS), 120],
      [`unreliable, ${SLOW.name}`, SLOW, 120],
    ] as const).map(([name, path, most]): Row => {
      const cells = seeded(`beside, ${name}`, SEEDS, (seed) => messagesBesideBulk(path, seed));
      return {
        label: [name],
        entries: [
          { cells, figure: "p95", worst: "highest", most },
          { cells, figure: "lost", worst: "highest" },
          { cells, figure: "share", worst: "lowest" },
        ],
      };
    }),
    ...([
      ["small on a stream", FAST],
      ["small on a stream, 5 % loss", losing(FAST, LOSS)],
    ] as const).map(([name, path]): Row => {
      const cells = seeded(`beside, ${name}`, FEW, (seed) => smallBesideBulk(path, seed));
      return {
        label: [name],
        entries: [
          { cells, figure: "p95", worst: "highest" },
          { cells, figure: "lost", worst: "highest" },
          { cells, figure: "share", worst: "lowest" },
        ],
      };
    }),
  ],
};

/** Many streams. */
export const manyStreams: Section = {
  title: "32 streams of one session at once",
  text: "Jain's index over what each of them got in 10 s; the share of the link of all.",
  header: ["loss", "Jain", "share"],
  rows: [0, 0.1].map((loss): Row => {
    const path = losing(FAST, { loss });
    const cells = seeded(`32 streams, ${loss}`, FEW, (seed) => streams(path, 32, seed));
    return {
      label: [`${100 * loss} %`],
      entries: [
        { cells, figure: "jain", worst: "lowest", least: 0.99 },
        { cells, figure: "share", worst: "lowest" },
      ],
    };
  }),
};

function lone(name: string, path: NamedPath): Cell[] {
  return seeded(name, SEEDS, async (seed) => {
    const figures = await bulk(path, "lift", 12_000, seed);
    return { ...figures, queueRtts: figures.queue! / path.rtt };
  });
}

function queueRow(label: string, cells: Cell[], most: number): Row {
  return {
    label: [label],
    entries: [
      { cells, figure: "queueRtts", worst: "highest", most },
      { cells, figure: "share", worst: "lowest" },
    ],
  };
}

function halved(label: string, path: NamedPath): Row {
  const cells = seeded(`halved, ${label}`, SEEDS, (seed) => rateStep(path, 50, seed));
  return { label: [label], entries: stepEntries(cells, 1.05, undefined) };
}

function doubled(label: string, path: NamedPath): Row {
  const half = { ...path, rate: 50 };
  const cells = seeded(`doubled, ${label}`, SEEDS, (seed) => rateStep(half, 100, seed));
  return { label: [label], entries: stepEntries(cells, undefined, 15) };
}

function stepEntries(cells: Cell[], mostSent?: number, mostRtts?: number): Entry[] {
  return [
    { cells, figure: "sent", worst: "highest", most: mostSent },
    { cells, figure: "rtts", worst: "highest", most: mostRtts },
    { cells, figure: "dropped", worst: "highest" },
  ];
}

function onsetRow(label: string, path: NamedPath, loss: number, least?: number): Row {
  const cells = seeded(`onset, ${label}`, SEEDS, (seed) => onset(path, { loss }, seed));
  return { label: [label], entries: [{ cells, figure: "least", worst: "lowest", least }] };
}

function sharingRow(
  label: string,
  path: NamedPath,
  flows: readonly FlowOptions[],
  limits: { readonly jain?: number; readonly dropped?: number; readonly first?: boolean } = {},
): Row {
  const hasLimit = Object.keys(limits).length > 0;
  const duration = flows.includes(cubic) ? 40_000 : 30_000;
  const gap = flows.length > 2 ? 500 : 2_000;
  const run = (seed: number) => share(path, flows, gap, duration, seed);
  const cells = seeded(`sharing, ${label}`, hasLimit ? SEEDS : FEW, run);
  const between = limits.first ? { least: 0.25, most: 0.75 } : {};
  return {
    label: [label],
    entries: [
      { cells, figure: "jain", worst: "lowest", least: limits.jain },
      { cells, figure: "first", worst: "highest", ...between },
      { cells, figure: "dropped", worst: "highest", most: limits.dropped },
      { cells, figure: "share", worst: "lowest" },
    ],
  };
}
