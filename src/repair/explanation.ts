/**
 * Says why the redundancy is what it is.
 *
 * @module
 */
import type { GateState } from "./congestion_gate.ts";
import type { RepairSettings } from "./options.ts";
import type { ParityPlan, RepairMode } from "./parity_plan.ts";
import type { PathView } from "./path_view.ts";
import type { Traffic } from "./traffic.ts";

/** Why the redundancy is what it is. */
export interface RepairExplanation {
  /** All of it in a sentence or three. */
  readonly words: string;
  /** How parity is sent. */
  readonly mode: RepairMode;
  /** Parity frames for each data frame, on average, as the loss asks for. */
  readonly wanted: number;
  /** The part of it that the link seems to bear, 0 to 1. */
  readonly allowedShare: number;
  /** The share of our frames that is lost, 0 to 1, as the other side's counters say. */
  readonly loss: number;
  /** Frames that it was measured by. */
  readonly framesMeasured: number;
  /** Mean number of frames lost in a row. */
  readonly burstLength: number;
  /** The share of messages that may stay lost. */
  readonly targetLoss: number;
  /** Mean time from sending a frame to hearing of it, ms; `Infinity` before the first. */
  readonly reportDelay: number;
  /** How long reports are held against reordering, ms. */
  readonly hold: number;
  /** What stands in the way of parity. */
  readonly gate: GateState;
}

/** Puts together what is known. */
export function explainRepair(
  settings: RepairSettings,
  path: PathView,
  traffic: Traffic,
  plan: ParityPlan,
  allowedShare: number,
  now: number,
): RepairExplanation {
  const { estimator, gate, reportDelay, hold } = path;
  const facts = {
    mode: plan.mode,
    wanted: plan.level,
    allowedShare,
    loss: estimator.measured,
    framesMeasured: estimator.frames,
    burstLength: estimator.burstLength,
    targetLoss: settings.targetLoss,
    reportDelay: reportDelay.mean,
    hold,
    gate: gate.state(now),
  };
  return { words: wordsOf(facts, estimator.isQuiet, traffic, plan), ...facts };
}

type Facts = Omit<RepairExplanation, "words">;

function wordsOf(facts: Facts, isQuiet: boolean, traffic: Traffic, plan: ParityPlan): string {
  const sentences = [lossWords(facts, isQuiet), modeWords(facts, traffic, plan)];
  if (facts.wanted > 0 && facts.allowedShare < 1) sentences.push(gateWords(facts));
  return sentences.join(" ");
}

function lossWords({ loss, framesMeasured, burstLength }: Facts, isQuiet: boolean): string {
  if (framesMeasured === 0) return "Nothing is known of the path yet.";
  if (isQuiet) return "Nothing has been lost for a while.";
  const bursts = burstLength > 1.5 ? `, about ${burstLength.toFixed(1)} in a row` : "";
  return `The path loses ${percent(loss)} of ${Math.round(framesMeasured)} frames${bursts}.`;
}

function modeWords(
  { mode, wanted, targetLoss, reportDelay }: Facts,
  traffic: Traffic,
  plan: ParityPlan,
) {
  const aim = `so that ${percent(targetLoss)} stay lost`;
  switch (mode) {
    case "none":
      return "So there is no parity.";
    case "report":
      return `A loss is heard of in ${Math.round(reportDelay)} ms, soon enough to answer it: ` +
        `${percent(wanted)} of parity, ${aim}.`;
    case "copies":
      return `Few frames want repair: each has ${
        plan.amount.forRun(1).mean.toFixed(1)
      } copies, ${aim}.`;
    case "runs":
      return `Runs last ${Math.round(plan.openFor)} ms, at a frame each ` +
        `${traffic.interval.toFixed(1)} ms: ${percent(wanted)} of parity, ${aim}.`;
    case "windows":
      return `Each parity frame covers the last ${plan.windowLength} frames: ` +
        `${percent(wanted)} of parity, ${aim}.`;
  }
}

function gateWords({ gate, allowedShare }: Facts): string {
  const reason = gate === "queue"
    ? "a queue stands on the link"
    : "more parity made the loss worse: the link is full";
  return `Only ${percent(allowedShare)} of it leaves, as ${reason}.`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
