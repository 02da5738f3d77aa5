/**
 * Proxies that others have written: `microsocks` and `tinyproxy`, where they are on the machine.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Host } from "../../src/host.ts";
import type { ProxyOptions } from "../../src/transport/proxy_dialogue.ts";
import { delay } from "./delay.ts";
import { LOOPBACK } from "./mailbox.ts";
import { freeStreamPort } from "./stream_open_cases.ts";

/** A login that a proxy wants. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Why a program's tests cannot run here, or `false`. */
export function missing(program: string): string | false {
  const { error } = spawnSync(program, ["-h"], { stdio: "ignore", timeout: 5_000 });
  return error ? `${program} is not on this machine` : false;
}

/** Runs microsocks, a SOCKS5 proxy. */
export async function withMicrosocks(
  host: Host,
  login: Login | undefined,
  use: (proxy: ProxyOptions) => Promise<void>,
): Promise<void> {
  const port = await freeStreamPort();
  const args = ["-i", "127.0.0.1", "-p", `${port}`];
  if (login) args.push("-u", login.username, "-P", login.password);
  await withProgram(host, "microsocks", args, port, use);
}

/** Runs tinyproxy, an HTTP proxy. */
export async function withTinyproxy(
  host: Host,
  login: Login | undefined,
  use: (proxy: ProxyOptions) => Promise<void>,
): Promise<void> {
  const port = await freeStreamPort();
  const folder = mkdtempSync(join(tmpdir(), "proxy-"));
  const lines = [`Port ${port}`, "Listen 127.0.0.1", "Timeout 20", "MaxClients 20"];
  if (login) lines.push(`BasicAuth ${login.username} ${login.password}`);
  const settings = join(folder, "tinyproxy.conf");
  writeFileSync(settings, `${lines.join("\n")}\n`);
  try {
    await withProgram(host, "tinyproxy", ["-d", "-c", settings], port, use);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withProgram(
  host: Host,
  program: string,
  args: readonly string[],
  port: number,
  use: (proxy: ProxyOptions) => Promise<void>,
): Promise<void> {
  const child = spawn(program, args, { stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await untilItListens(host, port);
    await use({ hostname: LOOPBACK.hostname, port });
  } finally {
    child.kill("SIGKILL");
    await gone;
  }
}

async function untilItListens(host: Host, port: number): Promise<void> {
  for (let waited = 0; waited < 200; waited++) {
    const stream = await host.connectStream?.({ ...LOOPBACK, port }).catch(() => undefined);
    if (stream) return stream.close();
    await delay(25);
  }
  assert.fail("the proxy does not listen");
}
