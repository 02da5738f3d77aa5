/**
 * The tables of repair: what is sent over which path, and which limits hold.
 *
 * @module
 */
import { type Cell, type Limit, rounded, type Row, type Section } from "./cell.ts";
import { efficiency, sendDatagrams, type Traffic } from "./scenario.ts";

/** Time until the estimators know the path, ms. */
const WARM_UP = 12_000;

/** A kind of traffic. */
interface Flow {
  readonly name: string;
  readonly interval: number;
  readonly length: number;
  /** Datagrams that are measured. */
  readonly count: number;
  /** Datagrams of a run in 20 ms. */
  readonly runLength: number;
}

const FLOWS: readonly Flow[] = [
  { name: "50/s of 160 bytes", interval: 20, length: 160, count: 20_000, runLength: 2 },
  { name: "100/s of 1,000 bytes", interval: 10, length: 1000, count: 20_000, runLength: 3 },
  { name: "1,000/s of 1,000 bytes", interval: 1, length: 1000, count: 60_000, runLength: 21 },
];
const [VOICE, , FAST] = FLOWS as [Flow, Flow, Flow];

const LOSSES = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3];
const RTTS = [20, 60];
const BURST = 3;

/** Tolerances, ms: the default, for which only parity in advance is in time; and a jitter buffer's. */
const IN_ADVANCE = 25;
const ON_REPORT = new Map([[20, 100], [60, 150]]);

const FIGURES = ["residual", "overhead", "p50", "p99", "efficiency"];

/** Packets that the overfilled link's queue holds. */
const QUEUES = [5, 50];

/** All sections. */
export const SECTIONS: readonly Section[] = [
  ...[1, BURST].map((burst): Section => ({
    title: burst === 1 ? "In advance, independent losses" : `In advance, bursts of ${BURST}`,
    text: "Lost or later than 25 ms, %; parity for 100 datagrams; delay of what was repaired, " +
      "median / 99th percentile, ms; and the share of useful packets against that of the best " +
      "mix for runs of 2, 3 and 21 datagrams under independent losses of that rate.",
    header: ["traffic", ...LOSSES.map(percent)],
    rows: FLOWS.flatMap((flow) =>
      RTTS.map((rtt): Row => ({
        label: `${flow.name}, RTT ${rtt} ms`,
        figures: FIGURES,
        cells: LOSSES.map((loss) => steady(flow, loss, burst, rtt, IN_ADVANCE)),
      }))
    ),
  })),
  ...[1, BURST].map((burst): Section => ({
    title: burst === 1 ? "On report, independent losses" : `On report, bursts of ${BURST}`,
    text: "The same where a datagram is of use for 100 ms at RTT 20 ms, for 150 ms at RTT 60 ms.",
    header: ["traffic", ...LOSSES.map(percent)],
    rows: FLOWS.flatMap((flow) =>
      RTTS.map((rtt): Row => ({
        label: `${flow.name}, RTT ${rtt} ms`,
        figures: FIGURES,
        cells: LOSSES.map((loss) => steady(flow, loss, burst, rtt, ON_REPORT.get(rtt) ?? 0)),
      }))
    ),
  })),
  {
    title: "When the path changes",
    text:
      "1,000/s at RTT 60 ms, loss 5 % that becomes 20 %: the same figures in the first and in " +
      "the second second after it. Mean of 20 seeds.",
    header: ["after the step", "figures"],
    rows: [{ label: "first second", figures: ["residual1", "overhead1"], cells: [step()] }, {
      label: "second second",
      figures: ["residual2", "overhead2"],
      cells: [step()],
    }],
  },
  {
    title: "When the loss ends",
    text:
      "Loss of 20 % that ends: parity for 100 datagrams in the second, third and later seconds.",
    header: ["traffic", "figures"],
    rows: FLOWS.map((flow) => ({
      label: flow.name,
      figures: ["second", "third", "later"],
      cells: [ending(flow)],
    })),
  },
  {
    title: "On a link that the traffic overfills",
    text:
      "The traffic is 1.2 times the rate of the link. Loss without repair; with it, the loss of " +
      "datagrams before and after repair, and parity for 100 of them, from 5 s to 60 s.",
    header: ["traffic", "queue 20 ms", "queue 100 ms"],
    rows: FLOWS.map((flow) => ({
      label: flow.name,
      figures: ["without", "with", "overhead"],
      cells: QUEUES.map((queue) => overfilled(flow, queue)),
    })),
  },
];

/** All cells by their ids. */
export function allCells(): Map<string, Cell> {
  const cells = SECTIONS.flatMap(({ rows }) => rows.flatMap((row) => row.cells));
  return new Map(cells.map((cell) => [cell.id, cell]));
}

