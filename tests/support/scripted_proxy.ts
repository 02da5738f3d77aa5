/**
 * A proxy of a simulated network that says what a test wants.
 *
 * @module
 */
import assert from "node:assert/strict";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import type { ByteStream, Host, StreamSocket } from "../../src/host.ts";
import type { SimulatedNetwork } from "../../src/sim/contract.ts";
import type { Connector, ConnectorStream } from "../../src/transport/connector.ts";
import { isError, readAll, writeAll } from "./byte_streams.ts";

/** Where the proxies of tests are. */
export const PROXY = { hostname: "proxy", port: 1080 } as const;

/** One exchange: what must come, and what is then said; bytes or text. */
export type Exchange = readonly [expected: Uint8Array | string, answer: Uint8Array | string];

/** How a proxy speaks. */
export interface Manner {
  /** Bytes of each write; all of an answer by default. */
  readonly piece?: number;
  /** What it does after the last answer; by default it sends back what comes. */
  readonly then?: "echo" | "close" | "cut" | "silence";
}

/** A network with a client and a proxy. */
export interface ProxySetting {
  readonly network: SimulatedNetwork;
  readonly client: Host;
  /** What came instead of what was expected, or nothing. */
  readonly surprises: string[];
}

/** Makes a network whose proxy has a script. */
export async function withProxy(
  script: readonly Exchange[],
  { piece = Infinity, then = "echo" }: Manner = {},
): Promise<ProxySetting> {
  const network = simulatedNetwork({ conditions: { delay: 10 }, timers: "exact" });
  const [client, proxy] = [network.addNode("client"), network.addNode("proxy")];
  const surprises: string[] = [];

  const serve = async (stream: StreamSocket) => {
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    let rest = "";
    for (const [expected, answer] of script) {
      const wanted = textOf(expected);
      while (rest.length < wanted.length) {
        const { value } = await reader.read();
        if (value === undefined) return surprises.push(`ended after ${rest}`);
        rest += textOf(value);
      }
      if (!rest.startsWith(wanted)) surprises.push(`${rest} instead of ${wanted}`);
      rest = rest.slice(wanted.length);
      const bytes = bytesOf(answer);
      for (let at = 0; at < bytes.length; at += piece) {
        await writer.write(bytes.slice(at, at + piece));
        // Each piece is a packet of its own.
        if (piece < bytes.length) await sleep(client, 1);
      }
    }
    if (then === "close") stream.close();
    if (then === "cut") await writer.abort();
    if (then !== "echo") return;
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) break;
      await writer.write(value);
    }
    await writer.close();
  };

  await proxy.listenStream({ hostname: "::", port: PROXY.port }, {
    onStream: (stream) => void serve(stream).catch(() => {}),
  });
  return { network, client, surprises };
}

/** Connects through the proxy, checks that the script was kept to, and gives the stream. */
export async function connectThrough(
  { network, surprises }: ProxySetting,
  connector: Connector,
  hostname = "server.example",
): Promise<ConnectorStream> {
  const stream = await network.run(connector({ hostname, port: 443 }, {}));
  assert.deepEqual(surprises, []);
  return stream;
}

/** Connects in vain: with the code that is given, and nothing stays open. */
export async function assertFails(
  { network }: ProxySetting,
  connector: Connector,
  code: "proxy-failed" | "proxy-refused" | "proxy-login-refused",
  message?: RegExp,
): Promise<void> {
  const connecting = connector({ hostname: "server.example", port: 443 }, {});
  await assert.rejects(network.run(connecting), (error: Error) => {
    if (message) assert.match(error.message, message);
    return isError(code)(error);
  });
  await network.pass(20_000);
  // The proxy's listener.
  assert.equal(network.openSockets, 1);
}

/** The other end sends back what comes: both halves work, and end. */
export async function assertCarries(
  { network }: ProxySetting,
  stream: ByteStream,
  begins = "",
): Promise<void> {
  const text = "what the program says ".repeat(500);
  const [answer] = await network.run(
    Promise.all([readAll(stream), writeAll(stream, bytesOf(text))]),
  );
  assert.equal(textOf(answer), begins + text);
}

/** Latin-1, so that every byte is a letter. */
function bytesOf(text: Uint8Array | string): Uint8Array {
  return typeof text === "string" ? Uint8Array.from(text, (letter) => letter.charCodeAt(0)) : text;
}

function textOf(bytes: Uint8Array | string): string {
  return typeof bytes === "string"
    ? bytes
    : Array.from(bytes, (b) => String.fromCharCode(b)).join("");
}

function sleep(host: Host, time: number): Promise<void> {
  return new Promise((wake) => void host.setAlarm(host.now() + time, wake));
}
