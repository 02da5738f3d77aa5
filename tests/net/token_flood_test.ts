/**
 * B-RESUME: tokens in great numbers that nobody has the keys of, or wants to, and the same ones again
 * and again. A part of the numbers that the limits are made for; with SOSISTAB_FULL set all of them.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { listen } from "../../src/adapters/sim.ts";
import type { HandshakeFrame } from "../../src/wire/hello.ts";
import { minuteOf, shakeHands } from "../support/forged_peer.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const [TOKENS, REPEATED] = process.env.SOSISTAB_FULL === undefined
  ? [5_000, 20_000]
  : [100_000, 1_000_000];

/** Tokens in flight at a time. */
const BATCH = 500;

/** Of 4,096: they come from elsewhere than where the tokens were sent. */
const MOST_CANDIDATES = 2_048;

test("B-RESUME: tokens that nobody follows up are candidates, of which there are so many and no more, and gone in ten seconds", async (context) => {
  const pair = new VirtualPair();
  const x25519 = new ToyX25519(seededSource(1));
  const options = { port: PORT, secretKey: SECRET_KEY, freshKey: true };
  const listener = await listen({ ...pair.serverHost, x25519 }, options);
  const forger = new HelloForger(listener.publicKey, seededSource(2));
  const [long, ephemeral] = [x25519.generate(), x25519.generate()];
  const to = { hostname: pair.serverHost.address, port: PORT };
  const tokens: Uint8Array[] = [];
  const socket = await pair.clientHost.bindDatagram({ hostname: "::", port: 0 }, {
    onDatagram: (packet) => {
      const answer = forger.frame("down", minuteOf(pair), packet);
      if (answer?.kind === "serverHello") tokens.push(answer.resumeToken.slice());
    },
    onError: () => {},
  });
  const hello: HandshakeFrame = {
    kind: "clientHello",
    longPublicKey: long.publicKey,
    ephemeralPublicKey: ephemeral.publicKey,
    version: 3,
  };
  let shown = 0;
  /** The resumes that were said last. */
  const resumes: Uint8Array[] = [];
  const addressOf = (number: number) => ({
    hostname: `198.18.${number >>> 8 & 255}.${number & 255}`,
    port: 1 + (number >>> 16),
  });
  /** Shows a token from an address of its own. */
  const show = (resumeToken: Uint8Array) => {
    const frame: HandshakeFrame = { kind: "clientResume", resumeToken, shardId: shown & 255 };
    const packet = forger.packet("up", minuteOf(pair), frame, { length: 120 });
    resumes[shown % BATCH] = packet;
    pair.network.inject(packet, addressOf(shown++), to);
  };
  let most = 0;
  const pass = async (ms: number) => {
    await pair.pass(ms);
    most = Math.max(most, listener.stats().candidates);
  };
  let asked = 0;
  while (asked < TOKENS) {
    for (let i = 0; i < BATCH; i++, asked++) {
      socket.send(forger.packet("up", minuteOf(pair), hello, { length: 200 }), to);
    }
    await pass(25);
    for (const token of tokens.slice(-BATCH)) show(token);
    tokens.splice(0, tokens.length - BATCH);
  }
  await pass(1);
  const counted = listener.stats();
  context.diagnostic(
    `${counted.handshakes} tokens, ${most} candidates at the most, ${counted.droppedByCandidateLimit} refused`,
  );
  // Of a hundred thousand hellos two have one digest, and the later one is not answered.
  assert.ok(counted.handshakes <= asked && counted.handshakes > asked - 10);
  assert.equal(most, MOST_CANDIDATES);
  assert.ok(counted.droppedByCandidateLimit > 0);
  const end = pair.now + 10_000;
  for (let i = 0; i < REPEATED; i++) {
    pair.network.inject(resumes[i % BATCH]!, addressOf(i % 9 === 0 ? i : i % BATCH), to);
    if (i % 1_000 === 999) await pass(1);
  }
  assert.equal(most, MOST_CANDIDATES);
  await pair.pass(Math.max(0, end - pair.now) + 10_001);
  const { candidates, sessionsOpen, hellos, handshakes } = listener.stats();
  assert.deepEqual({ candidates, sessionsOpen, handshakes }, {
    candidates: 0,
    sessionsOpen: 0,
    handshakes: counted.handshakes,
  });
  assert.equal(hellos.remembered, handshakes, "resumes are not remembered");
  socket.close();
  await pair.run(listener.close());
});

test("R2: one token that is shown from any number of false addresses keeps no client out", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ limits: { candidates: 16 } });
  const thief = await shakeHands(pair, listener);
  const to = { hostname: pair.serverHost.address, port: PORT };
  for (let i = 0; i < 100; i++) {
    pair.network.inject(thief.resume(), { hostname: `198.18.0.${i}`, port: 1 }, to);
  }
  await pair.pass(1);
  assert.ok(listener.stats().droppedByCandidateLimit > 0);
  const since = pair.now;
  const client = await pair.connect(listener);
  assert.ok(pair.now - since < 100, `${pair.now - since} ms`);
  client.send(new Uint8Array(1));
  await pair.run(listener.accept(), 100);
  await pair.run(listener.close());
});
