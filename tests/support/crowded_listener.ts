/**
 * A program that echoes streams over UDP and TCP, and takes up all file descriptors, told by its parent
 * when. It prints one line for each thing that happened: "port N KEY", "crowded", "free", and what
 * became of its own attempts to open sockets, "opened CODE".
 */
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { connect, listen } from "../../mod.ts";
import { formatHex } from "../../src/bytes.ts";
import { SosistabError } from "../../src/errors.ts";
import { currentHost } from "./current_host.ts";

// Deno 2.9 panics when it has no descriptor left for the pipe that it hears of signals by.
process.on("SIGUSR2", () => {});

const taken: number[] = [];
const host = await currentHost();
const secretKey = new Uint8Array(32).fill(7);
const listener = await listen(host, {
  hostname: "127.0.0.1",
  secretKey,
  freshKey: true,
  tcp: true,
});
const { hostname, port } = listener.addr;

function crowd(): void {
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    // This was the last one.
  }
}

function clear(): void {
  for (const file of taken.splice(0)) closeSync(file);
}

/** The code of what an attempt rejects with. */
async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "nothing";
  } catch (error) {
    return error instanceof SosistabError ? error.code : `${error}`;
  }
}

/** Opens each kind of socket. */
async function open(): Promise<string> {
  const { publicKey: serverKey } = listener;
  const target = { hostname, port, serverKey, timeout: 1_000 };
  const address = { hostname, port: 0 };
  const handler = { onDatagram: () => {}, onError: () => {} };
  const codes = [
    await codeOf(host.bindDatagram(address, handler)),
    await codeOf(host.connectStream!({ hostname, port })),
    await codeOf(host.listenStream!(address, { onStream: (stream) => stream.close() })),
    await codeOf(connect(host, target)),
    await codeOf(connect(host, { ...target, protocol: "tcp" })),
  ];
  return codes.join(" ");
}

void (async () => {
  for await (const session of listener) {
    void (async () => {
      for await (const conn of session.multiplex()) {
        void conn.readable.pipeTo(conn.writable).catch(() => {});
      }
    })();
  }
})();

console.log(`port ${port} ${formatHex(listener.publicKey)}`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "crowd") crowd();
  else if (line === "clear") clear();
  console.log(line === "open" ? `opened ${await open()}` : line === "crowd" ? "crowded" : "free");
}
process.exit(0);
