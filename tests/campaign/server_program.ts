/**
 * A server of the campaign: a listener for streams and one for bare datagrams, which come back after a
 * restart, and the programs of all their sessions.
 */
import { listen } from "../../src/adapters/sim.ts";
import type { SosistabError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import type { Multiplex, Session } from "../../src/net/contract.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import { MemoryStore } from "../support/memory_store.ts";
import type { CampaignWorld } from "./campaign_world.ts";
import { type Life, nameOf } from "./causes.ts";
import { DatagramProgram } from "./datagram_program.ts";
import { MultiplexProgram } from "./multiplex_program.ts";
import type { Scenario } from "./scenario.ts";

/** Where streams are served, and where datagrams. */
export const STREAM_PORT = 4_000;
export const DATAGRAM_PORT = 4_001;

/** Below these limits the campaign gets to see refusals. */
const MOST_STREAMS = 1_000;
const MOST_BYTES = 1_000_000;

const SECRET_KEYS = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];

/** How long sessions that end say goodbye, ms. */
const MOST_FAREWELL = 2_000;

/** How long to leave a system alone that refuses a socket, ms. */
const RETRY = 300;

/** How long nobody can connect to a listener that does not know its past, ms: the rest of a minute. */
const CLOSED_MINUTE = 60_000;

/** The server of a run. */
export class ServerProgram {
  readonly multiplexes: MultiplexProgram[] = [];
  readonly datagramSessions: DatagramProgram[] = [];
  readonly #world: CampaignWorld;
  readonly #host: Host;
  readonly #scenario: Scenario;
  readonly #stores: readonly (MemoryStore | undefined)[];
  #listeners: Listener[] = [];
  #isFresh = true;
  #accepted = 0;
  /** Settles when it listens again. */
  #ready: Promise<void> = Promise.resolve();

  constructor(world: CampaignWorld, host: Host, scenario: Scenario) {
    this.#world = world;
    this.#host = host;
    this.#scenario = scenario;
    const { streams, bytes } = scenario.perSession;
    world.mayRefuse = streams < MOST_STREAMS || bytes < MOST_BYTES || scenario.drain > 0;
    this.#stores = SECRET_KEYS.map(() => scenario.hasReplayStore ? new MemoryStore() : undefined);
  }

  /** The public keys, of both. */
  publicKeys: readonly Uint8Array[] = [];

  /** Waits until it listens. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Listens. */
  start(): Promise<void> {
    return this.#ready = this.#start();
  }

