/**
 * Builds the Rust peer (`peer/`) once, into the user's cache, where every clone finds it again.
 *
 * ```text
 * ~/.cache/sosistab-interop/
 *   <hash of the sources>/sosistab-peer    the program
 *   <hash of the sources>/source/          the copy it was built from, with its Cargo.lock
 *   target/                                what cargo keeps, for all versions of the sources
 *   lock                                   the process that builds
 * ```
 *
 * @module
 */
import { createHash, randomUUID } from "node:crypto";
import {
  copyFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { delay } from "../support/delay.ts";
import { runCommand, type RunResult } from "../support/run_command.ts";

const SOURCE = fileURLToPath(new URL("./peer/", import.meta.url));
const PROGRAM = process.platform === "win32" ? "sosistab-peer.exe" : "sosistab-peer";

/** Longest time for one command of cargo, ms: 4 minutes were seen on two cores. */
const CARGO_TIMEOUT = 20 * 60_000;

/** How often a waiting process looks whether it is its turn, ms. */
const LOCK_INTERVAL = 500;

/**
 * Builds the peer, unless that was done before.
 *
 * @param report Gets a line for people when something takes time or is missing.
 * @returns The program's path, or `undefined` after a line with the reason when this machine cannot
 * build it. Rejects when the peer itself does not compile.
 */
export async function buildPeer(
  report: (line: string) => void = console.error,
): Promise<string | undefined> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "sosistab-interop");
  const folder = join(cache, await hashOfSources());
  const program = join(folder, PROGRAM);
  if (await exists(program)) return program;
  if ((await cargo(["--version"], cache)).missing) {
    report("skipped: cargo is not installed; tests against the Rust original need it");
    return undefined;
  }
  await mkdir(folder, { recursive: true });
  const unlock = await lock(join(cache, "lock"), report);
  try {
    if (await exists(program)) return program;
    report("building the Rust peer, once: some minutes");
    await copySources(join(folder, "source"));
    return await build(folder, join(cache, "target"), program, report);
  } finally {
    await unlock();
  }
}

async function build(
  folder: string,
  target: string,
  program: string,
  report: (line: string) => void,
): Promise<string | undefined> {
  const source = join(folder, "source");
  const args = ["build", "--release", "--offline", "--target-dir", target];
  // What was downloaded before will do; only otherwise the network is asked.
  let built = await cargo(args, source);
  if (built.code !== 0 && /offline/.test(built.output)) {
    const fetched = await cargo(["fetch"], source);
    if (fetched.code !== 0) {
      report(`skipped: cargo cannot download what the Rust peer needs: ${lastLines(fetched, 1)}`);
      return undefined;
    }
    built = await cargo(args, source);
  }
  if (built.code !== 0) throw new Error(`the Rust peer does not build:\n${lastLines(built, 40)}`);
  // Renamed into place, so that nobody ever sees half a program.
  const part = `${program}.${randomUUID()}`;
  await copyFile(join(target, "release", PROGRAM), part);
  await rename(part, program);
  return program;
}

async function cargo(args: readonly string[], cwd: string): Promise<RunResult> {
  await mkdir(cwd, { recursive: true });
  return await runCommand("cargo", args, { cwd, timeout: CARGO_TIMEOUT });
}

function lastLines({ output }: RunResult, count: number): string {
  return output.trimEnd().split("\n").slice(-count).join("\n").trim();
}

async function hashOfSources(): Promise<string> {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  const files = (await readdir(join(SOURCE, "src"))).sort().map((name) => join("src", name));
  for (const name of ["Cargo.toml", ...files]) {
    const bytes = await readFile(join(SOURCE, name));
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

/** Cargo writes beside its sources; the repository stays as it is. */
async function copySources(to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await copyFile(join(SOURCE, "Cargo.toml"), join(to, "Cargo.toml"));
  await cp(join(SOURCE, "src"), join(to, "src"), { recursive: true });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

/** Waits until nobody else builds. @returns What ends our turn. */
async function lock(path: string, report: (line: string) => void): Promise<() => Promise<void>> {
  for (let waited = 0; waited < 2 * CARGO_TIMEOUT; waited += LOCK_INTERVAL) {
    try {
      await writeFile(path, String(process.pid), { flag: "wx" });
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (waited === 0) report("waiting: another process builds the Rust peer");
    // Whoever died left the lock behind.
    if (!await isAlive(path)) await rm(path, { force: true });
    await delay(LOCK_INTERVAL);
  }
  throw new Error(`the Rust peer is still being built by another process: see ${path}`);
}

async function isAlive(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "");
  // Just made, and not yet written to.
  if (text === "") return true;
  try {
    process.kill(Number(text), 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
