import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { keepAccepting } from "../../src/adapters/accept_again.ts";
import { RUNTIME } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";

const PROGRAM = fileURLToPath(new URL("../support/crowded_server.ts", import.meta.url));
const FLAGS = { deno: ["run", "-A", "--unstable-net"], bun: [], node: [] }[RUNTIME];

/** File descriptors that the program may have. */
const MOST_FILES = 128;

/** How soon connections are accepted again, ms; and what a busy machine may add. */
const MOST_WAIT = 1_000;
const SLACK = 1_000;

/** How long ends of connections and accepting may take, ms. */
const SETTLING = 500;

/** A program that hangs is killed, ms. */
const MOST_TIME = 30_000;

/** A server in a process of its own, which can be made to run out of file descriptors. */
class CrowdedServer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #clients: Socket[] = [];
  port = 0;

  constructor() {
    const limited = `ulimit -n ${MOST_FILES}; exec "$@"`;
    const args = ["-c", limited, "sh", process.execPath, ...FLAGS, PROGRAM];
    this.#child = spawn("sh", args, { timeout: MOST_TIME, killSignal: "SIGKILL" });
    this.#child.stderr.pipe(process.stderr);
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  async start(): Promise<void> {
    const line = await this.#next((line) => line.startsWith("port "), MOST_TIME);
    this.port = Number(line.slice(5));
  }

  /** Tells it to take all file descriptors, or to give them back. */
  async tell(command: "crowd" | "clear"): Promise<void> {
    this.#child.stdin.write(`${command}\n`);
    await this.#next((line) => line === (command === "crowd" ? "crowded" : "free"), MOST_TIME);
  }

  connect(): void {
    const client = connect(this.port, "127.0.0.1");
    client.on("error", () => {});
    this.#clients.push(client);
  }

  /** How long it takes until the program is given the next stream, ms. */
  async nextStream(most: number): Promise<number> {
    const since = performance.now();
    await this.#next((line) => line === "stream", most);
    return performance.now() - since;
  }

  get hasStream(): boolean {
    return this.#lines.includes("stream");
  }

  forget(): void {
    this.#lines.length = 0;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #next(isIt: (line: string) => boolean, most: number): Promise<string> {
    for (const since = performance.now(); performance.now() - since < most;) {
      const at = this.#lines.findIndex(isIt);
      if (at >= 0) return this.#lines.splice(at, 1)[0]!;
      assert.equal(this.#child.exitCode, null, "the program has ended");
      await delay(5);
    }
    return assert.fail(`nothing in ${most} ms; there was: ${this.#lines.join(", ")}`);
  }
}

test("F-SOCK: a listener that was out of file descriptors accepts again, within a second after some are free", async (context: TestContext) => {
  if (process.platform === "win32") return context.skip("needs ulimit");
  const server = new CrowdedServer();
  try {
    await server.start();
    server.connect();
    await server.nextStream(MOST_TIME);
    for (let round = 1; round <= 2; round++) {
      // What is closed has given its descriptor back.
      await delay(SETTLING);
      server.forget();
      await server.tell("crowd");
      server.connect();
      server.connect();
      await delay(SETTLING);
      assert.equal(server.hasStream, false, "there was one file descriptor left");
      await server.tell("clear");
      // Those that waited meanwhile may be taken first, or have been cut by the runtime.
      await delay(MOST_WAIT);
      server.forget();
      server.connect();
      const wait = await server.nextStream(MOST_WAIT + SLACK);
      context.diagnostic(
        `${RUNTIME}, round ${round}: accepted ${wait.toFixed(0)} ms after it came`,
      );
      assert.ok(wait <= MOST_WAIT + SLACK);
    }
  } finally {
    await server.close();
  }
});

test("keepAccepting() survives a runtime whose socket throws when it is told to listen again", async () => {
  let calls = 0;
  const listen = () => {
    calls++;
    throw new Error("it listens already");
  };
  const server = Object.assign(createServer(), { _handle: { listen } });
  const waking = keepAccepting(server);
  // What a timer throws nobody can catch: it would end the test.
  await delay(700);
  waking[Symbol.dispose]();
  assert.ok(calls >= 1, `${calls} calls`);
});
