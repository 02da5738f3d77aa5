/**
 * A stream that is always full, over a carrier that the client chooses itself, on a path where
 * datagrams alone can be held back.
 */
import type { Link, LinkConditions } from "../../src/adapters/sim.ts";
import type { RelConn, Session } from "../../src/net/contract.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import { VirtualPair } from "./virtual_pair.ts";

/** What a throttle does to datagrams; without anything it lets all of them pass. */
export interface Throttle {
  readonly rate?: number | undefined;
  readonly queue?: number | undefined;
  readonly loss?: number | undefined;
}

export class AutoFlow {
  readonly pair: VirtualPair;
  readonly near: Session;
  readonly listener: Listener;
  readonly #throttles: readonly Link[];
  #received = 0;
  /** The first byte that was wrong, if one was. */
  #wrongAt: number | undefined;

  private constructor(
    pair: VirtualPair,
    throttles: readonly Link[],
    { near, listener }: { near: Session; listener: Listener },
  ) {
    this.pair = pair;
    this.#throttles = throttles;
    this.near = near;
    this.listener = listener;
  }

  /** Begins to send, as much as passes. */
  static async start(
    direction: "up" | "down",
    conditions: LinkConditions,
    seed: number,
    throttle: Throttle = {},
  ): Promise<AutoFlow> {
    const pair = new VirtualPair(conditions, seed, { crypto: "none" });
    const throttles = [["client", "server"], ["server", "client"]].map(([from, to]) => {
      const link = pair.network.addBottleneck({});
      pair.network.route(from!, to!, { datagrams: [link] });
      return link;
    });
    const { listener, client: near, server } = await pair.sessions({ tcp: true }, {
      protocol: "auto",
    });
    const flow = new AutoFlow(pair, throttles, { near, listener });
    flow.throttle(throttle);
    const [nearMux, farMux] = [near.multiplex(), server.multiplex()];
    const ends = await pair.run(Promise.all([nearMux.openConn(), farMux.acceptConn()]));
    const [from, to] = direction === "up" ? ends : ends.toReversed();
    void write(from!);
    void flow.#read(to!);
    return flow;
  }

  /** Holds datagrams back, in both directions. */
  throttle({ rate, queue, loss }: Throttle): void {
    const conditions = { rate, queue, loss } as LinkConditions;
    for (const link of this.#throttles) link.change(conditions);
  }

  /** What arrives in so many ms, Mbit/s. */
  async goodput(time: number): Promise<number> {
    const before = this.#received;
    await this.pair.pass(time);
    if (this.#wrongAt !== undefined) throw new Error(`byte ${this.#wrongAt} is wrong`);
    return (this.#received - before) * 8 / 1_000 / time;
  }

  /** Waits until something else carries the session for good, and tells how long that took, ms. */
  async untilMoved(to: "udp" | "tcp", limit: number): Promise<number> {
    const from = this.pair.now;
    const isThere = () => {
      const { carrier, carrierReason } = this.near.stats();
      return carrier === to && carrierReason !== "it is on trial";
    };
    while (!isThere() && this.pair.now < from + limit) await this.goodput(50);
    if (!isThere()) throw new Error(`${to} is not used after ${limit} ms`);
    return this.pair.now - from;
  }

  /** Connections that the client has opened: trials, unless TCP is used. */
  get connections(): number {
    return this.listener.stats().streams?.accepted ?? 0;
  }

  async #read(to: RelConn): Promise<void> {
    const into = new Uint8Array(65_536);
    for (;;) {
      const length = await to.read(into);
      if (length === null) return;
      // Every 251st byte is enough to see that nothing is missing, doubled or out of order.
      for (let at = (251 - this.#received % 251) % 251; at < length; at += 251) {
        if (into[at] !== Math.floor((this.#received + at) / 251) % 256) {
          this.#wrongAt ??= this.#received + at;
        }
      }
      this.#received += length;
    }
  }
}

async function write(from: RelConn): Promise<void> {
  const chunk = new Uint8Array(251 * 256);
  for (let i = 0; i < chunk.length; i++) chunk[i] = Math.floor(i / 251);
  for (;;) await from.write(chunk);
}
