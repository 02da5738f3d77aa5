/**
 * A campaign: many inputs, one after another, at one target.
 */
import { formatHex } from "../../src/bytes.ts";
import { liveBytes } from "../support/live_bytes.ts";
import { type TargetName, TARGETS } from "./targets.ts";

/** Inputs between two looks at the target. */
const CHECK_EVERY = 100;

/** Inputs after which code is compiled and tables are warm, so that growth means something. */
const WARM_UP = 2_000;

/** Growth of the memory that is put down to chance, bytes. */
const MOST_GROWTH = 4e6;

/** What went wrong, and how to see it again. */
export class FuzzFailure extends Error {
  /** Made by {@linkcode runCampaign}. */
  constructor(name: TargetName, seed: number, index: number, input: Uint8Array, cause: unknown) {
    const lines = [
      `${name} failed at input ${index} of seed ${seed}: ${cause}`,
      `input: ${formatHex(input) || "(empty)"}`,
      `again: deno task fuzz ${index + 1} ${seed} ${name}`,
    ];
    super(lines.join("\n"), { cause });
    this.name = "FuzzFailure";
  }
}

/**
 * Throws inputs at a target.
 *
 * @param onProgress Called now and then with the number of inputs so far.
 */
export async function runCampaign(
  name: TargetName,
  count: number,
  seed: number,
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  const target = await TARGETS[name](seed);
  let input: Uint8Array = new Uint8Array(0);
  let before = Infinity;
  for (let index = 0; index < count; index++) {
    try {
      input = target.next();
      target.hit(input);
      if (index % CHECK_EVERY === CHECK_EVERY - 1 || index === count - 1) await target.check();
      if (index === WARM_UP) before = liveBytes();
    } catch (cause) {
      throw new FuzzFailure(name, seed, index, input, cause);
    }
    if (index % 10_000 === 9_999) onProgress(index + 1);
  }
  const grown = before === Infinity ? 0 : liveBytes() - before;
  // Also so that the target, and what it has hoarded, is still there when the memory is measured.
  await target.check();
  if (grown > MOST_GROWTH) {
    throw new FuzzFailure(name, seed, count - 1, input, `the memory has grown by ${grown} bytes`);
  }
}
