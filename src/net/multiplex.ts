/**
 * A multiplex as programs see it.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { CongestionController } from "../mux/congestion.ts";
import { CarrierControl } from "../mux/carrier_control.ts";
import { createCongestion } from "../mux/create_congestion.ts";
import { MOST_INFO } from "../mux/reception.ts";
import { type MuxEvent, MuxMachine } from "../mux/machine.ts";
import type { StreamMachine } from "../mux/stream_machine.ts";
import { MOST_STREAMS } from "../mux/stream_table.ts";
import { MOST_DATAGRAM } from "../session/machine.ts";
import { isReliable } from "../transport/link.ts";
import { UNRELIABLE_OVERHEAD } from "../wire/message.ts";
import { endError } from "./closure.ts";
import type {
  Closure,
  Multiplex,
  MultiplexOptions,
  MultiplexStats,
  RelConn,
  SendOptions,
  Session,
  WaitOptions,
} from "./contract.ts";
import { SessionDriver } from "./driver.ts";
import { checkMaxAge } from "./options.ts";
import { DrivenRelConn } from "./rel_conn.ts";
import { Waiters } from "./waiters.ts";

// Tuning.

/** How long an awaited answer may stay away, ms: longer than most tunnels and elevators. */
const DEAD_AFTER = 30_000;

/** A {@linkcode Multiplex} on a driver. */
export class DrivenMultiplex implements Multiplex {
  readonly maxDatagramSize: number = MOST_DATAGRAM - UNRELIABLE_OVERHEAD;
  readonly #session: Session;
  readonly #driver: SessionDriver;
  readonly #machine: MuxMachine;
  readonly #mostStreams: number;
  readonly #congestion: CongestionController;
  readonly #conns = new Map<StreamMachine, DrivenRelConn>();
  readonly #incoming: DrivenRelConn[] = [];
  readonly #acceptors = new Waiters<RelConn>();
  readonly #receivers = new Waiters<Uint8Array>();

