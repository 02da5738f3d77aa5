/**
 * `sosistab demo [FILE]`: sends data between two processes on this machine, and checks that it
 * arrived.
 *
 * The two are the program itself, as anybody would start it on two machines. This process only feeds
 * the one and listens to the other; and is the bad link between them, when one is asked for.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ChildProgram } from "./child_program.ts";
import { type BadLink, describeBadLink, openBadLink } from "./bad_link.ts";
import { compare } from "./comparison.ts";
import type { Context } from "./context.ts";
import { Failure } from "./failure.ts";
import { makeKeyFile } from "./key_file.ts";
import { Progress } from "./progress.ts";
import type { Reporter } from "./reporter.ts";
import { fileData, madeUpData, type SampleData } from "./sample_data.ts";
import { formatUrl, parseUrl, type ServerAddress } from "../net/url.ts";
import type { Relay } from "../sim/relay.ts";
import { untilAborted } from "./until_aborted.ts";
import { formatBytes, formatRate, formatSeconds, megabitsPerSecond } from "./units.ts";

// Tuning.

/** What is sent when there is no file: some seconds on a slow machine. */
const SIZE = 32 * 1024 * 1024;

/** The link when only a part of it is named: bad Wi-Fi at the end of a good line. */
const USUAL_LOSS = 0.1;
const USUAL_DELAY = 25;

/** How long to compare, ms: long enough to believe it. */
const USUAL_TIME = 10_000;

/**
 * How long either child waits for the other, seconds: nothing is far away here. A bad link carries UDP
 * alone.
 */
const CHILD_OPTIONS = ["--timeout", "10", "--dead-after", "10", "--transport", "udp"];

/** What came out at one end. */
export interface Tally {
  /** How much. */
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** Options of `demo`. */
export interface DemoFlags {
  /** Chance that a packet is lost between the two, 0 to 1. */
  readonly loss?: number;
  /** One way, ms. */
  readonly delay?: number;
  /** How long to compare, ms. */
  readonly seconds?: number;
  /** How old a message may be to be of use still, ms. */
  readonly maxAge?: number;
}

/**
 * Sends a file, or something made up, from one child to another; or compares sosistab with plain UDP
 * on a bad link, when there is one and no file.
 */
export async function demo(
  context: Context,
  file: string | undefined,
  { loss, delay, seconds, maxAge }: DemoFlags,
): Promise<void> {
  const isBad = [loss, delay, seconds, maxAge].some((flag) => flag !== undefined);
  const link = isBad ? { loss: loss ?? USUAL_LOSS, delay: delay ?? USUAL_DELAY } : undefined;
  if (file === undefined && link !== undefined) {
    const time = (seconds ?? USUAL_TIME) / 1000;
    return await compare(context, link, { seconds: time, maxAge });
  }
  if (seconds !== undefined || maxAge !== undefined) {
    const option = seconds !== undefined ? "--seconds" : "--max-age";
    throw new Failure("usage", `${option} goes with the comparison, which sends no file`, [
      { remedy: `leave the file out: sosistab demo ${option} 100` },
    ]);
  }
  const data = file === undefined ? madeUpData(SIZE) : fileData(file);
  await transfer(context, data, link);
}

/** Sends the data from one child to another, over the link if there is one. */
async function transfer(
  context: Context,
  data: SampleData,
  link: BadLink | undefined,
): Promise<void> {
  // A key for this once; nobody can reach the server through it later.
  const directory = mkdtempSync(join(tmpdir(), "sosistab-demo-"));
  const children: ChildProgram[] = [];
  const relays: Relay[] = [];
  const put = async (server: ServerAddress): Promise<ServerAddress> => {
    if (link === undefined) return server;
    const relay = await openBadLink(context.host, server, link);
    relays.push(relay);
    context.reporter.say(`On this machine there is ${describeBadLink(link)}.`);
    return { ...server, ...relay.addr };
  };
  try {
    const keyFile = join(directory, "key");
    makeKeyFile(context.host, keyFile);
    const running = runTransfer(context.reporter, data, keyFile, children, put);
    await Promise.race([running, untilAborted(context.signal)]);
    for (const relay of relays) sayLink(context.reporter, relay);
  } finally {
    for (const relay of relays) relay.close();
    await Promise.all(children.map((child) => child.stop()));
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * @param children Gets the two, who are to be ended whatever happens.
 * @param put Puts something in the way to the server, and says where that is.
 */
async function runTransfer(
  reporter: Reporter,
  data: SampleData,
  keyFile: string,
  children: ChildProgram[],
  put: (server: ServerAddress) => Promise<ServerAddress>,
): Promise<void> {
  const server = new ChildProgram({
    name: "the server",
    args: ["listen", "127.0.0.1:0", "--key", keyFile, ...CHILD_OPTIONS],
    input: false,
  });
  children.push(server);
  const { address, url: serverUrl } = await server.event("listening");
  const url = formatUrl(await put(parseUrl(String(serverUrl))));
  const client = new ChildProgram({
    name: "the client",
    args: ["connect", ...CHILD_OPTIONS],
    env: { SOSISTAB_URL: url },
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

/** Says what the link did. */
function sayLink(reporter: Reporter, { up, down }: Relay): void {
  const sent = up.counts.sent + down.counts.sent;
  const lost = up.counts.lost + down.counts.lost;
  reporter.event(
    "link",
    { packets: sent, packets_lost: lost },
    `\nThe link between the two lost ${lost} of ${sent} packets.`,
  );
}

/** Draws over the last line of a terminal; `undefined` where there is none. */
function barOf(isJson: boolean): ((line: string) => void) | undefined {
  if (isJson || process.stderr.isTTY !== true) return undefined;
  return (line) => void process.stderr.write(`\r\x1b[K${line}`);
}
