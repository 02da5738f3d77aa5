/**
 * A session as programs see it.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { SosistabError } from "../errors.ts";
import { MessageQueue } from "../mux/message_queue.ts";
import { MOST_DATAGRAM } from "../session/machine.ts";
import { endError } from "./closure.ts";
import type {
  Closure,
  Multiplex,
  MultiplexOptions,
  SendOptions,
  Session,
  SessionStats,
  WaitOptions,
} from "./contract.ts";
import type { SessionDriver } from "./driver.ts";
import type { DriverObserver } from "./driver_contract.ts";
import { DrivenMultiplex } from "./multiplex.ts";
import { checkMaxAge } from "./options.ts";
import { Waiters } from "./waiters.ts";

/** A {@linkcode Session} on a driver. */
export class DrivenSession implements Session, DriverObserver {
  readonly closed: Promise<Closure>;
  readonly maxDatagramSize: number = MOST_DATAGRAM;
  readonly #driver: SessionDriver;
  readonly #queue: MessageQueue;
  readonly #receivers = new Waiters<Uint8Array>();
  readonly #resolveClosed: (closure: Closure) => void;
  #multiplex: DrivenMultiplex | undefined;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  /** Begins. */
  constructor(driver: SessionDriver) {
    const { promise, resolve } = Promise.withResolvers<Closure>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    this.#driver = driver;
    this.#queue = new MessageQueue(driver.memory);
    driver.start(this);
  }

  get remoteAddr(): Address {
    return this.#driver.path.address;
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= new ReadableStream({
      pull: async (controller) => {
        try {
          controller.enqueue(await this.receive());
        } catch (error) {
          if (this.#driver.closure?.error === undefined) controller.close();
          else controller.error(error);
        }
      },
    }, { highWaterMark: 0 });
  }

  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream({
      write: (datagram) => void this.send(datagram),
    });
  }

  send(datagram: Uint8Array, { maxAge }: SendOptions = {}): boolean {
    checkMaxAge(maxAge);
    this.#assertUsable();
    if (datagram.length > this.maxDatagramSize) {
      throw new SosistabError(
        "datagram-too-large",
        `a datagram may have ${this.maxDatagramSize} bytes here, this one has ${datagram.length}`,
      );
    }
    return this.#driver.send(datagram, maxAge);
  }

  async receive({ signal }: WaitOptions = {}): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const datagram = this.#queue.take();
    if (datagram !== undefined) return datagram;
    this.#assertUsable();
    return await this.#receivers.wait(signal);
  }

  refresh(): void {
    this.#driver.refresh();
  }

  stats(): SessionStats {
    const { host, rtt } = this.#driver.options;
    return {
      ...this.#driver.session.counts,
      rtt: rtt.smoothed,
      leastRtt: rtt.least,
      packetsForeign: this.#driver.foreign,
      sendsDropped: this.#driver.sendsDropped,
      receivesDropped: this.#queue.dropped,
      bytesHeld: this.#driver.memory.used,
      droppedByMemoryLimit: this.#driver.memory.refusals,
      carrier: this.#driver.path.carrier,
      carrierReason: this.#driver.path.reason,
      repair: this.#driver.repair?.explain(host.now()),
    };
  }

  multiplex(options: MultiplexOptions = {}): Multiplex {
    if (this.#multiplex !== undefined) return this.#multiplex;
    this.#assertUsable();
    const multiplex = new DrivenMultiplex(this, this.#driver, options);
    this.#multiplex = multiplex;
    this.#receivers.rejectAll(
      new SosistabError("closed", "a multiplex has taken the session over"),
    );
    for (let body = this.#queue.take(); body !== undefined; body = this.#queue.take()) {
      multiplex.handleEarlyBody(body);
    }
    this.#driver.flush();
    return multiplex;
  }

  close(): Promise<void> {
    // Wire compatibility: the original knows no goodbye, but each of its streams can be cut.
    if (!this.#driver.session.acquaintance.mayBeOwnKind) this.#multiplex?.cutAll();
    this.#driver.end({ by: "local" });
    return this.#driver.gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What drives it. */
  get driver(): SessionDriver {
    this.#assertUsable();
    return this.#driver;
  }

  /** From the driver: a body has come. */
  onBody(body: Uint8Array): void {
    if (this.#receivers.size > 0) this.#receivers.resolveFirst(body.slice());
    else this.#queue.add(body);
  }

  /** From the driver: the session has ended. */
  onEnd(closure: Closure): void {
    this.#receivers.rejectAll(endError(closure));
    this.#multiplex?.onEnd(closure);
    this.#resolveClosed(closure);
  }

  #assertUsable(): void {
    const closure = this.#driver.closure;
    if (closure !== undefined) throw endError(closure);
    if (this.#multiplex !== undefined) {
      throw new SosistabError("closed", "a multiplex has taken the session over");
    }
  }
}
