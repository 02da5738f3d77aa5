/**
 * The inside of a session whose other end has gone mad: the true driver and machines without a network,
 * under a cipher that costs nothing, and an application on the streams.
 */
import assert from "node:assert/strict";
import { SESSION_NONCE_LENGTH, SESSION_OVERHEAD } from "../../src/crypto/aead.ts";
import { deriveSessionKeys } from "../../src/crypto/keys.ts";
import { createCongestion } from "../../src/mux/create_congestion.ts";
import { type MuxEvent, MuxMachine } from "../../src/mux/machine.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import type { Closure } from "../../src/net/contract.ts";
import { SessionDriver } from "../../src/net/driver.ts";
import type { SessionPath } from "../../src/net/session_path.ts";
import { Random } from "../../src/random.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { deriveOwnTag } from "../../src/session/own_body.ts";
import { NullCipher } from "../../src/sim/null_cipher.ts";
import { decodeFrame } from "../../src/wire/frame.ts";
import { Draw } from "./draw.ts";
import { FarView } from "./far_view.ts";
import type { Input, Life, Target } from "./life.ts";
import { LoneHost } from "./lone_host.ts";
import { SESSION_KINDS, SessionSource } from "./session_source.ts";

/** Bytes that one session may make its process hold. */
const MOST_HELD = 32 * 2 ** 20 + 2 ** 20;

/** One input in so many is looked at closely: what the statistics cost is more than what they are of. */
const LOOK_EVERY = 8;

/** Frame numbers that parity may have rebuilt above the highest, and some. */
const FREE_AHEAD = 1_000;

const SECRET = new Uint8Array(32).fill(11);
const NEVER = 1e12;
const MARK = 250;

/** The unreliable message by which it is asked whether the session lives. */
const QUESTION = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, MARK, 251, 252);

type Habit = "read" | "write" | "readAndWrite" | "finish" | "reset" | "ignore";
const HABITS: readonly Habit[] = [
  "read",
  "readAndWrite",
  "readAndWrite",
  "write",
  "finish",
  "reset",
  "ignore",
];

/** A target: one end of a session. */
export function sessionTarget(role: "client" | "server"): Target {
  return {
    inputsPerLife: 5_000,
    mostHeld: 40e6,
    mustTake: SESSION_KINDS,
    begin: (seed) => new SessionLife(role, seed),
  };
}

class SessionLife implements Life {
  readonly #host: LoneHost;
  /** What the application does; inputs are drawn from another one. */
  readonly #draw: Draw;
  readonly #view = new FarView();
  readonly #source: SessionSource;
  readonly #session: SessionMachine;
  readonly #driver: SessionDriver;
  readonly #mux: MuxMachine;
  readonly #sealer: NullCipher;
  readonly #opener: NullCipher;
  readonly #packet = new Uint8Array(12_000);
  readonly #nonce = new Uint8Array(SESSION_NONCE_LENGTH);
  readonly #habits = new Map<StreamMachine, Habit>();
  readonly #into = new Uint8Array(2_000);
  readonly #chunk = new Uint8Array(4_000).fill(7);
  #closure: Closure | undefined;
  #heard = false;
  /** The highest frame number that was taken. */
  #highest = -1;
  #sent = 0;
  #inputs = 0;

