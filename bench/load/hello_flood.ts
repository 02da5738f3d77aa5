/**
 * B-HELLO on real sockets: `hello_flood.ts [deno|bun|node] [SECONDS] [RATE]`.
 *
 * Good hellos come to a server at 5,000 a second, from one address and then from 65,536 of them; all of
 * 127.0.0.0/8 is this machine. Meanwhile a session sends datagrams through the server and back, and
 * clients connect one after another. Told is how late those come, how long these take, and what the
 * server has used of the processor beyond what the same session costs it in peace. Of that a part is
 * what any datagram costs; how much, a flood of datagrams tells that are too short for a hello.
 *
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { connect, publicKeyOf } from "../../mod.ts";
import { clientToServerKey } from "../../src/crypto/cookie.ts";
import { HELLO_OVERHEAD, HelloCipher } from "../../src/crypto/hello_cipher.ts";
import { encodeHandshakeFrame, WIRE_VERSION } from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import { say } from "../link/progress.ts";
import { takeOrders } from "./orders.ts";
import { Program } from "./program.ts";
import { findRuntime, isRuntimeWord } from "./runtimes.ts";

const SERVER_KEY = publicKeyOf(new Uint8Array(32).fill(7));
const FLOODER = "flooder";

/** How often the session asks, and how long each client may take, ms. */
const ASK_INTERVAL = 10;
const CONNECT_TIMEOUT = 30_000;

/** Bytes of a hello, and of a datagram that is none. */
const HELLO_LENGTH = 300;
const SHORT_LENGTH = 90;

/** Those of the minutes so far. */
const ciphers: { readonly minute: number; readonly cipher: HelloCipher }[] = [];

const [mode = "deno", seconds = "60", rate = "5000"] = process.argv.slice(2);
if (mode === FLOODER) beFlooder();
else await measure();