  /** Takes a session over. */
  constructor(session: Session, driver: SessionDriver, options: MultiplexOptions) {
    const { host, role, random, rtt, limits = {} } = driver.options;
    this.#session = session;
    this.#driver = driver;
    this.#mostStreams = limits.streams ?? MOST_STREAMS;
    const create = () => createCongestion(options.congestion, rtt.smoothed, random);
    // A reader of the original drops what does not fit, over a stream too.
    const isCarriedSafely = () => isReliable(driver.path.carrier) && driver.session.isOwnKind;
    this.#congestion = options.congestion === undefined
      ? new CarrierControl(isCarriedSafely, create)
      : create();
    this.#machine = new MuxMachine({
      role,
      random,
      rtt,
      congestion: this.#congestion,
      isRepaired: driver.repair !== undefined,
      deadAfter: options.deadAfter ?? DEAD_AFTER,
      bytes: driver.memory,
      mostStreams: this.#mostStreams,
      ...(limits.bytesPerStream === undefined ? {} : { mostOfStream: limits.bytesPerStream }),
    }, host.now());
    driver.attach(this.#machine, (event) => this.#onEvent(event), () => this.#congestion.window);
    // The answer proves that the server has the key, and that the resume has arrived.
    if (role === "client") this.#machine.ping();
  }

  get closed(): Promise<Closure> {
    return this.#session.closed;
  }

  async openConn(info: string = "", { signal }: WaitOptions = {}): Promise<RelConn> {
    signal?.throwIfAborted();
    const length = new TextEncoder().encode(info).length;
    if (length > MOST_INFO) {
      throw new RangeError(`info may have ${MOST_INFO} bytes of UTF-8, got ${length}`);
    }
    this.#assertOpen();
    if (this.#driver.isDraining) throw new SosistabError("closed", "the listener is being closed");
    const stream = this.#machine.streams.openStream(info, this.#driver.options.host.now());
    if (stream === undefined) {
      throw new SosistabError("too-many-streams", "all 32,768 stream ids of this end are in use");
    }
    const conn = this.#makeConn(stream);
    this.#driver.flush();
    try {
      await conn.whenOpen(signal);
    } catch (error) {
      conn.reset();
      throw error;
    }
    return conn;
  }

  async acceptConn({ signal }: WaitOptions = {}): Promise<RelConn> {
    signal?.throwIfAborted();
    const conn = this.#incoming.shift();
    if (conn !== undefined) return conn;
    this.#assertOpen();
    return await this.#acceptors.wait(signal);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<RelConn> {
    for (;;) {
      let conn: RelConn;
      try {
        conn = await this.acceptConn();
      } catch (error) {
        if (this.#driver.closure !== undefined) return;
        throw error;
      }
      yield conn;
    }
  }

  sendUrel(datagram: Uint8Array, { maxAge }: SendOptions = {}): boolean {
    checkMaxAge(maxAge);
    this.#assertOpen();
    if (datagram.length > this.maxDatagramSize) {
      throw new SosistabError(
        "datagram-too-large",
        `a message may have ${this.maxDatagramSize} bytes here, this one has ${datagram.length}`,
      );
    }
    const dropped = this.#driver.sendsDropped;
    this.#machine.sendUnreliable(datagram, maxAge ?? this.#driver.maxAge);
    this.#driver.flush();
    return this.#driver.sendsDropped === dropped;
  }

  async receiveUrel({ signal }: WaitOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
    return this.tryReceiveUrel() ?? await this.#receivers.wait(signal);
  }

  tryReceiveUrel(): Uint8Array | undefined {
    const message = this.#machine.takeUnreliable();
    if (message === undefined) this.#assertOpen();
    return message;
  }

  stats(): MultiplexStats {
    return {
      ...this.#session.stats(),
      ...this.#machine.stats,
      congestion: this.#congestion.name,
      window: this.#congestion.window,
    };
  }

  replaceSession(session: Session): void {
    this.#assertOpen();
    const driver = "driver" in session ? session.driver : undefined;
    if (!(driver instanceof SessionDriver)) {
      throw new TypeError("session must be one that connect() or accept() gave");
    }
    if (driver.options.role !== this.#driver.options.role) {
      throw new TypeError("session must be of the same end as the multiplex");
    }
    this.#driver.takeOver(driver);
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A body that came before the session was a multiplex. */
  handleEarlyBody(body: Uint8Array): void {
    this.#machine.handleBody(body, this.#driver.options.host.now());
  }

  /** Tells the other end that all streams are cut, once. */
  cutAll(): void {
    for (const conn of [...this.#conns.values()]) conn.reset();
  }

  /** From the session: it has ended. Its streams have been told, unless a fault came in between. */
  onEnd(closure: Closure): void {
    for (const [stream, conn] of this.#conns) {
      stream.abandon({ by: closure.by, error: endError(closure) });
      conn.onChange();
    }
    this.#conns.clear();
    this.#acceptors.rejectAll(endError(closure));
    this.#receivers.rejectAll(endError(closure));
  }

  #onEvent(event: MuxEvent): void {
    switch (event.kind) {
      case "incoming": {
        const conn = this.#makeConn(event.stream);
        if (this.#acceptors.resolveFirst(conn)) return;
        // Those that were cut since then count too: opening and cutting must not fill the memory.
        if (this.#incoming.length < this.#mostStreams) this.#incoming.push(conn);
        else conn.cut({ kind: "library", reason: "backlog-full" });
        return;
      }
      case "stream":
        this.#conns.get(event.stream)?.onChange();
        if (event.stream.end !== undefined) this.#conns.delete(event.stream);
        return;
      case "unreliable":
        while (this.#receivers.size > 0) {
          const message = this.#machine.takeUnreliable();
          if (message === undefined) return;
          this.#receivers.resolveFirst(message);
        }
        return;
    }
  }

  #makeConn(stream: StreamMachine): DrivenRelConn {
    const conn = new DrivenRelConn(stream, this.#machine.streams, this.#driver);
    this.#conns.set(stream, conn);
    return conn;
  }

  #assertOpen(): void {
    const closure = this.#driver.closure;
    if (closure !== undefined) throw endError(closure);
  }
}
