/**
 * A sender's repair in a closed loop: its frames over a lossy path, a receiver that rebuilds, and
 * counters that come back. Virtual time, and no session around it: fast enough to sweep.
 */
import { Recoverer } from "../../src/fec/recoverer.ts";
import { RepairMachine } from "../../src/repair/machine.ts";
import type { RepairOptions } from "../../src/repair/options.ts";
import { seededFraction } from "./seeded_random.ts";

/** A path's loss from a time on, ms. */
export interface LossPhase {
  readonly from: number;
  readonly loss: number;
  /** Mean number of packets lost in a row; 1 and 0 are independent losses. */
  readonly burst?: number;
}

/** What is simulated. Times in ms. */
export interface RepairLoopOptions {
  readonly seed: number;
  readonly interval: number;
  readonly frames: number;
  readonly rtt: number;
  /** How often the other side sends something. */
  readonly reportInterval: number;
  readonly phases: readonly LossPhase[];
  /** After how long a message is of no use; also its `maxAge`, unless that is given. */
  readonly tolerance: number;
  readonly maxAge?: (frame: number) => number;
  readonly repair?: RepairOptions;
  readonly solvesJointly?: boolean;
  /** Length of a body, at least 8. */
  readonly bodyLength?: number;
  /** Packets a ms that the link carries, and the ms that its queue holds. */
  readonly link?: { readonly rate: number; readonly queue: number };
  /** The share of packets that is delayed by up to so many intervals. */
  readonly reordered?: { readonly share: number; readonly by: number };
  /** Whether reports are lost as data is. */
  readonly keepsReports?: boolean;
}

/** What became of one frame. */
export interface FrameFate {
  readonly sentAt: number;
  /** Lost on the path. */
  isLost: boolean;
  /** How much later than it would have arrived it was rebuilt; `undefined`: not lost, or never. */
  repairedAfter: number | undefined;
}

/** What came of it. */
export interface RepairLoopResult {
  readonly machine: RepairMachine;
  readonly fates: readonly FrameFate[];
  /** When parity frames left. */
  readonly parityAt: readonly number[];
  readonly parityLost: number;
}

interface Step {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Runs it. */
export function runRepairLoop(options: RepairLoopOptions): RepairLoopResult {
  const { seed, interval, frames, rtt, reportInterval, phases, tolerance } = options;
  const machine = new RepairMachine(options.repair ?? {}, 0);
  if (options.solvesJointly ?? true) machine.onJointSolver();
  const recoverer = new Recoverer();
  const steps = new StepHeap();
  const forward = lossOf(phases, seededFraction(seed));
  const backward = lossOf(phases, seededFraction(seed + 1));
  const draw = seededFraction(seed + 2);
  const fates: FrameFate[] = [];
  const parityAt: number[] = [];
  let parityLost = 0;
  let highest = -1;
  let total = 0;
  let now = 0;
  let wokenAt = Infinity;
  let queuedUntil = 0;

  /** Whether a packet gets through, and what the queue adds. */
  const pass = (): number | undefined => {
    let wait = 0;
    if (options.link !== undefined) {
      const { rate, queue } = options.link;
      wait = Math.max(0, queuedUntil - now);
      if (wait > queue) return undefined;
      queuedUntil = now + wait + 1 / rate;
    }
    if (options.reordered !== undefined && draw() < options.reordered.share) {
      wait += draw() * options.reordered.by * interval;
    }
    return forward(now) ? undefined : wait;
  };
  const rebuild = () => {
    for (let found = recoverer.pollBody(); found !== undefined; found = recoverer.pollBody()) {
      const fate = fates[found.frameNumber]!;
      if (numberIn(found.body) !== found.frameNumber) throw new Error("a wrong body");
      fate.repairedAfter ??= now - rtt / 2 - fate.sentAt;
    }
  };
  const drain = () => {
    for (let parity = machine.pollParity(now); parity; parity = machine.pollParity(now)) {
      parityAt.push(now);
      const wait = pass();
      if (wait === undefined) {
        parityLost++;
        continue;
      }
      const copy = { ...parity, body: parity.body.slice() };
      steps.push(now + rtt / 2 + wait, () => {
        recoverer.onParity(copy);
        rebuild();
      });
    }
    const { deadline } = machine;
    if (deadline < wokenAt && deadline < Infinity) {
      wokenAt = Math.max(now, deadline);
      const at = wokenAt;
      steps.push(at, () => {
        if (wokenAt === at) wokenAt = Infinity;
        machine.handleTimeout(now);
        drain();
      });
    }
  };
  const send = (frame: number) => {
    if (frame + 1 < frames) steps.push((frame + 1) * interval, () => send(frame + 1));
    const body = bodyOf(frame, options.bodyLength ?? 8);
    const fate: FrameFate = { sentAt: now, isLost: true, repairedAfter: undefined };
    fates.push(fate);
    machine.onFrameSent(frame, body, options.maxAge?.(frame) ?? tolerance, now);
    const wait = pass();
    if (wait !== undefined) {
      steps.push(now + rtt / 2 + wait, () => {
        highest = Math.max(highest, frame);
        total++;
        fate.isLost = false;
        fate.repairedAfter = undefined;
        recoverer.onData(frame, body);
        rebuild();
      });
    }
    drain();
  };
  const report = () => {
    if (now < frames * interval + rtt) steps.push(now + reportInterval, report);
    const [h, t] = [highest, total];
    if (!(options.keepsReports ?? false) && backward(now)) return;
    steps.push(now + rtt / 2, () => {
      if (t > 0) machine.onCounters(h, t, now);
      drain();
    });
  };
  steps.push(0, () => send(0));
  steps.push(reportInterval / 3, report);
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    now = step.at;
    step.run();
  }
  return { machine, fates, parityAt, parityLost };
}

