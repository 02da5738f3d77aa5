/**
 * What a campaign has found: enough to see it again, as little as that takes, in a form that can be
 * kept. A file in `tests/fuzz/found/` is a test of that name from then on (`tests/fuzz_found_test.ts`).
 *
 *     { "target": "session-server", "seed": 7, "error": "...", "steps": ["00ff", 30] }
 *
 * A step is an input in hexadecimal, or a time that passes, ms.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatHex } from "../../src/bytes.ts";
import { checksum } from "../../src/sim/checksum.ts";
import type { Target } from "./life.ts";

/** Where findings are kept. */
export const FOUND: string = fileURLToPath(new URL("./found", import.meta.url));

/** Lives that are tried to shorten one: each takes up to a second. */
const MOST_TRIES = 400;

/** An input, or a time that passes. */
export type Step = Uint8Array | number;

/** What was found. */
export interface Finding {
  /** The target's name. */
  readonly target: string;
  /** Of the life that failed. */
  readonly seed: number;
  /** What it failed by. */
  readonly error: string;
  readonly steps: readonly Step[];
}

/** Lives a life again; returns what it fails by, or `undefined`. */
export async function fails(
  target: Target,
  { seed, steps }: Pick<Finding, "seed" | "steps">,
): Promise<string | undefined> {
  try {
    const life = await target.begin(seed);
    for (const step of steps) {
      if (life.isOver) break;
      if (typeof step === "number") await life.check(step);
      else await life.take(step);
    }
    await life.end();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** The same finding with as few steps as are easily found. */
export async function shorten(target: Target, finding: Finding): Promise<Finding> {
  const { error } = finding;
  let steps = finding.steps;
  let tries = 0;
  const isEnough = async (some: readonly Step[]) => {
    tries++;
    const other = await fails(target, { seed: finding.seed, steps: some });
    return other !== undefined && kindOf(other) === kindOf(error);
  };
  // What hangs on more than its steps, as on the memory, is kept as it is.
  if (!await isEnough(steps)) return finding;
  for (let size = Math.ceil(steps.length / 2); size >= 1 && tries < MOST_TRIES;) {
    let hasShrunk = false;
    for (let at = 0; at < steps.length && tries < MOST_TRIES;) {
      const rest = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await isEnough(rest)) {
        steps = rest;
        hasShrunk = true;
      } else at += size;
    }
    if (size === 1 && !hasShrunk) break;
    size = size === 1 ? 1 : Math.floor(size / 2);
  }
  return { ...finding, steps };
}

/** Keeps a finding as a file; returns its path. */
export function save(finding: Finding, folder: string = FOUND): string {
  mkdirSync(folder, { recursive: true });
  const steps = finding.steps.map((step) => typeof step === "number" ? step : formatHex(step));
  const text = JSON.stringify({ ...finding, steps }, null, 1) + "\n";
  const bytes = new TextEncoder().encode(text);
  const name = (checksum(bytes, 0, bytes.length) >>> 0).toString(16).padStart(8, "0");
  const path = join(folder, `${finding.target}_${name}.json`);
  writeFileSync(path, text);
  return path;
}

/** All findings that are kept, by the names of their files. */
export function load(folder: string = FOUND): Map<string, Finding> {
  const findings = new Map<string, Finding>();
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".json")).sort()) {
    const { steps, ...rest } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    const read = steps.map((step: string | number) =>
      typeof step === "number" ? step : Uint8Array.from(step.match(/../g) ?? [], fromHex)
    );
    findings.set(name.replace(/\.json$/, ""), { ...rest, steps: read });
  }
  return findings;
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Numbers in a message differ from life to life. */
function kindOf(error: string): string {
  return error.replaceAll(/\d+/g, "0");
}

function fromHex(pair: string): number {
  return Number.parseInt(pair, 16);
}
