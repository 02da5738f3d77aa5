/**
 * The rules of the source tree, each a function from files to what is wrong with them.
 *
 * @module
 */
import { posix } from "node:path";
import { readSource } from "./source_text.ts";

/** A file, by its path from the project's folder. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A rule: a line for each violation, which begins with the path. */
export type Rule = (files: readonly SourceFile[]) => string[];

/** The ring of each folder of `src/`. A file imports from its own folder or from a lower ring. */
const RINGS: Readonly<Record<string, number>> = {
  kernels: 1,
  crypto: 1,
  wire: 1,
  fec: 1,
  stats: 1,
  handshake: 2,
  session: 2,
  mux: 2,
  records: 2,
  repair: 2,
  sim: 3,
  transport: 3,
  net: 4,
  adapters: 5,
  cli: 5,
};

/** `mod.ts` shows everything up to `net/`, and the adapters stand on it. */
const MOD_RING = 4.5;

const HIGHEST_PURE_RING = 2;
const RUNTIME_RING = 5;

/** Of one ring, and yet the second may be imported by the first. */
const SIDEWAYS: readonly (readonly [string, string])[] = [
  ["crypto", "kernels"],
  ["wire", "kernels"],
  ["fec", "kernels"],
  ["stats", "kernels"],
  ["cli", "adapters"],
];