  constructor(role: "client" | "server", seed: number) {
    const host = this.#host = new LoneHost(seed);
    const draw = this.#draw = new Draw(seed + 1);
    const random = new Random(host.random);
    const { upload, download } = deriveSessionKeys(SECRET);
    this.#sealer = new NullCipher(role === "server" ? upload : download);
    this.#opener = new NullCipher(role === "server" ? download : upload);
    const session = this.#session = new SessionMachine({
      role,
      secret: SECRET,
      random,
      createCipher: (key) => host.createCipher(key),
    });
    const rtt = new RttEstimator();
    const options = { host, role, random, rtt, idleTimeout: NEVER, repair: {} };
    this.#driver = new SessionDriver(options, { session, path: this.#path() });
    const congestion = createCongestion(draw.of(["lift", "cubic"]), rtt.smoothed, random);
    const bytes = this.#driver.memory;
    this.#mux = new MuxMachine(
      { role, random, rtt, congestion, deadAfter: NEVER, bytes },
      host.now(),
    );
    this.#driver.attach(this.#mux, (event) => this.#onEvent(event), () => congestion.window);
    this.#driver.start({
      onBody: () => {},
      onEnd: (closure) => void (this.#closure = closure),
    });
    const tag = deriveOwnTag(SECRET);
    this.#source = new SessionSource(new Draw(seed + 2), this.#view, tag);
  }

  get isOver(): boolean {
    return this.#closure !== undefined;
  }

  next(): Input {
    return this.#source.next(this.#highest);
  }

  take(plaintext: Uint8Array): boolean | undefined {
    const isLooking = ++this.#inputs % LOOK_EVERY === 0;
    const before = isLooking ? this.#refused() : 0;
    const sent = this.#sent;
    const outcome = this.#give(plaintext);
    assert.ok(this.#sent - sent < 2_000, `${this.#sent - sent} packets at once`);
    this.#host.assertNoFault();
    if (!isLooking) return undefined;
    const isTaken = outcome === "newest" || outcome === "late" || outcome === "parity";
    return isTaken && this.#refused() === before;
  }

  check(ms: number): void {
    const host = this.#host;
    host.pass(ms);
    if (this.isOver) return this.#assertOrderlyEnd();
    const { streams } = this.#mux.stats;
    assert.ok(streams <= 1_024 + 64, `${streams} streams`);
    const { used } = this.#driver.memory;
    assert.ok(used >= 0 && used <= MOST_HELD, `${used} bytes are held`);
    // Answers, acknowledgements, and what the application writes, again and again.
    assert.ok(this.#sent < 12 * this.#inputs + 5_000, `${this.#sent} packets for ${this.#inputs}`);
    this.#assertSpeaks();
    if (this.#draw.happens(0.02)) this.#open();
  }

  end(): void {
    this.#driver.end({ by: "local" });
    this.#host.pass(10_000);
    assert.equal(this.#host.alarms, 0, "alarms are left");
    assert.equal(this.#driver.memory.used, 0, "bytes are left");
  }

  /** A packet comes. */
  #give(plaintext: Uint8Array): string {
    this.#packet.set(plaintext);
    const length = this.#sealer.seal(this.#packet, plaintext.length, this.#nonce);
    const outcome = this.#driver.handleDatagram(this.#packet.subarray(0, length));
    if (outcome !== "foreign") this.#driver.flush();
    if (outcome === "newest") {
      const frame = decodeFrame(plaintext)?.frame;
      if (frame?.kind === "data") this.#highest = Math.max(this.#highest, frame.frameNumber);
    }
    return outcome;
  }

  /** What was refused inside of packets that were taken. */
  #refused(): number {
    const { malformed, refused, messageDrops } = this.#mux.stats;
    // What a ping or noise is for is to be no message.
    return malformed + refused - messageDrops.undecodable;
  }

  /** The attacker may say goodbye; nothing else that he says ends the session. */
  #assertOrderlyEnd(): void {
    assert.equal(this.#closure?.by, "remote", String(this.#closure?.error));
  }

  /** An unreliable message passes in each direction. */
  #assertSpeaks(): void {
    this.#heard = false;
    const number = this.#highest + FREE_AHEAD;
    const plaintext = new Uint8Array(60);
    plaintext[1] = 253;
    new DataView(plaintext.buffer).setBigUint64(2, BigInt(number), true);
    plaintext[12] = QUESTION.length;
    plaintext.set(QUESTION, 13);
    this.#give(plaintext);
    if (this.isOver) return this.#assertOrderlyEnd();
    assert.ok(this.#heard, "an unreliable message did not come in");
    this.#view.unreliable = undefined;
    this.#mux.sendUnreliable(Uint8Array.of(MARK, 1));
    this.#driver.flush();
    assert.deepEqual(this.#view.unreliable, Uint8Array.of(MARK, 1), "none went out");
    this.#host.assertNoFault();
  }

  /** The application opens a stream, too. */
  #open(): void {
    const now = this.#host.now();
    const stream = this.#mux.streams.openStream("ours", now);
    if (stream === undefined) return;
    this.#habits.set(stream, this.#draw.of(HABITS));
    this.#act(stream);
    this.#driver.flush();
  }

  #onEvent(event: MuxEvent): void {
    switch (event.kind) {
      case "incoming":
        this.#habits.set(event.stream, this.#draw.of(HABITS));
        return this.#act(event.stream);
      case "stream":
        return this.#act(event.stream);
      case "unreliable":
        for (let each = this.#mux.takeUnreliable(); each; each = this.#mux.takeUnreliable()) {
          if (each[0] === MARK && each.length === 3) this.#heard = true;
        }
    }
  }

  /** What the application does whenever something about a stream has changed. */
  #act(stream: StreamMachine): void {
    const habit = this.#habits.get(stream);
    const lane = this.#mux.streams;
    const now = this.#host.now();
    if (stream.end !== undefined) this.#habits.delete(stream);
    if (habit === undefined || stream.end !== undefined) return;
    if (habit === "read" || habit === "readAndWrite") {
      while (lane.read(stream, this.#into, now) > 0);
    }
    const once = habit === "write" || habit === "readAndWrite" || habit === "finish";
    if (once && stream.phase === "open") {
      const length = this.#draw.of([1, 100, 4_000]);
      lane.write(stream, this.#chunk.subarray(0, length), now);
      this.#habits.set(stream, habit === "write" ? "ignore" : "read");
      if (habit === "finish") lane.finish(stream, now);
    }
    if (habit === "reset") lane.reset(stream, { by: "local" }, now);
  }

  #path(): SessionPath {
    const address = { hostname: "192.0.2.1", port: 1 };
    return {
      address,
      carrier: "udp",
      reason: undefined,
      isFull: false,
      wokeAt: -Infinity,
      isSought: false,
      deadline: Infinity,
      prepare: () => {},
      refresh: () => {},
      handleTimeout: () => false,
      retire: () => {},
      close: () => {},
      send: (packet) => {
        this.#sent++;
        assert.ok(packet.length <= 2_048 && packet.length >= SESSION_OVERHEAD);
        const plaintext = this.#opener.open(packet);
        assert.ok(plaintext !== undefined, "a packet does not open");
        this.#view.look(plaintext);
        return true;
      },
    };
  }
}
