/**
 * A real listener and a real client on a virtual network, each with a session that must go on working,
 * among datagrams that nobody should take.
 */
import assert from "node:assert/strict";
import { connect, type Listener, type Session } from "../../mod.ts";
import type { Address } from "../../src/address.ts";
import {
  againstClient,
  againstServer,
  type ForgedPeer,
  minuteOf,
  openSocket,
  shakeHands,
} from "../support/forged_peer.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";
import { Draw } from "./draw.ts";
import type { Input, Life, Target } from "./life.ts";
import { MutantSource, randomDatagram, type Recording } from "./packets.ts";

/** What is thrown at a network: what knows nothing, or what was recorded and then damaged. */
export type Thrown = "random" | "mutants";

/** A listener with two sessions. */
export function listenerTarget(thrown: Thrown): Target {
  return {
    inputsPerLife: 20_000,
    mostHeld: 4e6,
    mustTake: [],
    begin: (seed) => listenerLife(seed, thrown),
  };
}

/** A client with a session. */
export function clientTarget(thrown: Thrown): Target {
  return {
    inputsPerLife: 20_000,
    mostHeld: 4e6,
    mustTake: [],
    begin: (seed) => clientLife(seed, thrown),
  };
}

/** A client that connects, again and again. */
export function connectingTarget(thrown: Thrown): Target {
  return {
    inputsPerLife: 20_000,
    mostHeld: 4e6,
    mustTake: [],
    begin: (seed) => connectingLife(seed, thrown),
  };
}

/** Makes inputs of what was recorded. */
function sourceOf(thrown: Thrown, recording: Recording, seed: number): () => Input {
  const draw = new Draw(seed + 1);
  const mutants = new MutantSource(recording);
  return () => ({
    kind: thrown,
    bytes: thrown === "random" ? randomDatagram(draw) : mutants.next(draw),
  });
}

const body = (number: number) => new TextEncoder().encode(`body ${number}`);

/** Steps of the clock that one input may cause before everything is at rest. */
const MOST_STEPS = 500;

/** Hands a datagram to whoever is bound at `to`, as if it came from `from`, at once. */
function deliver(pair: VirtualPair, input: Uint8Array, from: Address, to: Address): void {
  pair.network.inject(input, from, to);
  let steps = 0;
  while (pair.network.clock.step(pair.now)) {
    assert.ok(++steps < MOST_STEPS, "one datagram keeps it busy for ever");
  }
}

/** A network without delay, so that what one datagram causes happens before the next. */
function instantPair(seed: number): VirtualPair {
  return new VirtualPair({ delay: 0 }, seed);
}

const serverOf = (pair: VirtualPair) => ({ hostname: pair.serverHost.address, port: PORT });

/** What a listener has had of a client that keeps all rules, and what it has not had. */
async function recordListener(
  pair: VirtualPair,
  listener: Listener,
): Promise<{ recording: Recording; session: Session; peer: ForgedPeer }> {
  const peer = await againstServer(pair, listener);
  const { client, forger, session } = peer;
  const minute = minuteOf(pair);
  const hello = client.hellos.packet("up", minute, {
    kind: "clientHello",
    longPublicKey: new Uint8Array(32).fill(9),
    ephemeralPublicKey: new Uint8Array(32).fill(9),
    version: 3,
  }, { length: 400 });
  const bodies = Array.from({ length: 8 }, (_, i) => body(i));
  const seen = [
    hello,
    client.resume(),
    ...bodies.map((each, i) => forger.data(i, each)),
    ...forger.parity(0, bodies, 2),
  ];
  for (const packet of seen) peer.send(packet.slice());
  await pair.pass(10);
  for (const _ of bodies) await pair.run(session.receive());
  peer.received.length = 0;
  const stranger = await shakeHands(pair, listener, 2);
  const unseen = [
    stranger.resume(),
    stranger.hellos.packet("up", minute, {
      kind: "clientHello",
      longPublicKey: new Uint8Array(32).fill(8),
      ephemeralPublicKey: new Uint8Array(32).fill(9),
      version: 3,
    }, { length: 200 }),
    forger.data(1_000, body(1_000)),
    ...forger.parity(8, [body(8), body(9)], 1),
  ];
  return { recording: { seen, unseen }, session, peer };
}

async function listenerLife(seed: number, thrown: Thrown): Promise<Life> {
  const draw = new Draw(seed);
  const pair = instantPair(seed);
  let sent = 0;
  const listener = await pair.listen({ onSend: () => void sent++ });
  const { recording, session, peer } = await recordListener(pair, listener);
  const live = await pair.connect(listener);
  const liveServer = await pair.run(listener.accept());
  await pass(pair, live, liveServer, 0);
  const stranger = await openSocket(pair);
  const places = [stranger.addr, liveServer.remoteAddr, session.remoteAddr];
  let count = 0;
  return {
    isOver: false,
    next: sourceOf(thrown, recording, seed),
    take: (input) => {
      const before = sent;
      deliver(pair, input, draw.of(places), serverOf(pair));
      assert.equal(sent, before, "the listener has answered");
      return false;
    },
    check: async (ms) => {
      await pair.pass(1 + ms);
      await pass(pair, live, liveServer, ++count);
      const { sessionsOpen, sessionsQueued } = listener.stats();
      assert.equal(sessionsOpen, 2, "sessions were opened or lost");
      assert.equal(sessionsQueued, 0);
      assert.equal(session.stats().framesReceived, 8, "a frame was taken");
      // The one that proved the keys.
      assert.equal(liveServer.stats().framesMalformed + session.stats().framesMalformed, 1);
      assert.equal(listener.stats().faults, 0);
      assert.equal(peer.received.length, 0);
    },
    end: () => pair.run(listener.close()),
  };
}