function steady(flow: Flow, loss: number, burst: number, rtt: number, tolerance: number): Cell {
  const kind = loss === 0 ? "" : burst === 1 ? ", independent" : `, bursts of ${burst}`;
  const id = `${flow.name}, loss ${percent(loss)}${kind}, RTT ${rtt}, tolerance ${tolerance}`;
  const run = async () => {
    const duration = flow.interval * flow.count;
    const conditions = { loss, burst: loss === 0 ? 1 : burst };
    const outcome = await sendDatagrams({
      ...trafficOf(flow, rtt, tolerance),
      phases: [{ from: 0, conditions }],
      duration: WARM_UP + duration,
    });
    const figures = outcome.between(WARM_UP, WARM_UP + duration);
    return rounded({ ...figures, efficiency: efficiency(flow.runLength, loss, figures) });
  };
  return { id, run, limits: steadyLimits(flow, loss, burst, tolerance) };
}

function steadyLimits(flow: Flow, loss: number, burst: number, tolerance: number): Limit[] {
  const limits: Limit[] = [];
  if (burst === 1 && loss <= 0.2) limits.push({ figure: "residual", most: 0.7 });
  if (burst > 1 && flow === FAST && tolerance === IN_ADVANCE) {
    limits.push({ figure: "residual", most: 0.85 });
  }
  if (loss === 0) limits.push({ figure: "overhead", most: 0 });
  if (burst === 1 && flow === FAST) limits.push({ figure: "efficiency", least: 0.97 });
  if (burst === 1 && flow === VOICE && loss === 0.1) {
    if (tolerance === IN_ADVANCE) {
      limits.push({ figure: "p99", most: 25 }, { figure: "overhead", most: 110 });
    } else limits.push({ figure: "overhead", most: 25 });
  }
  return limits;
}

function step(): Cell {
  const at = 20_000;
  const run = async () => {
    const seeds = 20;
    const sums: Record<string, number> = { residual1: 0, overhead1: 0, residual2: 0, overhead2: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = await sendDatagrams({
        ...trafficOf(FAST, 60, IN_ADVANCE),
        seed,
        phases: [{ from: 0, conditions: { loss: 0.05 } }, { from: at, conditions: { loss: 0.2 } }],
        duration: at + 2000,
      });
      for (const second of [1, 2]) {
        const figures = outcome.between(at + 1000 * (second - 1), at + 1000 * second);
        sums[`residual${second}`]! += figures.residual! / seeds;
        sums[`overhead${second}`]! += figures.overhead! / seeds;
      }
    }
    return rounded(sums);
  };
  return { id: "1,000/s, loss from 5 to 20 %", run, limits: [{ figure: "residual2", most: 1 }] };
}

function ending(flow: Flow): Cell {
  const at = 30_000;
  const run = async () => {
    const outcome = await sendDatagrams({
      ...trafficOf(flow, 60, IN_ADVANCE),
      phases: [{ from: 0, conditions: { loss: 0.2 } }, { from: at, conditions: { loss: 0 } }],
      duration: at + 20_000,
    });
    const overhead = (from: number, to: number) =>
      outcome.between(at + from, at + to).overhead ?? NaN;
    return rounded({
      second: overhead(1000, 2000),
      third: overhead(2000, 3000),
      later: overhead(3000, 20_000),
    });
  };
  const limits = [{ figure: "later", most: 0 }];
  return { id: `${flow.name}, loss of 20 % that ends`, run, limits };
}

function overfilled(flow: Flow, queue: number): Cell {
  const run = async () => {
    // Headers of UDP, IP, AEAD and frame, and the mean of the padding.
    const packet = flow.length + 28 + 28 + 16 + 32;
    const rate = packet * 8 / flow.interval / 1.2 / 1000;
    const conditions = { rate, queue };
    const traffic = {
      ...trafficOf(flow, 60, IN_ADVANCE),
      phases: [{ from: 0, conditions }],
      duration: 60_000,
    };
    const measured = async (isRepaired: boolean) =>
      (await sendDatagrams({ ...traffic, isRepaired })).between(5000, 60_000);
    const { missing: without = NaN } = await measured(false);
    const { missing = NaN, overhead = NaN } = await measured(true);
    return rounded({ without, with: missing, overhead, more: missing - without });
  };
  const limits = [{ figure: "more", most: 8 }];
  return { id: `${flow.name}, overfilled, queue of ${queue}`, run, limits };
}

function trafficOf(
  flow: Flow,
  rtt: number,
  tolerance: number,
): Omit<Traffic, "phases" | "duration"> {
  const { interval, length } = flow;
  return { interval, length, tolerance, rtt, seed: 1 };
}

function percent(loss: number): string {
  return `${Math.round(100 * loss)} %`;
}

/** Cells that a test runs again: one of each kind, and short. */
export const SAMPLE: readonly string[] = [
  "50/s of 160 bytes, loss 10 %, independent, RTT 60, tolerance 25",
  "50/s of 160 bytes, loss 10 %, independent, RTT 20, tolerance 100",
  "100/s of 1,000 bytes, loss 5 %, bursts of 3, RTT 20, tolerance 25",
  "1,000/s of 1,000 bytes, loss 20 %, independent, RTT 60, tolerance 25",
  "1,000/s of 1,000 bytes, loss 10 %, bursts of 3, RTT 60, tolerance 25",
  "1,000/s of 1,000 bytes, loss 0 %, RTT 20, tolerance 25",
  "50/s of 160 bytes, loss of 20 % that ends",
];