/** Sends what it is told to. */
function beFlooder(): void {
  const memory = new Uint8Array(HELLO_LENGTH);
  /** Hellos that are ready: making one takes as long as refusing many. */
  const datagrams: Uint8Array[] = [];
  let one: Socket | undefined;
  let sent = 0;
  const send = (kind: unknown, port: number) => {
    const datagram = datagrams.pop() ?? memory.slice(0, SHORT_LENGTH);
    if (kind !== "many") {
      one ??= socketAt("127.6.0.1");
      one.send(datagram, port, "127.0.0.1");
      sent++;
      return;
    }
    // A multiple of an odd number comes to each of 65,536 addresses before it comes to one again.
    const number = sent++ * 40_503 & 0xffff;
    const socket = socketAt(`127.7.${number >>> 8}.${number & 255}`);
    socket.send(datagram, port, "127.0.0.1", () => socket.close());
  };
  takeOrders({
    prepare: ({ count }) => {
      while (datagrams.length < Number(count)) datagrams.push(hello(memory));
    },
    flood: async ({ kind, port, rate, seconds }) => {
      sent = 0;
      const total = Number(rate) * Number(seconds);
      const startedAt = performance.now();
      while (sent < total) {
        const due = Math.min(total, (performance.now() - startedAt) * Number(rate) / 1000);
        while (sent < due) send(kind, Number(port));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      one?.close();
      one = undefined;
      return { took: performance.now() - startedAt };
    },
  }, () => {});
}

function socketAt(address: string): Socket {
  const socket = createSocket("udp4").on("error", () => {});
  socket.bind({ address, port: 0, exclusive: true });
  return socket;
}

/** A hello that nobody has sent before. Its keys are noise, which costs the server as much. */
function hello(memory: Uint8Array): Uint8Array {
  const random = crypto.getRandomValues(new Uint8Array(80));
  const writer = new Writer(memory);
  encodeHandshakeFrame({
    kind: "clientHello",
    longPublicKey: random.subarray(0, 32),
    ephemeralPublicKey: random.subarray(32, 64),
    version: WIRE_VERSION,
  }, writer);
  memory.fill(0xff, writer.length);
  cipherNow().seal(memory, HELLO_LENGTH - HELLO_OVERHEAD, random.subarray(64));
  return memory.slice();
}

/** The cipher of this minute. */
function cipherNow(): HelloCipher {
  const minute = Math.floor(Date.now() / 60_000);
  if (ciphers.at(-1)?.minute !== minute) {
    ciphers.push({ minute, cipher: new HelloCipher(clientToServerKey(SERVER_KEY, minute)) });
  }
  return ciphers.at(-1)!.cipher;
}

/** Starts all, and tells how it went. */
async function measure(): Promise<void> {
  const runtime = await findRuntime(isRuntimeWord(mode) ? mode : "deno");
  if (typeof runtime === "string") throw new Error(runtime);
  const listening = Promise.withResolvers<number>();
  const path = fileURLToPath(new URL("load_server.ts", import.meta.url));
  const settings = JSON.stringify({ datagrams: "echo", handshakeShare: 0.2 });
  const server = new Program("server", [...runtime.command, path, settings], ({ port }) => {
    listening.resolve(Number(port));
  });
  // It makes thousands of sockets a second, which is too much for Deno.
  const own = await findRuntime("node");
  if (typeof own === "string") throw new Error(own);
  const flooder = new Program(
    FLOODER,
    [...own.command, fileURLToPath(import.meta.url), FLOODER],
    () => {},
  );
  const port = await listening.promise;
  const host = await currentHost();
  const address = { hostname: "127.0.0.1", port, serverKey: SERVER_KEY };
  const session = (await connect(host, address)).multiplex();
  const before = await server.ask("report");
  for (const kind of ["none", "short", "one", "many"]) {
    const isGood = kind === "one" || kind === "many";
    await flooder.ask("prepare", { count: isGood ? Number(rate) * Number(seconds) : 0 });
    const report = await server.ask("report");
    const delays: number[] = [];
    const connecting: number[] = [];
    let isOver = false;
    const startedAt = performance.now();
    const receiving = (async () => {
      while (!isOver) {
        const datagram = await session.receiveUrel();
        const { buffer, byteOffset } = datagram;
        const askedAt = new DataView(buffer, byteOffset).getFloat64(0);
        if (askedAt >= startedAt) delays.push(performance.now() - askedAt);
      }
    })();
    const asking = setInterval(() => {
      const datagram = new Uint8Array(100);
      new DataView(datagram.buffer).setFloat64(0, performance.now());
      session.sendUrel(datagram);
    }, ASK_INTERVAL);
    const clients = (async () => {
      while (!isOver && kind !== "none") {
        const since = performance.now();
        const client = await connect(host, { ...address, timeout: CONNECT_TIMEOUT }).catch(
          () => {},
        );
        connecting.push(client === undefined ? Infinity : performance.now() - since);
        await new Promise((resolve) => setTimeout(resolve, 500));
        await client?.close();
      }
    })();
    if (kind === "none") await new Promise((resolve) => setTimeout(resolve, 5_000));
    else await flooder.ask("flood", { kind, port, rate: Number(rate), seconds: Number(seconds) });
    const took = performance.now() - startedAt;
    const after = await server.ask("report");
    isOver = true;
    clearInterval(asking);
    session.sendUrel(new Uint8Array(100));
    await Promise.all([receiving, clients]);
    const counted = (name: string) => numberOf(after, name) - numberOf(report, name);
    say({
      flood: kind,
      delayP50: quantile(delays, 0.5),
      delayP99: quantile(delays, 0.99),
      processorShare: (Number(after.cpu) - Number(report.cpu)) / took,
      rssGrowth: (Number(after.rss) - Number(before.rss)) / 2 ** 20,
      came: counted("packetsProcessed"),
      answered: counted("handshakes"),
      droppedByHandshakeShare: counted("droppedByHandshakeShare"),
      droppedBySourceRate: counted("droppedBySourceRate"),
      connected: connecting.length,
      connectP50: quantile(connecting, 0.5),
      connectWorst: quantile(connecting, 1),
    });
  }
  await session.close();
  await Promise.all([server.end(5_000), flooder.end(5_000)]);
}

/** A number of the listener's in a report. */
function numberOf({ listener }: Readonly<Record<string, unknown>>, name: string): number {
  return typeof listener === "object" && listener !== null
    ? Number(Reflect.get(listener, name))
    : 0;
}

function quantile(values: number[], share: number): number | undefined {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
