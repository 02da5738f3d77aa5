/**
 * The opening of a byte stream and what runs on it, at either end: hellos and answers by somebody who
 * knows the server's key, a name, frames, in pieces of any size, one thing in it twisted or damaged.
 */
import assert from "node:assert/strict";
import { SESSION_OVERHEAD, type SessionCipher } from "../../src/crypto/aead.ts";
import { deriveStreamKeys, tripleDiffieHellman } from "../../src/crypto/keys.ts";
import { StreamCipher } from "../../src/crypto/stream_cipher.ts";
import type { KeyPair } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import { ClientRecordMachine } from "../../src/records/client_machine.ts";
import { MOST_DATAGRAM_TAKEN } from "../../src/records/frame_reader.ts";
import { HelloCiphers } from "../../src/records/hello_ciphers.ts";
import { answerCipher, helloCipher, LENGTH_BOX } from "../../src/records/opening.ts";
import { ServerRecordMachine } from "../../src/records/server_machine.ts";
import { decodeHandshakeFrame } from "../../src/wire/hello.ts";
import { seededSource } from "../support/seeded_random.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";
import { Draw } from "./draw.ts";
import { Fields } from "./fields.ts";
import type { Input, Life, Target } from "./life.ts";

const MINUTE = 29_000_000;
const EPOCH_SECONDS = MINUTE * 60 + 30;
const NAME = new Uint8Array(16).fill(3);

/** Numbers of an opening, of which one may be twisted: the box's length, the variant, the version. */
const OPENING_FIELDS = 3;

/** A target: one end of a byte stream. */
export function recordTarget(role: "client" | "server"): Target {
  return {
    inputsPerLife: 40,
    mostHeld: 4e6,
    mustTake: role === "server" ? ["hello", "name", "frames"] : ["answer", "frames"],
    begin: (seed) => role === "server" ? new ServerLife(seed) : new ClientLife(seed),
  };
}

/** Makes what one end says, and knows the keys. */
class Speaker {
  readonly draw: Draw;
  readonly keys: { readonly long: KeyPair; readonly ephemeral: KeyPair };
  readonly #fields: Fields;
  readonly #x25519: ToyX25519;
  /** What is still to be said: bytes are given in pieces. */
  #waiting: Input | undefined;

  constructor(seed: number, x25519: ToyX25519, long?: KeyPair) {
    this.draw = new Draw(seed);
    this.#fields = new Fields(this.draw);
    this.#x25519 = x25519;
    this.keys = { long: long ?? x25519.generate(), ephemeral: x25519.generate() };
  }

  /** What an end says next, or a piece of it. */
  next(make: () => Input): Input {
    const draw = this.draw;
    const { kind, bytes } = this.#waiting ?? make();
    const length = draw.happens(0.6) ? bytes.length : draw.between(1, Math.max(1, bytes.length));
    const rest = bytes.slice(length);
    this.#waiting = rest.length > 0 ? { kind, bytes: rest } : undefined;
    const piece = bytes.slice(0, length);
    if (draw.happens(0.03) && length > 0) {
      piece[draw.between(0, length - 1)]! ^= 1 << draw.between(0, 7);
    }
    return { kind, bytes: piece };
  }

  /** One sealed message: a hello or an answer. */
  opening(cipher: SessionCipher, variant: 0 | 1): Uint8Array {
    const draw = this.draw;
    const fields = this.#fields;
    const isTwisted = draw.happens(0.4);
    const twist = isTwisted ? draw.between(0, OPENING_FIELDS - 1) : Infinity;
    fields.begin(twist - 1);
    fields.u32(variant);
    // One that is no point of the curve, or of low order, is as good as any.
    const weak = draw.happens(0.05);
    fields.bytes(weak ? new Uint8Array(32) : this.keys.long.publicKey);
    fields.bytes(weak ? new Uint8Array(32) : this.keys.ephemeral.publicKey);
    fields.u64(variant === 0 ? 3 : 0);
    fields.repeat(0, draw.of([0, 0, 10, 1_023, 3_992, 3_993]));
    const message = fields.written.slice();
    fields.begin(twist === 0 ? 0 : Infinity);
    fields.u32(message.length + SESSION_OVERHEAD);
    const [low = 0, high = 0] = fields.written;
    const bytes = new Uint8Array(LENGTH_BOX + message.length + SESSION_OVERHEAD);
    bytes.set([high, low]);
    cipher.seal(bytes, 2, draw.bytes(12));
    bytes.set(message, LENGTH_BOX);
    cipher.seal(bytes.subarray(LENGTH_BOX), message.length, draw.bytes(12));
    return bytes;
  }

  /** Frames, the last of which may lie about its length. */
  frames(): Uint8Array {
    const draw = this.draw;
    const parts: number[] = [];
    for (let i = draw.between(1, 4); i > 0; i--) {
      const length = draw.of([0, 1, 60, 300, 1_400]);
      const told = draw.happens(0.05) ? draw.of([0, 2_046, 4_096, 4_097, 65_535]) : length;
      parts.push(told >>> 8, told & 255, ...draw.bytes(length));
    }
    return Uint8Array.from(parts);
  }

