/**
 * F-SOCK on real sockets: what the system refuses, ends nothing.
 */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect, type Session } from "../../mod.ts";
import { DenoDatagramSocket, type DenoSocket } from "../../src/adapters/deno_socket.ts";
import { parseHex } from "../support/vectors.ts";
import { currentHost, RUNTIME } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";
import { LOOPBACK, Mailbox } from "../support/mailbox.ts";

const PROGRAM = fileURLToPath(new URL("../support/crowded_listener.ts", import.meta.url));
const FLAGS = { deno: ["run", "-A", "--unstable-net"], bun: [], node: [] }[RUNTIME];

/** File descriptors that the program may have. */
const MOST_FILES = 128;

/** How soon all goes on once the cause has ended, ms, and what a busy machine may add. */
const MOST_WAIT = 1_000;
const SLACK = 1_500;

/** A program that hangs is killed, ms. */
const MOST_TIME = 60_000;

const systemError = (code: string) => Object.assign(new Error(code), { code });

for (const code of ["EMFILE", "ENOBUFS", "EPERM", "ECONNREFUSED"]) {
  for (const how of ["rejects", "throws"] as const) {
    test(`F-SOCK: DenoDatagramSocket.send() survives ${code}, whether the runtime ${how}, and goes on at once`, async () => {
      let isFailing = true;
      const sent: number[] = [];
      const addr = { transport: "udp", hostname: "192.0.2.1", port: 7 } as const;
      const conn: DenoSocket = {
        addr,
        receive: () => new Promise(() => {}),
        send(bytes) {
          if (!isFailing) sent.push(bytes[0]!);
          else if (how === "throws") throw systemError(code);
          return isFailing ? Promise.reject(systemError(code)) : Promise.resolve(bytes.length);
        },
        close() {},
      };
      const mailbox = new Mailbox();
      const socket = new DenoDatagramSocket(conn, mailbox);
      for (let i = 0; i < 10; i++) socket.send(Uint8Array.of(i), LOOPBACK);
      await delay(10);
      assert.equal(mailbox.errors.length, 10, "each was told");
      isFailing = false;
      socket.send(Uint8Array.of(99), LOOPBACK);
      await delay(10);
      assert.deepEqual(sent, [99]);
      socket.close();
    });
  }
}

test("F-SOCK: a socket that the system refuses what it sends, and that hears ICMP answers, sends the rest", async (context: TestContext) => {
  const host = await currentHost();
  const mailbox = new Mailbox();
  const receiver = await host.bindDatagram(LOOPBACK, mailbox);
  const dead = await host.bindDatagram(LOOPBACK, new Mailbox());
  dead.close();
  const errors = new Mailbox();
  const sender = await host.bindDatagram(LOOPBACK, errors);
  const broadcast = { hostname: "255.255.255.255", port: 9 };
  for (let i = 0; i < 20; i++) {
    // Without a permission of its own a socket may not send to all: EACCES.
    sender.send(Uint8Array.of(0), broadcast);
    sender.send(Uint8Array.of(0), dead.addr);
    sender.send(Uint8Array.of(i), receiver.addr);
    await delay(2);
  }
  await mailbox.until(20);
  // Deno hears of neither.
  context.diagnostic(`${RUNTIME}: told of ${errors.errors.length} errors`);
  sender.close();
  receiver.close();
});

/** A listener in a process of its own, which can be made to run out of file descriptors. */
class CrowdedListener {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];

  constructor() {
    const limited = `ulimit -n ${MOST_FILES}; exec "$@"`;
    const args = ["-c", limited, "sh", process.execPath, ...FLAGS, PROGRAM];
    this.#child = spawn("sh", args, { timeout: MOST_TIME, killSignal: "SIGKILL" });
    this.#child.stderr.pipe(process.stderr);
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#lines.push(line));
  }

  tell(command: "crowd" | "clear" | "open"): void {
    this.#child.stdin.write(`${command}\n`);
  }

  /** The rest of the next line that begins so. */
  async next(start: string): Promise<string> {
    for (const since = performance.now(); performance.now() - since < MOST_TIME;) {
      const at = this.#lines.findIndex((line) => line.startsWith(start));
      if (at >= 0) return this.#lines.splice(at, 1)[0]!.slice(start.length).trim();
      assert.equal(this.#child.exitCode, null, "the program has ended");
      await delay(5);
    }
    return assert.fail(`no "${start}"; there was: ${this.#lines.join(", ")}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

async function echo(session: Session): Promise<void> {
  const conn = await session.multiplex().openConn();
  await conn.write(Uint8Array.of(1, 2, 3));
  const into = new Uint8Array(3);
  assert.ok(await conn.read(into));
  await conn.close();
}

test("F-SOCK: a listener without file descriptors keeps its sessions, takes new ones over UDP, and over TCP within a second after some are free", async (context: TestContext) => {
  if (process.platform === "win32") return context.skip("needs ulimit");
  const listener = new CrowdedListener();
  const sessions: Session[] = [];
  try {
    const [port, key] = (await listener.next("port")).split(" ");
    const host = await currentHost();
    const target = { hostname: "127.0.0.1", port: Number(port), serverKey: parseHex(key!) };
    const open = async (protocol: "udp" | "tcp") => {
      const session = await connect(host, { ...target, protocol });
      sessions.push(session);
      await echo(session);
      return session;
    };
    const [udp, tcp] = [await open("udp"), await open("tcp")];
    for (let round = 1; round <= 2; round++) {
      listener.tell("crowd");
      await listener.next("crowded");
      await Promise.all([echo(udp), echo(tcp)]);
      await open("udp");
      listener.tell("open");
      // Bun takes it for a refusal by the other end when it has no descriptor to connect with.
      assert.match(
        await listener.next("opened"),
        /^socket-failed (socket-failed|reset) socket-failed socket-failed no-answer$/,
      );
      const late = open("tcp");
      await delay(500);
      listener.tell("clear");
      await listener.next("free");
      const since = performance.now();
      await late;
      const wait = performance.now() - since;
      context.diagnostic(`${RUNTIME}, round ${round}: ${wait.toFixed(0)} ms after some were free`);
      assert.ok(wait <= MOST_WAIT + SLACK, `${wait} ms`);
      await Promise.all([echo(udp), echo(tcp)]);
    }
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
    await listener.close();
  }
});
