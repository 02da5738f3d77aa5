/**
 * One measurement on the runtime that runs this: `measure.ts aead|handshakes|memory|server|client PORT`.
 * Prints one JSON line. `run.ts` puts the lines side by side.
 *
 * @module
 */
import process from "node:process";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { connect, listen, type Multiplex, type Session } from "../mod.ts";
import { SESSION_OVERHEAD, SessionCipher } from "../src/crypto/aead.ts";
import { publicKeyOf } from "../src/crypto/keys.ts";
import { Initiator } from "../src/handshake/initiator.ts";
import { HelloFilter } from "../src/handshake/hello_filter.ts";
import { Responder } from "../src/handshake/responder.ts";
import { Random } from "../src/random.ts";
import { currentHost } from "../tests/support/current_host.ts";
import { openVerb, serveAll } from "../tests/support/stream_verbs.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);
const LENGTH = 1200;
const BULK = 40_000_000;
const IDLE_SESSIONS = 1_000;
/** Rounds are short and taken in turns, so that a noisy neighbour disturbs both sides alike. */
const ROUNDS = 15;
const ROUND_MS = 60;

const host = await currentHost();
const [what, argument] = process.argv.slice(2);
switch (what) {
  case "aead":
    say(measureAead());
    break;
  case "handshakes":
    say({ handshakes_s: Math.round(1e6 / measure([measureHandshake()])[0]!) });
    break;
  case "memory":
    say(await measureMemory());
    break;
  case "server": {
    const listener = await listen(host, {
      hostname: "127.0.0.1",
      secretKey: SECRET_KEY,
      freshKey: true,
    });
    say({ port: listener.addr.port });
    process.stdin.on("end", () => process.exit(0)).resume();
    for await (const session of listener) serveAll(session.multiplex());
    break;
  }
  case "client": {
    const serverKey = publicKeyOf(SECRET_KEY);
    const port = Number(argument);
    const session = await connect(host, { hostname: "127.0.0.1", port, serverKey });
    const mux = session.multiplex();
    const down = await measureBulk(mux, `source ${BULK}`);
    const up = await measureBulk(mux, `sink ${BULK}`);
    await session.close();
    say({ down, up });
    break;
  }
  default:
    throw new Error(`nothing is known of ${what}`);
}

/** Mbit/s of one stream. */
async function measureBulk(mux: Multiplex, verb: string): Promise<number> {
  const start = performance.now();
  const { good, bytes } = await openVerb(mux, verb);
  if (!good || bytes !== BULK) throw new Error(`${verb} came wrong`);
  return Math.round(BULK * 8 / 1000 / (performance.now() - start));
}

/** Microseconds of a call, each the median of rounds taken in turns. */
function measure(calls: readonly (() => void)[]): number[] {
  const times = calls.map((): number[] => []);
  for (const call of calls) round(call);
  for (let i = 0; i < ROUNDS; i++) calls.forEach((call, at) => times[at]!.push(round(call)));
  return times.map((list) => list.sort((a, b) => a - b)[ROUNDS >> 1]!);
}

function round(call: () => void): number {
  const start = performance.now();
  let count = 0;
  let elapsed = 0;
  while (elapsed < ROUND_MS) {
    for (let i = 0; i < 8; i++) call();
    count += 8;
    elapsed = performance.now() - start;
  }
  return elapsed * 1000 / count;
}

function measureAead(): Record<string, number> {
  const key = new Uint8Array(32).fill(1);
  const nonce = new Uint8Array(12).fill(2);
  const cipher = new SessionCipher(key);
  const packet = new Uint8Array(LENGTH + SESSION_OVERHEAD);
  const sealed = packet.slice(0, cipher.seal(packet, LENGTH, nonce));
  const plaintext = new Uint8Array(LENGTH);
  const bare = chacha20poly1305(key, nonce).encrypt(plaintext);
  const memory = sealed.slice();
  const [seal, bareSeal, open, bareOpen] = measure([
    () => void cipher.seal(packet, LENGTH, nonce),
    () => void chacha20poly1305(key, nonce).encrypt(plaintext),
    () => {
      memory.set(sealed);
      cipher.open(memory);
    },
    () => void chacha20poly1305(key, nonce).decrypt(bare),
  ]) as [number, number, number, number];
  return { seal, seal_noble: bareSeal, open, open_noble: bareOpen };
}

/** Both halves of one handshake. */
function measureHandshake(): () => void {
  const x25519 = host.x25519!;
  const random = new Random(host.random);
  const filter = new HelloFilter(SECRET_KEY);
  const responder = new Responder({
    secretKey: SECRET_KEY,
    x25519,
    random,
    isFresh: (...hello) => filter.accept(...hello) !== undefined,
  });
  const serverKey = responder.publicKey;
  const hello = new Uint8Array(2048);
  const answer = new Uint8Array(2048);
  return () => {
    const initiator = new Initiator({ serverKey, x25519, random, giveUpAt: 1e9 }, 0);
    const length = initiator.pollTransmit(hello, 0, 0);
    const outcome = responder.handleDatagram(hello.subarray(0, length), "", answer, 0, 0);
    if (outcome.kind !== "answer") throw new Error(outcome.kind);
    initiator.handleDatagram(answer.subarray(0, outcome.length), 0);
    if (initiator.pollEvent()?.kind !== "established") throw new Error("no session");
  };
}

/** Memory of sessions with a multiplex each, both ends in this process. */
async function measureMemory(): Promise<Record<string, number>> {
  const listener = await listen(host, {
    hostname: "127.0.0.1",
    secretKey: SECRET_KEY,
    freshKey: true,
  });
  const { port } = listener.addr;
  const serverKey = listener.publicKey;
  const kept: Session[] = [];
  const openOne = async () => {
    const session = await connect(host, { hostname: "127.0.0.1", port, serverKey });
    const far = await listener.accept();
    far.multiplex();
    const conn = await session.multiplex().openConn();
    await conn.write(new Uint8Array(1000));
    conn.reset();
    kept.push(session);
  };
  for (let i = 0; i < 50; i++) await openOne();
  const before = await settledMemory();
  for (let i = 0; i < IDLE_SESSIONS; i++) await openOne();
  const after = await settledMemory();
  for (const session of kept) await session.close();
  await listener.close();
  return { kb_per_pair: Math.round((after - before) / IDLE_SESSIONS / 102.4) / 10 };
}

/** Resident memory once garbage is gone. */
async function settledMemory(): Promise<number> {
  const runtime = globalThis as { gc?: () => void; Bun?: { gc: (force: boolean) => void } };
  for (let i = 0; i < 5; i++) {
    runtime.gc?.();
    runtime.Bun?.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage().rss;
}

function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
