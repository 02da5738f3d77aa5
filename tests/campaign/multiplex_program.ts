/**
 * What a program does with one end of a multiplex, at random.
 */
import type { Multiplex, RelConn, Session } from "../../src/net/contract.ts";
import { SosistabError } from "../../src/errors.ts";
import type { Draw } from "../fuzz/draw.ts";
import { ABORTED, type CampaignWorld } from "./campaign_world.ts";
import { type Life, nameOf } from "./causes.ts";
import type { DatagramSender } from "./datagram_ledger.ts";
import type { StreamEndRecord } from "./stream_ledger.ts";
import { StreamProgram } from "./stream_program.ts";

/** How long an opening may wait while the other end is alive, ms; and it may be taken for alive so long. */
const OPENING_TIMEOUT = 30_000;

/** How long an answer to a new stream may take when nothing is wrong any more, ms. */
const LIVELY = 20_000;

/** Streams with this info are echoed. */
const ECHO = "echo";

/** Bytes that are echoed. */
const ECHOED = 3_000;

/** What a client's program can do besides. */
export interface ClientVerbs {
  /** Says that the network may have changed. */
  refresh(): void;
  /** Connects once more; `undefined`: that failed. */
  connect(): Promise<Session | undefined>;
}

/** One end of a multiplex in use. */
export class MultiplexProgram {
  readonly life: Life;
  readonly #world: CampaignWorld;
  readonly #mux: Multiplex;
  readonly #draw: Draw;
  readonly #sender: DatagramSender;
  readonly #verbs: ClientVerbs | undefined;
  readonly #streams: Promise<void>[] = [];
  #opened = 0;
  #ended: Promise<void> = Promise.resolve();

  constructor(world: CampaignWorld, mux: Multiplex, life: Life, verbs?: ClientVerbs) {
    this.#verbs = verbs;
    this.#world = world;
    this.#mux = mux;
    this.life = life;
    this.#draw = world.newDraw();
    this.#sender = world.datagrams.sender(life.name);
    void mux.closed.then(({ by, error }) => {
      world.tally.add(`multiplex ended: ${by} ${error === undefined ? "in order" : error.code}`);
      if (error !== undefined && !world.causes.explains(error, life)) {
        world.report(`${life.name} has ended without a reason: ${nameOf(error)}`);
      }
      if (by === "timeout" && life.role === "server") world.causes.onGivenUp();
      this.#onOver(by);
    });
  }

