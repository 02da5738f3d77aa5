/**
 * A campaign: many inputs, one after another, at one target.
 */
import { liveBytes } from "../support/live_bytes.ts";
import { Draw } from "./draw.ts";
import { type Finding, messageOf, shorten, type Step } from "./finding.ts";
import type { Target } from "./life.ts";
import { Tally } from "./tally.ts";

/** Inputs between two looks at the target. */
const CHECK_EVERY = 100;

/** How much time passes at a look, ms. */
const WAITS = [0, 1, 5, 30, 300];

/** Inputs after which code is compiled and tables are warm, so that growth means something. */
const WARM_UP = 2_000;

/** Inputs of one kind that is to be taken, of which none was, after which that is no chance. */
const ENOUGH = 2_000;

/** What a campaign is. */
export interface CampaignOptions {
  /** The target's name, for whom it may concern. */
  readonly name: string;
  readonly seed: number;
  /** Inputs, or `ms` of real time, whatever comes first. */
  readonly count?: number;
  readonly ms?: number;
  /** Called now and then with the number of inputs so far. */
  readonly onProgress?: (done: number) => void;
}

/** What a campaign came to. */
export interface CampaignResult {
  readonly inputs: number;
  readonly tally: Tally;
}

/** What went wrong, and how to see it again. */
export class FuzzFailure extends Error {
  /** What can be kept of it, and lived again. */
  readonly finding: Finding;

  /** Made by {@linkcode runCampaign}. */
  constructor(finding: Finding, index: number, cause: unknown) {
    super(`${finding.target} failed at input ${index}: ${finding.error}`, { cause });
    this.name = "FuzzFailure";
    this.finding = finding;
  }
}

/** Throws inputs at a target; throws a {@linkcode FuzzFailure} as soon as something does not hold. */
export async function runCampaign(
  target: Target,
  { name, seed, count = Infinity, ms = Infinity, onProgress = () => {} }: CampaignOptions,
): Promise<CampaignResult> {
  const draw = new Draw(seed);
  const tally = new Tally();
  const until = performance.now() + ms;
  let done = 0;
  let before = Infinity;
  let toldAt = 0;
  while (done < count && performance.now() < until) {
    const lifeSeed = draw.between(0, 2 ** 31);
    const steps: Step[] = [];
    try {
      const life = await target.begin(lifeSeed);
      for (let i = 1; i <= target.inputsPerLife && done < count && !life.isOver; i++, done++) {
        const { kind, bytes } = life.next();
        steps.push(bytes.slice());
        const taken = life.take(bytes);
        tally.add(kind, typeof taken === "object" ? await taken : taken);
        if (i % CHECK_EVERY !== 0) continue;
        const wait = draw.of(WAITS);
        steps.push(wait);
        await life.check(wait);
        if (performance.now() >= until) break;
      }
      steps.push(0);
      await life.check(0);
      if (done > WARM_UP && before === Infinity) before = liveBytes();
      // Looked at while the life lasts, so that what it hoards is still there.
      else if (done >= count || performance.now() >= until) assertNoGrowth(before, target);
      await life.end();
    } catch (cause) {
      const finding = { target: name, seed: lifeSeed, error: messageOf(cause), steps };
      throw new FuzzFailure(await shorten(target, finding), done, cause);
    }
    if (done - toldAt >= 100_000) onProgress(toldAt = done);
  }
  for (const kind of done >= ENOUGH ? target.mustTake : []) {
    if (tally.taken(kind) === 0) throw new Error(`${name}: no ${kind} was ever taken`);
  }
  return { inputs: done, tally };
}

function assertNoGrowth(before: number, { mostHeld }: Target): void {
  const grown = before === Infinity ? 0 : liveBytes() - before;
  if (grown > mostHeld) throw new Error(`the memory has grown by ${grown} bytes`);
}
