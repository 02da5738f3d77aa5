/**
 * The other end of a session of ours, written by hand: it has the keys, keeps no rule, and lives on
 * the network of a {@linkcode VirtualPair}.
 */
import assert from "node:assert/strict";
import { connect, type Listener, type Session } from "../../mod.ts";
import type { Address } from "../../src/address.ts";
import { portableX25519, publicKeyOf, tripleDiffieHellman } from "../../src/crypto/keys.ts";
import { Responder } from "../../src/handshake/responder.ts";
import type { DatagramSocket } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import type { HandshakeFrame } from "../../src/wire/hello.ts";
import { freshHellos } from "./fresh_hellos.ts";
import { HelloForger, type HelloShape } from "./hello_forger.ts";
import { seededSource } from "./seeded_random.ts";
import { SessionForger } from "./session_forger.ts";
import { PORT, SECRET_KEY, type VirtualPair } from "./virtual_pair.ts";

/** A session between a real end and one that is written by hand. */
export interface ForgedPeer {
  readonly pair: VirtualPair;
  /** Which end is the real one. */
  readonly role: "client" | "server";
  /** The real end. */
  readonly session: Session;
  /** The keys of the other one. */
  readonly forger: SessionForger;
  /** What the real end has sent since the handshake, handshake packets included. */
  readonly received: Uint8Array[];
  /** Sends a packet to the real end. */
  readonly send: (packet: Uint8Array) => void;
}

/** The minute by which the keys of the handshake are made now. */
export function minuteOf(pair: VirtualPair): number {
  return Math.floor(pair.serverHost.epochSeconds() / 60);
}

/** A socket on the client's host, and what comes to it. */
export async function openSocket(pair: VirtualPair): Promise<{
  readonly received: Uint8Array[];
  readonly addr: Address;
  readonly send: (packet: Uint8Array) => void;
}> {
  const received: Uint8Array[] = [];
  const to = { hostname: pair.serverHost.address, port: PORT };
  const socket = await pair.clientHost.bindDatagram({ hostname: "0.0.0.0", port: 0 }, {
    onDatagram: (datagram) => void received.push(datagram.slice()),
    onError: () => {},
  });
  return { received, addr: socket.addr, send: (packet) => void socket.send(packet, to) };
}

/** A client that has shaken hands by hand: no resume has been sent yet. */
export class ForgedClient {
  readonly pair: VirtualPair;
  readonly hellos: HelloForger;
  readonly socket: Awaited<ReturnType<typeof openSocket>>;
  readonly token: Uint8Array;
  /** What both have agreed on. */
  readonly secret: Uint8Array;
  /** Its end of the session. */
  readonly forger: SessionForger;

  /** Made by {@linkcode shakeHands}. */
  constructor(
    pair: VirtualPair,
    hellos: HelloForger,
    socket: Awaited<ReturnType<typeof openSocket>>,
    token: Uint8Array,
    secret: Uint8Array,
  ) {
    this.pair = pair;
    this.hellos = hellos;
    this.socket = socket;
    this.token = token;
    this.secret = secret;
    this.forger = new SessionForger("client", secret);
  }

  /** A packet with a resume. */
  resume(shardId = 0, token = this.token, shape: HelloShape = { length: 200 }): Uint8Array {
    const frame: HandshakeFrame = { kind: "clientResume", resumeToken: token, shardId };
    return this.hellos.packet("up", minuteOf(this.pair), frame, shape);
  }
}

/** Asks a listener for a session, and is granted one. */
export async function shakeHands(
  pair: VirtualPair,
  listener: Listener,
  seed = 1,
): Promise<ForgedClient> {
  const x25519 = portableX25519(seededSource(seed + 500));
  const keys = { long: x25519.generate(), ephemeral: x25519.generate() };
  const hellos = new HelloForger(listener.publicKey, seededSource(seed + 600));
  const socket = await openSocket(pair);
  const hello: HandshakeFrame = {
    kind: "clientHello",
    longPublicKey: keys.long.publicKey,
    ephemeralPublicKey: keys.ephemeral.publicKey,
    version: 3,
  };
  const minute = minuteOf(pair);
  socket.send(hellos.packet("up", minute, hello, { length: 300 }));
  await pair.pass(50);
  const packet = socket.received.pop();
  const answer = packet && hellos.frame("down", minute, packet);
  assert.ok(answer?.kind === "serverHello", "the hello was not answered");
  const secret = tripleDiffieHellman(x25519, keys, answer);
  assert.ok(secret !== undefined);
  return new ForgedClient(pair, hellos, socket, answer.resumeToken.slice(), secret);
}

/** A session of a real listener with a client that is written by hand. */
export async function againstServer(
  pair: VirtualPair,
  listener: Listener,
  seed = 1,
): Promise<ForgedPeer & { readonly client: ForgedClient }> {
  const client = await shakeHands(pair, listener, seed);
  client.socket.send(client.resume());
  client.socket.send(client.forger.sign());
  const session = await pair.run(listener.accept());
  const { forger, socket: { received, send } } = client;
  return { pair, role: "server", session, forger, received, send, client };
}

/**
 * A session of a real client with a server that is written by hand, and does not say that it is of our
 * kind: the client asks it nothing.
 */
export async function againstClient(pair: VirtualPair): Promise<ForgedPeer> {
  const { serverHost } = pair;
  const x25519 = portableX25519(seededSource(700));
  const random = new Random(seededSource(800));
  const responder = new Responder({
    secretKey: SECRET_KEY,
    x25519,
    random,
    isFresh: freshHellos(),
  });
  const hellos = new HelloForger(responder.publicKey, seededSource(900));
  const received: Uint8Array[] = [];
  const memory = new Uint8Array(2048);
  let secret: Uint8Array | undefined;
  let client: Address | undefined;
  const socket: DatagramSocket = await serverHost.bindDatagram({ hostname: "::", port: PORT }, {
    onDatagram: (datagram, from) => {
      client = from;
      const copy = datagram.slice();
      const outcome = secret === undefined
        ? responder.handleDatagram(
          datagram,
          from.hostname,
          memory,
          pair.now,
          serverHost.epochSeconds(),
        )
        : undefined;
      if (outcome?.kind === "answer") {
        const answer = hellos.frame("down", minuteOf(pair), memory.subarray(0, outcome.length));
        assert.ok(answer?.kind === "serverHello");
        const { extension: _ourKind, ...plain } = answer;
        socket.send(hellos.packet("down", minuteOf(pair), plain), from);
      }
      if (outcome?.kind === "resume") {
        secret = responder.openToken(outcome.resume, pair.now)?.secret;
      }
      if (outcome === undefined) received.push(copy);
    },
    onError: () => {},
  });
  const session = await pair.run(connect(pair.clientHost, {
    hostname: "server",
    port: PORT,
    serverKey: publicKeyOf(SECRET_KEY, x25519),
  }));
  await pair.pass(50);
  assert.ok(secret !== undefined && client !== undefined);
  const to = client;
  const send = (packet: Uint8Array) => void socket.send(packet, to);
  const forger = new SessionForger("server", secret);
  return { pair, role: "client", session, forger, received, send };
}