  /** Ends all, and comes back after so many ms. */
  restart(time: number, isKilled: boolean, cutOff: (isOff: boolean) => void): void {
    this.#ready = this.#ready.then(async () => {
      const isBack = this.#world.causes.onTrouble("silence");
      this.#world.tally.add(`operation: ${isKilled ? "kill" : "restart"} the server`);
      // Who is killed has no time to say goodbye.
      if (isKilled) cutOff(true);
      await this.close(isKilled ? 0 : this.#scenario.drain);
      if (isKilled) cutOff(false);
      await this.#world.sleep(time);
      await this.#start();
      isBack();
    });
  }

  /** Ends all; what is open may finish for so many ms. */
  async close(drain = 0): Promise<void> {
    const { causes, waits } = this.#world;
    causes.onEnded("server");
    causes.isDraining = drain > 0;
    const listeners = this.#listeners.splice(0);
    // Who drains still uses its sessions; else their programs hear of the end from the next turn on.
    for (const { life } of drain > 0 ? [] : [...this.multiplexes, ...this.datagramSessions]) {
      life.over ??= "its listener was closed";
      waits.onEnded(life);
    }
    const closing = Promise.all(listeners.map((each) => each.close({ drain })));
    await waits.watch("close of the listeners", closing, [], drain + MOST_FAREWELL);
    causes.isDraining = false;
    for (const listener of listeners) {
      waits.onEnded(listener);
      const { sessionsOpen, sessionsQueued, candidates, bytesHeld, faults } = listener.stats();
      const left = { sessionsOpen, sessionsQueued, candidates, bytesHeld, faults };
      for (const [what, count] of Object.entries(left)) {
        if (count > 0) this.#world.report(`a listener that is closed has ${what}: ${count}`);
      }
    }
  }

  async #start(): Promise<void> {
    const [streams, datagrams] = await Promise.all([
      this.#listen(STREAM_PORT, 0),
      this.#listen(DATAGRAM_PORT, 1),
    ]);
    this.#listeners = [streams, datagrams];
    this.publicKeys = this.#listeners.map(({ publicKey }) => publicKey);
    if (!this.#isFresh && !this.#scenario.hasReplayStore) {
      const end = this.#world.causes.onTrouble("clock");
      void this.#world.sleep(CLOSED_MINUTE).then(end);
    }
    this.#isFresh = false;
    void this.#acceptMultiplexes(streams);
    void this.#acceptDatagramSessions(datagrams);
  }

  async #listen(port: number, index: number): Promise<Listener> {
    const { serverIdleTimeout: idleTimeout } = this.#scenario;
    const [secretKey, replayStore] = [SECRET_KEYS[index]!, this.#stores[index]];
    for (;;) {
      try {
        return await listen(this.#host, {
          port,
          secretKey,
          tcp: true,
          limits: { perSession: this.#scenario.perSession },
          idleTimeout,
          freshKey: this.#isFresh,
          ...(replayStore === undefined ? {} : { replayStore }),
        });
      } catch (error) {
        this.#world.tally.add(`error of a server: listen ${nameOf(error)}`);
        const { code } = error as SosistabError;
        const isExplained = this.#world.causes.hasTrouble(["silence"], 0) &&
          (code === "socket-failed" || code === "permission-denied");
        if (!isExplained) this.#world.report(`listen has failed: ${nameOf(error)}`);
        await this.#world.sleep(RETRY);
      }
    }
  }

  async #acceptMultiplexes(listener: Listener): Promise<void> {
    const { serverDeadAfter: deadAfter } = this.#scenario;
    for await (const session of this.#sessionsOf(listener)) {
      const life = this.#newLife("multiplex");
      const mux = this.#multiplexOf(session, deadAfter);
      if (mux === undefined) continue;
      const program = new MultiplexProgram(this.#world, mux, life);
      this.multiplexes.push(program);
      void this.#world.waits.watch(`the program of ${life.name}`, program.run(), []);
    }
  }

  /** A session may have ended, or have been taken over, since it was accepted. */
  #multiplexOf(session: Session, deadAfter: number): Multiplex | undefined {
    try {
      return session.multiplex({ deadAfter });
    } catch (error) {
      this.#world.tally.add(`error of a server: multiplex ${nameOf(error)}`);
      if (!this.#world.causes.hasLostPeer({ role: "server" })) {
        this.#world.report(`multiplex() has failed without a reason: ${nameOf(error)}`);
      }
      return undefined;
    }
  }

  async #acceptDatagramSessions(listener: Listener): Promise<void> {
    for await (const session of this.#sessionsOf(listener)) {
      const program = new DatagramProgram(this.#world, session, this.#newLife("session"));
      this.datagramSessions.push(program);
      void program.run();
    }
  }

  async *#sessionsOf(listener: Listener) {
    const { waits, tally } = this.#world;
    for (;;) {
      try {
        yield await waits.watch("accept", listener.accept(), [listener]);
        tally.add("operation: accept");
      } catch (error) {
        if (this.#listeners.includes(listener)) {
          this.#world.report(`accept has failed: ${nameOf(error)}`);
        }
        return;
      }
    }
  }

  #newLife(what: string): Life {
    const { serverDeadAfter: deadAfter, serverIdleTimeout: idleTimeout } = this.#scenario;
    return {
      name: `server ${what} ${this.#accepted++}`,
      role: "server",
      startedAt: this.#world.now,
      deadAfter,
      idleTimeout,
      over: undefined,
    };
  }
}
