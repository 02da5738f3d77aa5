/**
 * Two multiplexes on a bad path under virtual time, each driven as `src/net/driver.ts` does it.
 */
import { SosistabError } from "../../src/errors.ts";
import type { CongestionController } from "../../src/mux/congestion.ts";
import { Lift } from "../../src/mux/lift.ts";
import { MuxMachine } from "../../src/mux/machine.ts";
import { RttEstimator } from "../../src/mux/rtt.ts";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { Random } from "../../src/random.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import { Link } from "../../src/sim/link.ts";
import { type Carrier, PlainCarrier, SessionCarrier } from "./mux_carrier.ts";
import { seededSource } from "./seeded_random.ts";

/** Settings of one end. */
export interface MuxEndOptions {
  readonly role: "client" | "server";
  readonly carrier: Carrier;
  readonly seed?: number;
  readonly deadAfter?: number;
  readonly congestion?: CongestionController;
}

/** Calls without progress that a machine may ask for at one moment. */
const MOST_CALLS_AT_ONCE = 8;

/** One end: a machine, its alarm, and the program above it. */
export class MuxEnd {
  readonly mux: MuxMachine;
  readonly rtt = new RttEstimator();
  readonly congestion: CongestionController;
  readonly carrier: Carrier;
  /** Streams that the other side has opened, in order. */
  readonly incoming: StreamMachine[] = [];
  /** Called for each of them, at once. */
  onIncoming: (stream: StreamMachine) => void = () => {};
  isDead = false;
  /** Packets that were sent. */
  packetsSent = 0;
  /** What happens to a packet of ours. */
  transmit: (packet: Uint8Array) => void = () => {};
  readonly #clock: VirtualClock;
  readonly #body = new Uint8Array(1400);
  readonly #watchers = new Map<StreamMachine, (() => void)[]>();
  readonly #due: (() => void)[] = [];
  #alarm: Disposable | undefined;
  #armedAt = Infinity;
  #calls = 0;
  #calledAt = -1;
  #isFlushing = false;

  constructor(clock: VirtualClock, options: MuxEndOptions) {
    const { role, seed = 1, carrier, deadAfter = 30_000 } = options;
    this.#clock = clock;
    this.carrier = carrier;
    const random = new Random(seededSource(seed));
    this.congestion = options.congestion ?? new Lift(this.rtt.smoothed, random);
    const { rtt, congestion } = this;
    this.mux = new MuxMachine({ role, random, rtt, congestion, deadAfter }, clock.now);
  }

  /** The time. */
  get now(): number {
    return this.#clock.now;
  }

  /** Opens a stream. */
  open(info = ""): StreamMachine {
    const stream = this.mux.streams.openStream(info, this.now);
    if (stream === undefined) throw new Error("no id is free");
    this.flush();
    return stream;
  }

  /** Writes; returns how many bytes were taken. */
  write(stream: StreamMachine, bytes: Uint8Array): number {
    const count = this.mux.streams.write(stream, bytes, this.now);
    this.flush();
    return count;
  }

  /** Ends the writing half. */
  finish(stream: StreamMachine): void {
    this.mux.streams.finish(stream, this.now);
    this.flush();
  }

  /** Nobody reads any more. */
  discard(stream: StreamMachine): void {
    this.mux.streams.discard(stream, this.now);
    this.flush();
  }

  /** Ends the writing half, and reads no more. */
  close(stream: StreamMachine): void {
    this.finish(stream);
    this.discard(stream);
  }

  /** Cuts it. */
  cut(stream: StreamMachine): void {
    const error = new SosistabError("closed", "the stream was cut at this end");
    this.mux.streams.reset(stream, { by: "local", error }, this.now);
    this.flush();
  }

  /** Reads what is there. */
  read(stream: StreamMachine, most = 65_536): Uint8Array {
    const into = new Uint8Array(most);
    const count = this.mux.streams.read(stream, into, this.now);
    this.flush();
    return into.subarray(0, count);
  }

  /** Calls `run` whenever something about a stream has changed. */
  watch(stream: StreamMachine, run: () => void): void {
    const watchers = this.#watchers.get(stream) ?? [];
    watchers.push(run);
    this.#watchers.set(stream, watchers);
  }

  /** A packet has come. */
  handlePacket(packet: Uint8Array): void {
    const received = this.carrier.open(packet, this.now);
    if (received === undefined) return;
    if (this.carrier.isOwnKind) this.mux.streams.onOwnKind();
    this.mux.onFrameReceived(received.frameNumber, this.now);
    this.mux.streams.onCounters(received.highReceived, received.totalReceived);
    this.mux.handleBody(received.body, this.now);
    this.flush();
  }