async function clientLife(seed: number, thrown: Thrown): Promise<Life> {
  const draw = new Draw(seed);
  const peer = await againstClient(instantPair(seed));
  const { pair, session, forger } = peer;
  const bodies = Array.from({ length: 8 }, (_, i) => body(i));
  const minute = minuteOf(pair);
  const hellos = new HelloForger(new Uint8Array(32).fill(3), seededSource(seed));
  const seen = [
    ...bodies.map((each, i) => forger.data(i, each)),
    ...forger.parity(0, bodies, 2),
    hellos.packet("down", minute, {
      kind: "serverHello",
      longPublicKey: new Uint8Array(32),
      ephemeralPublicKey: new Uint8Array(32),
      resumeToken: new Uint8Array(65),
    }, { length: 300 }),
  ];
  for (const packet of seen) peer.send(packet.slice());
  await pair.pass(10);
  for (const _ of bodies) await pair.run(session.receive());
  const unseen = [forger.data(1_000, body(1_000)), ...forger.parity(8, [body(8), body(9)], 1)];
  const recording = { seen, unseen };
  // Where the client's socket is: the first that was bound on its host.
  const client = await addressOfClient(pair);
  const stranger = { hostname: pair.serverHost.address, port: 9 };
  let frame = 8;
  return {
    isOver: false,
    next: sourceOf(thrown, recording, seed),
    take: (input) => {
      const before = pair.up.counts.sent;
      deliver(pair, input, draw.of([serverOf(pair), stranger]), client);
      assert.equal(pair.up.counts.sent, before, "the client has answered");
      return false;
    },
    check: async (ms) => {
      await pair.pass(1 + ms);
      peer.send(forger.data(frame, body(frame)));
      assert.deepEqual(await pair.run(session.receive()), body(frame));
      peer.received.length = 0;
      session.send(body(frame));
      await pair.pass(1);
      const frames = peer.received.map((packet) => forger.open(packet)?.frame);
      assert.deepEqual(frames.find((each) => each !== undefined)?.body, body(frame));
      frame++;
      assert.equal(session.stats().framesReceived, frame, "a frame was taken");
      assert.equal(session.stats().framesMalformed, 0);
    },
    end: () => pair.run(session.close()),
  };
}

async function connectingLife(seed: number, thrown: Thrown): Promise<Life> {
  const pair = instantPair(seed);
  // Answers of the true server to somebody else: only damaged can they be told from one's own.
  const listener = await pair.listen();
  const answers: Uint8Array[] = [];
  for (let i = 1; i <= 4; i++) {
    const { hellos, token } = await shakeHands(pair, listener, i);
    const answer = hellos.packet("down", minuteOf(pair), {
      kind: "serverHello",
      longPublicKey: listener.publicKey,
      ephemeralPublicKey: new Uint8Array(32).fill(9),
      resumeToken: token,
    }, { length: 165 + 100 * i });
    answers.push(answer);
  }
  const serverKey = listener.publicKey;
  await pair.run(listener.close());
  const recording = { seen: [], unseen: answers };
  const server = serverOf(pair);
  const attempt = async () => {
    const connecting = connect(pair.clientHost, { hostname: "server", port: PORT, serverKey });
    await pair.pass(0);
    return { connecting, client: await addressOfClient(pair) };
  };
  let { connecting, client } = await attempt();
  let checks = 0;
  return {
    isOver: false,
    next: sourceOf(thrown, recording, seed),
    take: (input) => {
      const before = pair.up.counts.sent;
      deliver(pair, input, server, client);
      assert.equal(pair.up.counts.sent, before, "the client has answered");
      return false;
    },
    check: async (ms) => {
      await pair.pass(1 + ms);
      if (++checks % 20 !== 0) return;
      // The server comes up, and the attempt succeeds after all; then another one begins.
      const revived = await pair.listen();
      const session = await pair.run(connecting);
      await pair.run(session.close());
      await pair.run(revived.close());
      ({ connecting, client } = await attempt());
    },
    end: async () => {
      const revived = await pair.listen();
      await pair.run((await pair.run(connecting)).close());
      await pair.run(revived.close());
    },
  };
}

/** One body in each direction. */
async function pass(pair: VirtualPair, a: Session, b: Session, number: number): Promise<void> {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    from.send(body(number));
    assert.deepEqual(await pair.run(to.receive()), body(number));
  }
}

/** Where the newest socket of the client's host is bound. */
async function addressOfClient(pair: VirtualPair): Promise<Address> {
  const socket = await pair.clientHost.bindDatagram({ hostname: "0.0.0.0", port: 0 }, {
    onDatagram: () => {},
    onError: () => {},
  });
  socket.close();
  return { hostname: socket.addr.hostname, port: socket.addr.port - 1 };
}
