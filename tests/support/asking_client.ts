/**
 * A client that asks for a session, and what its server would answer, made by hand.
 */
import assert from "node:assert/strict";
import { publicKeyOf, tripleDiffieHellman } from "../../src/crypto/keys.ts";
import { Initiator, type InitiatorOptions } from "../../src/handshake/initiator.ts";
import type { X25519 } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import type { HandshakeFrame } from "../../src/wire/hello.ts";
import { HelloForger } from "./hello_forger.ts";
import { seededSource } from "./seeded_random.ts";
import { ToyX25519 } from "./toy_x25519.ts";

/** The server's secret key. */
export const SECRET_KEY = new Uint8Array(32).fill(7);
/** What all clocks show. */
export const MINUTE = 29_000_000;
export const EPOCH_SECONDS = MINUTE * 60 + 30;
/** When the asking ends, ms. */
export const GIVE_UP_AT = 30_000;
/** The token of each answer. */
export const TOKEN = Uint8Array.from({ length: 65 }, (_, i) => i);

/** An initiator, and the server that it asks, written by hand. */
export class Asking {
  readonly x25519: X25519;
  readonly initiator: Initiator;
  readonly forger: HelloForger;
  readonly serverKey: Uint8Array;
  readonly sent: { readonly at: number; readonly packet: Uint8Array }[] = [];
  /** Those under other minutes than our own. */
  readonly walked: { readonly at: number; readonly packet: Uint8Array }[] = [];

  constructor(seed = 1, change: Partial<InitiatorOptions> = {}) {
    const { x25519 = new ToyX25519(seededSource(seed + 1000)) } = change;
    this.x25519 = x25519;
    this.serverKey = publicKeyOf(SECRET_KEY, x25519);
    this.forger = new HelloForger(this.serverKey, seededSource(seed + 2000));
    const random = new Random(seededSource(seed));
    const options = { serverKey: this.serverKey, random, giveUpAt: GIVE_UP_AT, ...change };
    this.initiator = new Initiator({ ...options, x25519 }, 0);
  }

  /** Runs it by its own deadline. */
  runUntil(until: number): void {
    const memory = new Uint8Array(2048);
    while (this.initiator.deadline <= until) {
      const now = this.initiator.deadline;
      this.initiator.handleTimeout(now);
      const length = this.initiator.pollTransmit(memory, now, EPOCH_SECONDS);
      const packet = memory.slice(0, length);
      const isOwn = this.forger.open("up", MINUTE, packet) !== undefined;
      if (length > 0) (isOwn ? this.sent : this.walked).push({ at: now, packet });
    }
  }

  /** The frame of a hello that was sent. */
  hello(index = 0): HandshakeFrame & { kind: "clientHello" } {
    const frame = this.forger.frame("up", MINUTE, this.sent[index]!.packet);
    assert.ok(frame?.kind === "clientHello");
    return frame;
  }

  /** A true answer, and the secret that it leads to; `change` makes it less true. */
  answer(index = 0, change: Partial<HandshakeFrame & { kind: "serverHello" }> = {}) {
    const ephemeral = this.x25519.generate();
    const long = { secretKey: SECRET_KEY, publicKey: this.serverKey };
    const secret = tripleDiffieHellman(this.x25519, { long, ephemeral }, this.hello(index));
    const frame: HandshakeFrame = {
      kind: "serverHello",
      longPublicKey: this.serverKey,
      ephemeralPublicKey: ephemeral.publicKey,
      resumeToken: TOKEN,
      ...change,
    };
    return { frame, secret, packet: this.forger.packet("down", MINUTE, frame, { length: 500 }) };
  }

  /** Shows it a packet that must change nothing. */
  ignores(packet: Uint8Array, what: string): void {
    const before = this.initiator.ignored;
    const { deadline } = this.initiator;
    this.initiator.handleDatagram(packet.slice(), EPOCH_SECONDS);
    assert.equal(this.initiator.pollEvent(), undefined, what);
    assert.equal(this.initiator.ignored, before + 1, what);
    assert.equal(this.initiator.deadline, deadline, what);
  }

  /** Shows it a packet that must end the handshake. */
  takes(packet: Uint8Array, secret: Uint8Array | undefined): void {
    this.initiator.handleDatagram(packet.slice(), EPOCH_SECONDS);
    const event = this.initiator.pollEvent();
    assert.ok(event?.kind === "established");
    assert.deepEqual(event.secret, secret);
    assert.deepEqual(event.resumeToken, TOKEN);
    assert.equal(this.initiator.deadline, Infinity);
  }
}
