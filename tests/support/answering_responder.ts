import assert from "node:assert/strict";
import { type OwnKeys, tripleDiffieHellman } from "../../src/crypto/keys.ts";
import { Responder, type ResponderOutcome } from "../../src/handshake/responder.ts";
import type { X25519 } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import type { HandshakeFrame } from "../../src/wire/hello.ts";
import { freshHellos } from "./fresh_hellos.ts";
import { HelloForger, type HelloShape } from "./hello_forger.ts";
import { seededSource } from "./seeded_random.ts";
import { ToyX25519 } from "./toy_x25519.ts";

export const SECRET_KEY = new Uint8Array(32).fill(7);
/** Where datagrams come from. */
export const HOST = "192.0.2.1";
export const MINUTE = 29_000_000;
export const EPOCH_SECONDS = MINUTE * 60 + 30;

export const responderOf = (x25519: X25519, random: Random) =>
  new Responder({ secretKey: SECRET_KEY, x25519, random, isFresh: freshHellos() });

/** A responder, and a client of it, written by hand. */
export class Answering {
  readonly x25519: ToyX25519;
  readonly responder: Responder;
  readonly forger: HelloForger;
  readonly keys: OwnKeys;
  readonly #memory = new Uint8Array(2048);

  constructor(seed = 1) {
    this.x25519 = new ToyX25519(seededSource(seed));
    const random = new Random(seededSource(seed + 1000));
    this.responder = responderOf(this.x25519, random);
    this.forger = new HelloForger(this.responder.publicKey, seededSource(seed + 2000));
    this.keys = { long: this.x25519.generate(), ephemeral: this.x25519.generate() };
  }

  get hello(): HandshakeFrame & { kind: "clientHello" } {
    const { long, ephemeral } = this.keys;
    return {
      kind: "clientHello",
      longPublicKey: long.publicKey,
      ephemeralPublicKey: ephemeral.publicKey,
      version: 3,
    };
  }

  /** Hands over a copy of a packet. */
  handle(packet: Uint8Array, now = 0, epochSeconds = EPOCH_SECONDS): ResponderOutcome {
    return this.responder.handleDatagram(packet.slice(), HOST, this.#memory, now, epochSeconds);
  }

  /** Hands over a frame in a packet that is long enough. */
  say(frame: HandshakeFrame, shape: HelloShape = { length: 200 }): ResponderOutcome {
    return this.handle(this.forger.packet("up", MINUTE, frame, shape));
  }

  /** What was answered. */
  answer(
    outcome: ResponderOutcome,
    minute = MINUTE,
  ): HandshakeFrame & { kind: "serverHello" } {
    assert.ok(outcome.kind === "answer");
    const packet = this.#memory.slice(0, outcome.length);
    const frame = this.forger.frame("down", minute, packet);
    assert.ok(frame?.kind === "serverHello");
    return frame;
  }

  /** A handshake: the token, and the secret as the client has it. */
  shakeHands(): { token: Uint8Array; secret: Uint8Array | undefined } {
    const answer = this.answer(this.say(this.hello));
    const secret = tripleDiffieHellman(this.x25519, this.keys, answer);
    return { token: answer.resumeToken, secret };
  }
}

export function resumeOf(token: Uint8Array, shardId = 0): HandshakeFrame {
  return { kind: "clientResume", resumeToken: token, shardId };
}
