/**
 * A client of the campaign: it connects, uses its sessions, and connects again when they have ended.
 */
import { connect } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import type { Session } from "../../src/net/contract.ts";
import type { Draw } from "../fuzz/draw.ts";
import { ABORTED, type CampaignWorld } from "./campaign_world.ts";
import { type Life, nameOf } from "./causes.ts";
import { DatagramProgram } from "./datagram_program.ts";
import { MultiplexProgram } from "./multiplex_program.ts";
import type { ClientPlan } from "./scenario.ts";
import { DATAGRAM_PORT, type ServerProgram, STREAM_PORT } from "./server_program.ts";

/** Longest time that connecting may take when nothing is wrong but a clock, ms: F-CLOCK. */
const CLOCK_TIMEOUT = 10_000;

/**
 * What else a calm connect may need, ms: the minute in which the listener knows not what it answered, and
 * two more for a client whose clock is wrong, and whose hellos are of the minutes before.
 */
const CLOSED_MINUTES = 180_000;

/** Sessions that it makes instead of those that have ended. */
const MOST_AGAIN = 2;

/** A client of a run. */
export class ClientProgram {
  readonly multiplexes: MultiplexProgram[] = [];
  readonly datagramSessions: DatagramProgram[] = [];
  readonly #world: CampaignWorld;
  readonly #host: Host;
  readonly #server: ServerProgram;
  readonly #plan: ClientPlan;
  readonly #name: string;
  readonly #draw: Draw;
  readonly #overflowed: () => number;
  #sessions = 0;

  /** @param overflowed Packets that the queues of its paths have dropped. */
  constructor(
    world: CampaignWorld,
    host: Host,
    server: ServerProgram,
    plan: ClientPlan,
    name: string,
    overflowed: () => number,
  ) {
    this.#world = world;
    this.#host = host;
    this.#server = server;
    this.#plan = plan;
    this.#name = name;
    this.#draw = world.newDraw();
    this.#overflowed = overflowed;
  }

  /** Uses its sessions until all is done. */
  async run(): Promise<void> {
    const { multiplexes, datagramSessions } = this.#plan;
    await Promise.all([
      ...Array.from({ length: multiplexes }, () => this.#useMultiplexes()),
      ...Array.from({ length: datagramSessions }, () => this.#useDatagrams()),
    ]);
  }

  /** Nothing is wrong any more: it must be able to do everything soon. */
  async proveAlive(): Promise<void> {
    const session = await this.#connectCalmly();
    if (session !== undefined) {
      this.#world.tally.add("calm: a client connects");
      this.#makeMultiplex(session, false);
    }
    await Promise.all(this.multiplexes.map((each) => each.proveAlive()));
  }

  /** Ends all. */
  async close(): Promise<void> {
    await Promise.all([...this.multiplexes, ...this.datagramSessions].map((each) => each.close()));
  }

  async #useMultiplexes(): Promise<void> {
    const world = this.#world;
    for (let left = MOST_AGAIN; left >= 0 && !world.isCalm; left--) {
      const session = await this.#connect(STREAM_PORT);
      if (session === undefined) await world.pause(this.#draw.of([10, 1_000, 10_000]));
      else await this.#makeMultiplex(session, true).run();
    }
  }

  #makeMultiplex(session: Session, hasVerbs: boolean): MultiplexProgram {
    const { deadAfter } = this.#plan;
    const mux = session.multiplex({ deadAfter });
    const verbs = {
      refresh: () => session.refresh(),
      connect: () => this.#connect(STREAM_PORT),
    };
    const life = this.#newLife("multiplex");
    const program = new MultiplexProgram(this.#world, mux, life, hasVerbs ? verbs : undefined);
    this.multiplexes.push(program);
    return program;
  }

  async #useDatagrams(): Promise<void> {
    const world = this.#world;
    for (let left = MOST_AGAIN; left >= 0 && !world.isCalm; left--) {
      const session = await this.#connect(DATAGRAM_PORT);
      if (session === undefined) {
        await world.pause(this.#draw.of([10, 1_000, 10_000]));
        continue;
      }
      const program = new DatagramProgram(world, session, this.#newLife("session"));
      this.datagramSessions.push(program);
      await program.run();
    }
  }

  async #connect(port: number): Promise<Session | undefined> {
    const [world, draw] = [this.#world, this.#draw];
    const timeout = draw.of([2_000, 8_000, 30_000]);
    const signal = draw.happens(0.07) ? world.abortAfter(draw.of([0, 20, 2_000])) : undefined;
    const startedAt = world.now;
    const overflowed = this.#overflowed();
    try {
      const session = await this.#open(port, timeout, signal);
      world.tally.add(`operation: connect over ${session.stats().carrier}`);
      return session;
    } catch (error) {
      world.tally.add(`error of connect: ${error === ABORTED ? "aborted" : nameOf(error)}`);
      if (error === ABORTED && signal !== undefined) return undefined;
      const isCrowded = this.#overflowed() > overflowed;
      if (!this.#explains(error, timeout, startedAt, isCrowded)) {
        world.report(`connect of ${this.#name} has failed without a reason: ${nameOf(error)}`);
      }
      return undefined;
    }
  }

  #open(port: number, timeout: number, signal?: AbortSignal): Promise<Session> {
    const { protocol, shards, idleTimeout, keyLimits } = this.#plan;
    const serverKey = this.#server.publicKeys[port - STREAM_PORT]!;
    const opening = connect(this.#host, {
      hostname: "server",
      port,
      serverKey,
      protocol,
      shards,
      idleTimeout,
      keyLimits,
      timeout,
      ...(signal === undefined ? {} : { signal }),
    });
    return this.#world.waits.watch(`connect of ${this.#name}`, opening, [], timeout);
  }

  #explains(error: unknown, timeout: number, startedAt: number, isCrowded: boolean): boolean {
    if (!(error instanceof SosistabError)) return false;
    const { causes, now } = this.#world;
    switch (error.code) {
      case "no-answer":
        // Its own streams may have filled the queue, and a lost opening takes TCP a second.
        return now - startedAt >= timeout &&
          (isCrowded || causes.hasTrouble(["silence", "clock"], timeout));
      case "socket-failed":
      case "permission-denied":
        return causes.hasTrouble(["silence"], timeout);
      default:
        return false;
    }
  }

  /** Nothing is wrong any more; but a clock may be, and a listener may have to wait for a minute. */
  async #connectCalmly(): Promise<Session | undefined> {
    const world = this.#world;
    const until = world.now + CLOCK_TIMEOUT +
      (world.causes.hasTrouble(["clock"], 0) ? CLOSED_MINUTES : 0);
    for (;;) {
      try {
        return await this.#open(STREAM_PORT, CLOCK_TIMEOUT);
      } catch (error) {
        if (world.now < until) continue;
        world.report(`${this.#name} cannot connect when nothing is wrong: ${nameOf(error)}`);
        return undefined;
      }
    }
  }

  #newLife(what: string): Life {
    const { deadAfter, idleTimeout } = this.#plan;
    return {
      name: `${this.#name} ${what} ${this.#sessions++}`,
      role: "client",
      startedAt: this.#world.now,
      deadAfter,
      idleTimeout,
      over: undefined,
    };
  }
}
