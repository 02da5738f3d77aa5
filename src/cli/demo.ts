/**
 * `sosistab demo [FILE]`: sends data between two processes on this machine, and checks that it
 * arrived.
 *
 * The two are the program itself, as anybody would start it on two machines. This process only feeds
 * the one and listens to the other.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ChildProgram } from "./child_program.ts";
import type { Context } from "./context.ts";
import { Failure } from "./failure.ts";
import { makeKeyFile } from "./key_file.ts";
import { Progress } from "./progress.ts";
import type { Reporter } from "./reporter.ts";
import { fileData, madeUpData, type SampleData } from "./sample_data.ts";
import { formatBytes, formatRate, formatSeconds, megabitsPerSecond } from "./units.ts";

// Tuning.

/** What is sent when there is no file: some seconds on a slow machine. */
const SIZE = 32 * 1024 * 1024;

/** How long either child waits for the other, seconds: nothing is far away here. */
const PATIENCE = ["--timeout", "10", "--dead-after", "10"];

/** What came out at one end. */
export interface Tally {
  /** How much. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** Sends a file, or something made up, from one child to another. */
export async function demo(context: Context, file: string | undefined): Promise<void> {
  const data = file === undefined ? madeUpData(SIZE) : fileData(file);
  // A key for this once; nobody can reach the server through it later.
  const directory = mkdtempSync(join(tmpdir(), "sosistab-demo-"));
  const children: ChildProgram[] = [];
  try {
    const keyFile = join(directory, "key");
    makeKeyFile(context.host, keyFile);
    await Promise.race([runDemo(context, data, keyFile, children), untilAborted(context.signal)]);
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function runDemo(
  { reporter }: Context,
  data: SampleData,
  keyFile: string,
  children: ChildProgram[],
): Promise<void> {
  const server = new ChildProgram({
    name: "the server",
    args: ["listen", "127.0.0.1:0", "--key", keyFile, ...PATIENCE],
    input: false,
  });
  children.push(server);
  const { address, url } = await server.event("listening");
  const client = new ChildProgram({
    name: "the client",
    args: ["connect", ...PATIENCE],
    env: { SOSISTAB_URL: String(url) },
    input: true,
  });
  children.push(client);
  await client.event("connected");
  reporter.say(
    [
      "Two processes on this machine talk over UDP, as they would on two machines:",
      `  the server, process ${server.pid}:  sosistab listen ${address} > received`,
      `  the client, process ${client.pid}:  sosistab connect '${url}' < data`,
      "",
    ].join("\n"),
  );
  const size = data.size === undefined ? "" : `${formatBytes(data.size)}, `;
  reporter.event(
    "sending",
    { data: data.name, bytes: data.size, server_pid: server.pid, client_pid: client.pid },
    `sending   ${size}${data.name}`,
  );
  reporter.begin();
  const progress = new Progress({ reporter, total: data.size, redraw: barOf(reporter.isJson) });
  let seconds = 0;
  try {
    const [sent, received] = await Promise.all([
      feed(client, data),
      drain(server, (bytes) => progress.update(bytes, seconds = reporter.seconds)),
      client.ended,
      server.ended,
    ]);
    progress.end();
    reporter.count("sent", sent.bytes);
    reporter.count("received", received.bytes);
    sayResult(reporter, sent, received, seconds);
  } catch (error) {
    progress.end();
    throw error;
  }
}

/** Writes the data to the client. */
async function feed(client: ChildProgram, { chunks }: SampleData): Promise<Tally> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
    await client.write(chunk);
  }
  client.endInput();
  return { bytes, sha256: hash.digest("hex") };
}

/** Reads what the server writes. */
async function drain(server: ChildProgram, onBytes: (bytes: number) => void): Promise<Tally> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of server.output) {
    hash.update(chunk);
    bytes += chunk.length;
    onBytes(bytes);
  }
  return { bytes, sha256: hash.digest("hex") };
}

/**
 * Says what happened, and fails when what arrived is not what was sent.
 *
 * @param seconds Until the last byte came.
 */
export function sayResult(
  reporter: Reporter,
  sent: Tally,
  received: Tally,
  seconds: number,
): void {
  const rate = megabitsPerSecond(received.bytes, seconds);
  const isEqual = sent.bytes === received.bytes && sent.sha256 === received.sha256;
  reporter.event("result", {
    equal: isEqual,
    sha256_sent: sent.sha256,
    sha256_received: received.sha256,
  });
  reporter.say(
    `received  ${formatBytes(received.bytes)} in ${formatSeconds(seconds)}, ${formatRate(rate)}`,
  );
  if (!isEqual) {
    throw new Failure(
      "failed",
      `what arrived is not what was sent: ${received.bytes} of ${sent.bytes} bytes, ` +
        `SHA-256 ${received.sha256} instead of ${sent.sha256}`,
      [{ remedy: "this is a fault of sosistab: please report it" }],
    );
  }
  reporter.say(
    [
      `SHA-256   ${sent.sha256}`,
      "          the same at both ends: everything arrived, and nothing was changed.",
      "",
      "What happened: the client knew the server's URL and nothing else. Both agreed on fresh keys,",
      "and all that crossed the socket were encrypted packets that look like noise. What UDP lost on",
      "the way was sent again. On two machines you would do the same:",
      "",
      "  there$ sosistab listen > copy",
      "  here$  sosistab connect 'sosistab://...' < original      (the URL that listen prints)",
    ].join("\n"),
  );
}

/** Draws over the last line of a terminal; `undefined` where there is none. */
function barOf(isJson: boolean): ((line: string) => void) | undefined {
  if (isJson || process.stderr.isTTY !== true) return undefined;
  return (line) => void process.stderr.write(`\r\x1b[K${line}`);
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