/** What would bring time, chance or a platform into the machines, comments excepted. */
const IMPURE_WORDS = [
  /\bDeno\b/,
  /\bBun\b/,
  /["']node:/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bperformance\b/,
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bcrypto\s*\./,
  /\bconsole\b/,
  /\basync\b/,
  /\bawait\b/,
  /\bPromise\b/,
];

/** Their last bits differ between the runtimes; `Math` in any other use could hide one of them. */
const INEXACT_MATH =
  /\bMath\s*\.\s*(?:a?(?:sin|cos|tan)h?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow)\b|\bMath\b(?!\s*\.)/;

/** A power is exact where the exponent is an integer that stands there. */
const INEXACT_POWER = /\*\*=?(?!\s*-?\d[\d_]*n?(?![\w.]))/;

const RUNTIME_WORDS = [/\bDeno\b/, /\bBun\b/, /["'](?:node|bun):/, /\bfrom\s*["']bun["']/];

const MAX_LINES = 400;

const EMPTY_NAMES = ["utils", "util", "helpers", "helper", "common", "index"];

const TOP_LEVEL = ["deno.json", "mod.ts", "src", "tests", "bench", "README.md"];
const TOP_LEVEL_OF_TOOLS = ["deno.lock", ".gitignore", ".ci", "LICENSE", ".git", "node_modules"];

interface Place {
  readonly folder: string;
  readonly ring: number;
}

/** Imports go down, or stay in their folder. */
export const importsPointDown: Rule = (files) =>
  files.flatMap(({ path, text }) => {
    const from = placeOf(path);
    if (!from) return isSource(path) ? [`${path}: its folder has no ring`] : [];
    return readSource(text).specifiers.flatMap((specifier) => {
      const wrong = whatIsWrong(path, from, specifier);
      return wrong === undefined ? [] : [`${path}: imports "${specifier}", ${wrong}`];
    });
  });

/** In the rings 0 to 2 there is no time, no chance and no platform. */
export const machinesArePure: Rule = (files) =>
  inRings(files, (ring) => ring <= HIGHEST_PURE_RING, ({ path, text }) =>
    // Types only: it says what a platform has to offer.
    path === "src/host.ts" ? [] : found(path, readSource(text).code, IMPURE_WORDS));

/** In the rings 0 to 2 a number is the same on every runtime. */
export const numbersAreExact: Rule = (files) =>
  inRings(
    files,
    (ring) => ring <= HIGHEST_PURE_RING,
    ({ path, text }) => found(path, readSource(text).bare, [INEXACT_MATH, INEXACT_POWER]),
  );

/** Only adapters and the program know a runtime. */
export const runtimesStayOutside: Rule = (files) =>
  inRings(
    files,
    (ring) => ring < RUNTIME_RING,
    ({ path, text }) => found(path, readSource(text).code, RUNTIME_WORDS),
  );

/** No file has more than 400 lines; what a program wrote is excepted. */
export const filesAreShort: Rule = (files) =>
  files.flatMap(({ path, text }) => {
    const lines = text.replace(/\n$/, "").split("\n").length;
    const isGenerated = path.endsWith("_wasm.ts") || path.endsWith(".json");
    return lines > MAX_LINES && !isGenerated ? [`${path}: has ${lines} lines`] : [];
  });

/** Names are in snake case, and say something; tests stand where test runners look for them. */
export const namesAreGood: Rule = (files) =>
  files.filter(({ path }) => path.endsWith(".ts")).flatMap(({ path }) => {
    const parts = path.replace(/\.ts$/, "").split(/[/.]/);
    const wrong = parts.filter((part) => !/^[a-z0-9]+(?:_[a-z0-9]+)*$/.test(part))
      .map((part) => `${path}: "${part}" is not in snake case`);
    const empty = parts.filter((part) => EMPTY_NAMES.includes(part))
      .map((part) => `${path}: "${part}" says nothing`);
    const isMisplaced = path.endsWith("_test.ts") &&
      /^(?!tests\/(?!support\/|runner\/))/.test(path);
    return [...wrong, ...empty, ...(isMisplaced ? [`${path}: no test belongs here`] : [])];
  });

/** Only entry points do nothing but re-export. */
export function noBarrels(entryPoints: readonly string[]): Rule {
  return (files) =>
    files.filter(({ path }) => isSource(path) && !entryPoints.includes(path))
      .filter(({ text }) => isBarrel(readSource(text).bare))
      .map(({ path }) => `${path}: does nothing but re-export`);
}

/**
 * The top level holds what the architecture lists, no more and no less.
 *
 * @param entries The names that are there.
 * @param ignored The lines of `.gitignore`.
 */
export function topLevelIsComplete(
  entries: readonly string[],
  ignored: readonly string[],
): string[] {
  const names = ignored.map((line) => line.trim().replace(/^\/|\/$/g, ""));
  const known = [...TOP_LEVEL, ...TOP_LEVEL_OF_TOOLS, ...names];
  return [
    ...entries.filter((entry) => !known.includes(entry)).map((entry) => `${entry}: is not known`),
    ...TOP_LEVEL.filter((entry) => !entries.includes(entry)).map((entry) => `${entry}: is missing`),
  ];
}

function whatIsWrong(path: string, from: Place, specifier: string): string | undefined {
  if (/^(?:npm|jsr|https?|file|data):/.test(specifier)) return "a package has its bare name";
  if (!specifier.startsWith(".")) return undefined;
  const to = placeOf(posix.join(posix.dirname(path), specifier));
  if (!to) return "which is outside of the source";
  const isSideways = SIDEWAYS.some(([a, b]) => a === from.folder && b === to.folder);
  const isAllowed = to.folder === from.folder || to.ring < from.ring || isSideways;
  return isAllowed ? undefined : "which is not below";
}

function placeOf(path: string): Place | undefined {
  if (path === "mod.ts") return { folder: "mod.ts", ring: MOD_RING };
  const parts = path.split("/");
  if (parts[0] !== "src") return undefined;
  if (parts.length === 2) return { folder: "", ring: 0 };
  const folder = parts[1] ?? "";
  const ring = RINGS[folder];
  return ring === undefined ? undefined : { folder, ring };
}

function isSource(path: string): boolean {
  return path.startsWith("src/") && path.endsWith(".ts");
}

function inRings(
  files: readonly SourceFile[],
  isMeant: (ring: number) => boolean,
  rule: (file: SourceFile) => string[],
): string[] {
  return files.filter(({ path }) => {
    const place = path.endsWith(".ts") ? placeOf(path) : undefined;
    return place !== undefined && isMeant(place.ring);
  }).flatMap(rule);
}

function found(path: string, text: string, patterns: readonly RegExp[]): string[] {
  return patterns.flatMap((pattern) => {
    const match = pattern.exec(text);
    if (!match) return [];
    const line = text.slice(0, match.index).split("\n").length;
    return [`${path}: line ${line} has ${match[0]}`];
  });
}

function isBarrel(bare: string): boolean {
  const from =
    /\b(?:import|export)\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\}|\w+)\s+from\s*"[^"]*"/g;
  const rest = bare.replace(from, "").replace(/\bexport\s+(?:type\s+)?\{[^}]*\}/g, "");
  return /\bexport\b/.test(bare) && rest.replace(/[;\s]/g, "") === "";
}