  /** Sends and tells everything. */
  flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    for (;;) {
      do this.#transmitAll(); while (this.#tellAll());
      const run = this.#due.shift();
      if (run === undefined) break;
      run();
    }
    this.#isFlushing = false;
    this.#arm();
  }

  #transmitAll(): void {
    const { mux, carrier, now } = this;
    mux.streams.setMostBody(carrier.mostBody);
    for (;;) {
      const length = mux.pollTransmit(this.#body, now);
      if (length === 0) return;
      const packet = carrier.encode(this.#body.subarray(0, length), now);
      mux.onFrameSent(carrier.lastFrame, now);
      this.packetsSent++;
      this.transmit(packet);
    }
  }

  #tellAll(): boolean {
    let hasTold = false;
    for (let event = this.mux.pollEvent(); event; event = this.mux.pollEvent()) {
      hasTold = true;
      if (event.kind === "dead") this.isDead = true;
      else if (event.kind === "incoming") {
        const { stream } = event;
        this.incoming.push(stream);
        this.#due.push(() => this.onIncoming(stream));
      } else if (event.kind === "stream") {
        this.#due.push(...this.#watchers.get(event.stream) ?? []);
      }
    }
    return hasTold;
  }

  #arm(): void {
    const at = this.mux.deadline;
    if (Number.isNaN(at)) throw new Error("the deadline is no number");
    if (at >= this.#armedAt) return;
    this.#alarm?.[Symbol.dispose]();
    this.#armedAt = at;
    this.#alarm = this.#clock.at(at, () => this.#onAlarm());
  }

  #onAlarm(): void {
    this.#armedAt = Infinity;
    this.#calls = this.now === this.#calledAt ? this.#calls + 1 : 0;
    this.#calledAt = this.now;
    if (this.#calls > MOST_CALLS_AT_ONCE) {
      throw new Error(`the machine spins: at ${this.now} it waits for ${this.mux.deadline}`);
    }
    this.mux.handleTimeout(this.now);
    this.flush();
  }
}

/** Settings of a pair. */
export interface MuxPairOptions {
  readonly seed?: number;
  /** The path in both directions. */
  readonly link?: LinkConditions;
  /** The path from server to client, where it differs. */
  readonly back?: LinkConditions;
  /** Whether the real session stands between them. */
  readonly isSession?: boolean;
  /** Whether they know each other as their own kind, without the real session. */
  readonly isOwnKind?: boolean;
  readonly deadAfter?: number;
  /** Makes the congestion controllers. */
  readonly congestion?: () => CongestionController;
  /** Number of the first frame of each, without the real session. */
  readonly firstFrame?: number;
}

/** Two ends and the path between them. */
export class MuxPair {
  readonly clock = new VirtualClock();
  readonly client: MuxEnd;
  readonly server: MuxEnd;
  /** From client to server. */
  readonly up: Link;
  /** From server to client. */
  readonly down: Link;

  constructor(options: MuxPairOptions = {}) {
    const { seed = 1, link = { delay: 25 }, back = link, deadAfter } = options;
    this.up = new Link(this.clock, `${seed}/up`, link);
    this.down = new Link(this.clock, `${seed}/down`, back);
    const end = (role: "client" | "server", endSeed: number) =>
      new MuxEnd(this.clock, {
        role,
        seed: endSeed,
        deadAfter,
        congestion: options.congestion?.(),
        carrier: options.isSession
          ? new SessionCarrier(role, endSeed + 1000)
          : new PlainCarrier(options.isOwnKind ?? true, options.firstFrame),
      });
    this.client = end("client", 2 * seed);
    this.server = end("server", 2 * seed + 1);
    this.client.transmit = (packet) =>
      this.up.send(packet, (arrived) => this.server.handlePacket(arrived));
    this.server.transmit = (packet) =>
      this.down.send(packet, (arrived) => this.client.handlePacket(arrived));
  }

  /** Nothing passes, in either direction, until it is called again with `false`. */
  blackout(isDown: boolean): void {
    this.up.change({ isDown });
    this.down.change({ isDown });
  }

  /** Runs for so long, or until it is done; returns whether it was. */
  run(duration: number, isDone: () => boolean = () => false): boolean {
    const until = this.clock.now + duration;
    while (!isDone()) {
      if (!this.clock.step(until)) return isDone();
    }
    return true;
  }
}