  /** Settles when it is used no more. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Uses it until it is calm, and then until all of its streams have ended. */
  run(): Promise<void> {
    return this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    void this.#accept();
    void this.#receive();
    while (!world.isCalm && this.life.over === undefined) {
      await this.#act();
      await world.pause(draw.of([10, 300, 1_500, 4_000]));
    }
    // More may be accepted while those before are at work.
    for (let at = 0; at < this.#streams.length; at++) await this.#streams[at];
  }

  /** Nothing is wrong any more: a new stream must carry something to the other end and back, soon. */
  async proveAlive(): Promise<void> {
    const [world, { name }] = [this.#world, this.life];
    const until = world.now + LIVELY;
    while (this.life.over === undefined) {
      try {
        if (await this.#echo()) return world.tally.add("calm: a multiplex is alive");
      } catch (error) {
        // It has ended by itself, or goes on in a session whose server knows nothing of before.
        if (!world.causes.explains(error, this.life) && !isCut(error)) {
          return world.report(`${name} does not echo: ${nameOf(error)}`);
        }
      }
      if (world.now > until) return world.report(`${name} does not echo for ${LIVELY} ms`);
      await world.sleep(500);
    }
    world.tally.add("calm: a multiplex has ended");
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.life.over ??= "its program has closed it";
    this.#world.causes.onEnded(this.life.role);
    this.#world.waits.onEnded(this.life);
    await this.#mux.close();
  }

  #onOver(by: string): void {
    this.life.over ??= by;
    this.#world.causes.onEnded(this.life.role);
    this.#world.waits.onEnded(this.life);
  }

  async #act(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    const kind = draw.between(0, 19);
    try {
      if (kind < 9) await this.#open();
      else if (kind < 17) this.#send();
      else if (kind === 17) {
        const signal = world.abortAfter(draw.of([0, 1_000]));
        world.tally.add("operation: receiveUrel with a signal");
        await this.#watch("receiveUrel with a signal", this.#mux.receiveUrel({ signal }), 1_000)
          .then((datagram) => this.#onReceived(datagram));
      } else if (kind === 18) await this.#actAsClient();
      else if (draw.happens(0.15)) {
        world.tally.add(`operation: close a multiplex of the ${this.life.role}`);
        await this.close();
      }
    } catch (error) {
      if (error !== ABORTED) this.#judge("an operation", error);
    }
  }

  async #actAsClient(): Promise<void> {
    const [world, verbs] = [this.#world, this.#verbs];
    void this.#mux.stats();
    if (verbs === undefined) return;
    if (this.#draw.happens(0.6)) {
      world.tally.add("operation: refresh");
      return verbs.refresh();
    }
    const session = await verbs.connect();
    if (session === undefined) return;
    if (this.life.over !== undefined) return void await session.close();
    // The server's end of the new session is taken over, or gives way.
    world.causes.onEnded("client");
    world.tally.add("operation: replaceSession");
    this.#mux.replaceSession(session);
  }

  async #open(): Promise<void> {
    const [world, draw, { name }] = [this.#world, this.#draw, this.life];
    const isBroken = draw.happens(0.08);
    const label = `${name}/${this.#opened++}`;
    const record = world.streams.open(label, name);
    const info = draw.happens(0.1) ? label.padEnd(draw.between(label.length, 1_024)) : label;
    try {
      const options = isBroken ? { signal: world.abortAfter(draw.of([0, 30, 1_000])) } : {};
      // What is broken off the other end may have accepted, and is cut.
      if (isBroken) record.cause = "broken off";
      world.tally.add("operation: openConn");
      const most = OPENING_TIMEOUT + this.life.deadAfter;
      const conn = await this.#watch("openConn", this.#mux.openConn(info, options), most);
      record.cause = undefined;
      this.#use(conn, record);
    } catch (error) {
      record.cause ??= "was not opened";
      if (error === ABORTED) world.tally.add("operation: openConn aborted");
      // Who accepts may cut at once.
      else if (isCut(error) && (record.peer.cause !== undefined || this.#mayBeRefused())) {
        world.tally.add("operation: refused");
      } else if (nameOf(error) === "session-lost" && world.causes.hasTrouble(["silence"], 0)) {
        // The client took new keys before anything had come through: the server knows no older ones.
        world.tally.add("operation: openConn lost with a session that never was");
      } else this.#judge("openConn", error);
    }
  }

  #mayBeRefused(): boolean {
    return this.life.role === "client" && this.#world.mayRefuse;
  }

  #send(): void {
    const [world, draw] = [this.#world, this.#draw];
    for (let left = draw.of([1, 1, 3, 12]); left > 0; left--) {
      const most = this.#mux.maxDatagramSize;
      const length = draw.of([0, 50, 500, most]);
      const maxAge = draw.happens(0.3) ? { maxAge: draw.of([0, 100]) } : {};
      const isSent = this.#mux.sendUrel(this.#sender.next(length), maxAge);
      world.tally.add(`operation: sendUrel ${isSent ? "sent" : "dropped"}`);
    }
  }

  async #accept(): Promise<void> {
    const [world, { name, role }] = [this.#world, this.life];
    try {
      for (;;) {
        const conn = await this.#watch("acceptConn", this.#mux.acceptConn());
        world.tally.add("operation: acceptConn");
        const label = conn.info.trimEnd();
        if (label === ECHO) {
          void echo(conn).catch(() => {});
          continue;
        }
        const record = world.streams.accept(label, name, role === "server");
        if (record !== undefined) this.#use(conn, record);
      }
    } catch (error) {
      this.#judge("acceptConn", error);
    }
  }

  async #receive(): Promise<void> {
    const world = this.#world;
    try {
      for (;;) {
        const datagram = await this.#watch("receiveUrel", this.#mux.receiveUrel());
        world.tally.add("operation: receiveUrel");
        this.#onReceived(datagram);
        if (this.#draw.happens(0.05)) await world.pause(this.#draw.of([100, 4_000]));
      }
    } catch (error) {
      this.#judge("receiveUrel", error);
    }
  }

  #use(conn: RelConn, record: StreamEndRecord): void {
    this.#streams.push(new StreamProgram(this.#world, conn, record, this.life).run());
  }

  async #echo(): Promise<boolean> {
    const conn = await this.#watch("openConn of an echo", this.#mux.openConn(ECHO), LIVELY);
    await this.#watch("write of an echo", conn.write(new Uint8Array(ECHOED)), LIVELY);
    const into = new Uint8Array(ECHOED);
    let read = 0;
    while (read < ECHOED) {
      const count = await this.#watch("read of an echo", conn.read(into), LIVELY);
      if (count === null) break;
      read += count;
    }
    conn.reset();
    return read === ECHOED;
  }

  #onReceived(datagram: Uint8Array): void {
    const { name, role } = this.life;
    this.#world.datagrams.onReceived(datagram, name, role === "server");
  }

  #watch<T>(what: string, promise: Promise<T>, most?: number): Promise<T> {
    const { waits } = this.#world;
    return waits.watch(`${what} at ${this.life.name}`, promise, [this.life], most);
  }

  #judge(what: string, error: unknown): void {
    const { tally, causes } = this.#world;
    tally.add(`error of a multiplex: ${what} ${nameOf(error)}`);
    if (causes.explains(error, this.life)) return;
    if (isCut(error) && causes.hasLostPeer(this.life)) return;
    this.#world.report(
      `${what} at ${this.life.name} has failed without a reason: ${nameOf(error)}`,
    );
  }
}

async function echo(conn: RelConn): Promise<void> {
  const into = new Uint8Array(ECHOED);
  for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
    await conn.write(into.slice(0, count));
  }
  conn.closeWrite();
}

function isCut(error: unknown): boolean {
  return error instanceof SosistabError && error.code === "reset";
}
