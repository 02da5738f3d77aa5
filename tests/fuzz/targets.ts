/**
 * What is fuzzed: a real listener and a real client on a virtual network, each with a session that
 * must go on working, and the streams of a session whose other end has gone mad.
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
import { FrameSource } from "./frames.ts";
import { MutantSource, randomDatagram, type Recording } from "./packets.ts";

/** Something to throw inputs at. Each method throws when what must hold does not. */
export interface Target {
  /** The next input. */
  next(): Uint8Array;
  /** Throws the input at it, and looks at once what came of it. */
  hit(input: Uint8Array): void;
  /** Lets time pass, and looks whether the target still does what it is for. */
  check(): Promise<void>;
}

/** What can be fuzzed. */
export const TARGETS = {
  "random-listener": (seed: number) => listenerTarget(seed, (_, draw) => randomDatagram(draw)),
  "random-client": (seed: number) => clientTarget(seed, (_, draw) => randomDatagram(draw)),
  "random-connecting": (seed: number) => connectingTarget(seed, (_, draw) => randomDatagram(draw)),
  "mutants-listener": (seed: number) => listenerTarget(seed, mutants),
  "mutants-client": (seed: number) => clientTarget(seed, mutants),
  "mutants-connecting": (seed: number) => connectingTarget(seed, mutants),
  "frames-listener": (seed: number) => framesTarget(seed, "server"),
  "frames-client": (seed: number) => framesTarget(seed, "client"),
} as const;

/** The name of a target. */
export type TargetName = keyof typeof TARGETS;

/** Makes a source of inputs, given what was recorded. */
type Source = (recording: Recording, draw: Draw) => Uint8Array;

const sources = new WeakMap<Recording, MutantSource>();
const mutants: Source = (recording, draw) => {
  const source = sources.get(recording) ?? new MutantSource(recording);
  sources.set(recording, source);
  return source.next(draw);
};

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

async function listenerTarget(seed: number, source: Source): Promise<Target> {
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
    next: () => source(recording, draw),
    hit: (input) => {
      const before = sent;
      deliver(pair, input, draw.of(places), serverOf(pair));
      assert.equal(sent, before, "the listener has answered");
    },
    check: async () => {
      await pair.pass(1);
      await pass(pair, live, liveServer, ++count);
      const { sessionsOpen, sessionsQueued } = listener.stats();
      assert.equal(sessionsOpen, 2, "sessions were opened or lost");
      assert.equal(sessionsQueued, 0);
      assert.equal(session.stats().framesReceived, 8, "a frame was taken");
      // The one that proved the keys.
      assert.equal(liveServer.stats().framesMalformed + session.stats().framesMalformed, 1);
      assert.equal(peer.received.length, 0);
    },
  };
}

async function clientTarget(seed: number, source: Source): Promise<Target> {
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
    next: () => source(recording, draw),
    hit: (input) => {
      const before = pair.up.counts.sent;
      deliver(pair, input, draw.of([serverOf(pair), stranger]), client);
      assert.equal(pair.up.counts.sent, before, "the client has answered");
    },
    check: async () => {
      await pair.pass(1);
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
  };
}

async function connectingTarget(seed: number, source: Source): Promise<Target> {
  const draw = new Draw(seed);
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
  await listener.close();
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
    next: () => source(recording, draw),
    hit: (input) => {
      const before = pair.up.counts.sent;
      deliver(pair, input, server, client);
      assert.equal(pair.up.counts.sent, before, "the client has answered");
    },
    check: async () => {
      await pair.pass(1);
      if (++checks % 20 !== 0) return;
      // The server comes up, and the attempt succeeds after all; then another one begins.
      const revived = await pair.listen();
      const session = await pair.run(connecting);
      await session.close();
      await revived.close();
      ({ connecting, client } = await attempt());
    },
  };
}

async function framesTarget(seed: number, role: "client" | "server"): Promise<Target> {
  const draw = new Draw(seed);
  let peer = await freshPeer();
  let source = freshSource();
  let sent = 0;
  let inputs = 0;

  async function freshPeer(): Promise<ForgedPeer> {
    const pair = instantPair(draw.between(0, 2 ** 31));
    const fresh = role === "server"
      ? await againstServer(pair, await pair.listen())
      : await againstClient(pair);
    serve(fresh, draw);
    fresh.send(fresh.forger.data(0, body(0)));
    await fresh.pair.pass(1);
    return fresh;
  }

  function freshSource(): FrameSource {
    return new FrameSource(draw, 1, () => peer.session.stats().framesSent);
  }

  return {
    next: () => source.next(),
    hit: (input) => {
      inputs++;
      peer.received.length = 0;
      peer.send(peer.forger.seal(input));
      let steps = 0;
      while (peer.pair.network.clock.step(peer.pair.now)) {
        assert.ok(++steps < MOST_STEPS, "one frame keeps it busy for ever");
      }
      sent += peer.received.length;
    },
    check: async () => {
      const { pair, session } = peer;
      await pair.pass(draw.of([0, 1, 5, 30]));
      sent += peer.received.length;
      peer.received.length = 0;
      const { streams } = session.multiplex().stats();
      assert.ok(streams <= 1_024, `${streams} streams`);
      // Answers, acknowledgements, and what the application writes, again and again.
      assert.ok(sent < 8 * inputs + 2_000, `${sent} packets for ${inputs}`);
      await assertSpeaks(peer, source);
      if (!draw.happens(0.05)) return;
      await session.close();
      await pair.pass(1_000);
      assert.ok((await session.closed).by === "local");
      peer = await freshPeer();
      source = freshSource();
    },
  };
}

/** An application that accepts all streams, reads some, writes to some and leaves some alone. */
function serve({ session }: ForgedPeer, draw: Draw): void {
  const mux = session.multiplex();
  const ignore = () => {};
  void (async () => {
    for await (const conn of mux) {
      const habit = draw.between(0, 5);
      const into = new Uint8Array(500);
      if (habit <= 2) {
        void (async () => {
          while (await conn.read(into) !== null);
        })().catch(ignore);
      }
      if (habit <= 1 || habit === 3) {
        void conn.write(new Uint8Array(draw.between(1, 9_000))).catch(ignore);
      }
      if (habit === 2) void conn.close().catch(ignore);
      if (habit === 4) conn.closeWrite();
    }
  })().catch(ignore);
}

/** An unreliable message passes in each direction. */
async function assertSpeaks(peer: ForgedPeer, source: FrameSource): Promise<void> {
  const { pair, session, forger, received } = peer;
  const mux = session.multiplex();
  const message = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 250, 251, 252);
  peer.send(forger.data(source.takeFrameNumber(), message));
  for (;;) {
    const next = await pair.run(mux.receiveUrel());
    if (next.length === 3 && next[0] === 250) break;
  }
  received.length = 0;
  mux.sendUrel(Uint8Array.of(1, 2, 3));
  await pair.pass(1);
  const hasCome = received.some((packet) => {
    const frame = forger.open(packet)?.frame;
    return frame?.kind === "data" && frame.body.length === 15 && frame.body[14] === 3;
  });
  assert.ok(hasCome, "an unreliable message did not come");
  received.length = 0;
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
