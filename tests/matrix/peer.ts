/**
 * One end of a pair of runtimes: `peer.ts server CARRIER` or `peer.ts client CARRIER PORT`, where the
 * carrier is `udp`, `tcp` or `tls`. Speaks JSON lines.
 *
 * @module
 */
import process from "node:process";
import { connect, listen } from "../../mod.ts";
import type { Multiplex } from "../../src/net/contract.ts";
import { publicKeyOf } from "../../src/crypto/keys.ts";
import { currentHost, RUNTIME } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";
import { openVerb, serveAll } from "../support/stream_verbs.ts";
import { IDENTITY } from "../support/tls_identities.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);
const BYTES = 5_000_000;
const MESSAGES = 1_000;

/** Messages that leave together, once a millisecond: a default receive buffer holds 92. */
const BURST = 10;

/** Messages under way at the most: 256 wait for a reader, and a stream may bring all of them at once. */
const MOST_UNDER_WAY = 128;

/** How long it is waited for one that is missing, ms, before it counts as lost. */
const PATIENCE = 500;

const host = await currentHost();
const [role, carrier, port] = process.argv.slice(2);
const protocol = carrier === "tcp" || carrier === "tls" ? carrier : "udp";
if (role === "server") {
  const listener = await listen(host, {
    hostname: "127.0.0.1",
    secretKey: SECRET_KEY,
    freshKey: true,
    udp: protocol === "udp",
    tcp: protocol !== "udp",
    ...(protocol === "tls" ? { tls: IDENTITY } : {}),
  });
  say({ runtime: RUNTIME, port: listener.addr.port });
  process.stdin.on("end", () => process.exit(0)).resume();
  for await (const session of listener) serveAll(session.multiplex());
} else {
  const serverKey = publicKeyOf(SECRET_KEY);
  const session = await connect(host, {
    hostname: "127.0.0.1",
    port: Number(port),
    serverKey,
    protocol,
  });
  const mux = session.multiplex();
  const down = await openVerb(mux, `source ${BYTES}`);
  const up = await openVerb(mux, `sink ${BYTES}`);
  const messages = await echoMessages(mux);
  await session.close();
  say({ runtime: RUNTIME, down, up, messages });
}

/** Sends numbered messages and counts those that come back right, each once. */
async function echoMessages(mux: Multiplex): Promise<number> {
  const back = new Set<number>();
  const receiving = (async () => {
    const signal = AbortSignal.timeout(20_000);
    while (back.size < MESSAGES) {
      const message = await mux.receiveUrel({ signal });
      const number = message[0]! * 256 + message[1]!;
      if (message.length === 2 + number % 1_000) back.add(number);
    }
  })().catch(() => {});
  for (let number = 0; number < MESSAGES; number++) {
    const message = new Uint8Array(2 + number % 1_000);
    message.set([number >> 8, number & 255]);
    mux.sendUrel(message);
    if (number % BURST === 0) await delay(1);
    for (let i = 0; number - back.size >= MOST_UNDER_WAY && i < PATIENCE; i++) await delay(1);
  }
  await Promise.race([receiving, delay(2_000)]);
  return back.size;
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