/** What a user sees of a stretch of time. */
export interface RepairFigures {
  readonly frames: number;
  /** Lost on the path. */
  readonly loss: number;
  /** Lost, or rebuilt too late. */
  readonly residual: number;
  /** Parity for each data frame. */
  readonly overhead: number;
  readonly p50: number;
  readonly p99: number;
}

/** Puts together what happened from one time to another, ms. */
export function figuresOf(
  { fates, parityAt }: RepairLoopResult,
  tolerance: number,
  from: number,
  to: number,
): RepairFigures {
  const chosen = fates.filter(({ sentAt }) => sentAt >= from && sentAt < to);
  const lost = chosen.filter(({ isLost }) => isLost);
  const delays = lost.map(({ repairedAfter }) => repairedAfter ?? Infinity)
    .filter((delay) => delay <= tolerance + 1e-6).sort((a, b) => a - b);
  const parity = parityAt.filter((at) => at >= from && at < to).length;
  return {
    frames: chosen.length,
    loss: lost.length / chosen.length,
    residual: (lost.length - delays.length) / chosen.length,
    overhead: parity / chosen.length,
    p50: delays[Math.floor(delays.length * 0.5)] ?? 0,
    p99: delays[Math.floor(delays.length * 0.99)] ?? 0,
  };
}

/** Says whether the next packet is lost. */
export function lossOf(phases: readonly LossPhase[], draw: () => number): (now: number) => boolean {
  let isBad = false;
  let phase = -1;
  return (now) => {
    while (phase + 1 < phases.length && now >= phases[phase + 1]!.from) {
      phase++;
      isBad = draw() < phases[phase]!.loss;
    }
    const { loss, burst = 1 } = phases[phase] ?? { loss: 0 };
    if (loss <= 0) return false;
    if (burst <= 1) return draw() < loss;
    const wasBad = isBad;
    const leave = 1 / burst;
    isBad = isBad ? draw() >= leave : draw() < leave * loss / (1 - loss);
    return wasBad;
  };
}

function bodyOf(frame: number, length: number): Uint8Array {
  const body = new Uint8Array(length);
  new DataView(body.buffer).setUint32(0, frame);
  return body;
}

function numberIn(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(0);
}

/** Steps in order of time, and of their making. */
class StepHeap {
  readonly #steps: Step[] = [];
  #made = 0;

  push(at: number, run: () => void): void {
    const step = { at, order: this.#made++, run };
    let place = this.#steps.length;
    this.#steps.push(step);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(step, this.#steps[parent]!)) break;
      this.#steps[place] = this.#steps[parent]!;
      place = parent;
    }
    this.#steps[place] = step;
  }

  pop(): Step | undefined {
    const first = this.#steps[0];
    const last = this.#steps.pop();
    if (last === undefined || this.#steps.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#steps.length) break;
      if (
        child + 1 < this.#steps.length && isBefore(this.#steps[child + 1]!, this.#steps[child]!)
      ) {
        child++;
      }
      if (!isBefore(this.#steps[child]!, last)) break;
      this.#steps[place] = this.#steps[child]!;
      place = child;
    }
    this.#steps[place] = last;
    return first;
  }
}

function isBefore(a: Step, b: Step): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