  /** The keys of both directions, from what the other end has said. */
  streamKeys(
    sealed: Uint8Array,
    cipher: SessionCipher,
  ): ReturnType<typeof deriveStreamKeys> | undefined {
    const plaintext = cipher.open(sealed.slice(LENGTH_BOX));
    const frame = plaintext && decodeHandshakeFrame(plaintext);
    if (frame === undefined || frame.kind === "clientResume") return undefined;
    const secret = tripleDiffieHellman(this.#x25519, this.keys, frame);
    return secret && deriveStreamKeys(secret);
  }
}

/** What both ends have in common. */
interface Machine {
  readonly phase: string;
  pollDatagram(): Uint8Array | undefined;
}

/** Takes all datagrams; returns how many there were. */
function drain(machine: Machine): number {
  let count = 0;
  for (let each = machine.pollDatagram(); each !== undefined; each = machine.pollDatagram()) {
    assert.ok(each.length > 0 && each.length <= MOST_DATAGRAM_TAKEN, `${each.length} bytes`);
    assert.ok(++count < 10_000, "frames without end");
  }
  return count;
}

class ServerLife implements Life {
  readonly #speaker: Speaker;
  readonly #machine: ServerRecordMachine;
  readonly #keyPair: KeyPair;
  readonly #seen = new Set<string>();
  #upload: StreamCipher | undefined;
  #isNamed = false;
  #answers = 0;

  constructor(seed: number) {
    const source = seededSource(seed);
    const x25519 = new ToyX25519(source);
    this.#keyPair = x25519.generate();
    this.#machine = new ServerRecordMachine({
      keyPair: this.#keyPair,
      helloCiphers: new HelloCiphers(this.#keyPair.publicKey),
      x25519,
      random: new Random(source),
      isFresh: (id) => !this.#seen.has(id.join()) && this.#seen.add(id.join()) !== undefined,
    });
    this.#speaker = new Speaker(seed + 2, x25519);
  }

  get isOver(): boolean {
    return this.#machine.phase === "draining" && this.#machine.drainedBytes > 200;
  }

  next(): Input {
    const { draw } = this.#speaker;
    return this.#speaker.next(() => {
      if (draw.happens(0.05)) return { kind: "noise", bytes: draw.bytes(draw.between(1, 200)) };
      if (this.#machine.phase === "silent") {
        const minute = MINUTE + draw.of([0, 0, 0, 1, -2, 2, 3, -3]);
        const cipher = helloCipher(this.#keyPair.publicKey, minute);
        return { kind: "hello", bytes: this.#speaker.opening(cipher, 0) };
      }
      if (this.#upload === undefined) return { kind: "noise", bytes: draw.bytes(30) };
      if (!this.#isNamed) {
        this.#isNamed = true;
        return { kind: "name", bytes: this.#sealed(NAME) };
      }
      return { kind: "frames", bytes: this.#sealed(this.#speaker.frames()) };
    });
  }

  take(bytes: Uint8Array): boolean {
    const machine = this.#machine;
    const before = machine.phase;
    machine.handleBytes(bytes.slice(), 0, EPOCH_SECONDS);
    const answer = machine.pollAnswer();
    if (answer !== undefined) {
      assert.equal(++this.#answers, 1);
      assert.equal(machine.phase, "answered");
      this.#learn(answer);
    }
    const count = drain(machine);
    assert.ok(count === 0 || before !== "draining", "a datagram of one that drains");
    return count > 0 || (before !== machine.phase && machine.phase !== "draining");
  }

  check(): void {
    const { phase, drainReason, name } = this.#machine;
    assert.equal(phase === "draining", drainReason !== undefined);
    assert.equal(phase === "open", name !== undefined);
  }

  end(): void {
    this.check();
  }

  #sealed(bytes: Uint8Array): Uint8Array {
    this.#upload?.apply(bytes = bytes.slice());
    return bytes;
  }

  #learn(answer: Uint8Array): void {
    const speaker = this.#speaker;
    for (let offset = -2; offset <= 2; offset++) {
      const cipher = answerCipher(this.#keyPair.publicKey, MINUTE + offset);
      const keys = speaker.streamKeys(answer, cipher);
      if (keys !== undefined) this.#upload = new StreamCipher(keys.upload);
    }
  }
}

class ClientLife implements Life {
  readonly #speaker: Speaker;
  readonly #machine: ClientRecordMachine;
  readonly #serverKey: Uint8Array;
  readonly #download: StreamCipher | undefined;

  constructor(seed: number) {
    const source = seededSource(seed);
    const x25519 = new ToyX25519(source);
    const server = x25519.generate();
    const serverKey = this.#serverKey = server.publicKey;
    const random = new Random(source);
    const options = { serverKey, name: NAME, x25519, random };
    this.#machine = new ClientRecordMachine(options, EPOCH_SECONDS);
    this.#speaker = new Speaker(seed + 2, x25519, server);
    const keys = this.#speaker.streamKeys(this.#machine.hello, helloCipher(serverKey, MINUTE));
    this.#download = keys && new StreamCipher(keys.download);
  }

  get isOver(): boolean {
    return this.#machine.phase === "stranger" || this.#machine.phase === "broken";
  }

  next(): Input {
    const { draw } = this.#speaker;
    return this.#speaker.next(() => {
      if (draw.happens(0.05)) return { kind: "noise", bytes: draw.bytes(draw.between(1, 200)) };
      if (this.#machine.phase === "opening") {
        const cipher = answerCipher(this.#serverKey, MINUTE + draw.of([0, 0, 0, 0, 1]));
        return { kind: "answer", bytes: this.#speaker.opening(cipher, 1) };
      }
      const bytes = this.#speaker.frames();
      this.#download?.apply(bytes);
      return { kind: "frames", bytes };
    });
  }

  take(bytes: Uint8Array): boolean {
    const before = this.#machine.phase;
    this.#machine.handleBytes(bytes.slice());
    const count = drain(this.#machine);
    assert.ok(count === 0 || before === "open" || before === "opening");
    return count > 0 || (before === "opening" && this.#machine.phase === "open");
  }

  check(): void {
    if (this.#machine.phase === "open") this.#machine.seal(new Uint8Array(3));
  }

  end(): void {}
}
