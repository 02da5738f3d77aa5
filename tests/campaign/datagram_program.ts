/**
 * What a program does with one end of a session of bare datagrams, at random.
 */
import type { Session } from "../../src/net/contract.ts";
import type { Draw } from "../fuzz/draw.ts";
import { ABORTED, type CampaignWorld } from "./campaign_world.ts";
import { type Life, nameOf } from "./causes.ts";
import type { DatagramSender } from "./datagram_ledger.ts";

/** One end of a session in use. */
export class DatagramProgram {
  readonly life: Life;
  readonly #world: CampaignWorld;
  readonly #session: Session;
  readonly #draw: Draw;
  readonly #sender: DatagramSender;

  constructor(world: CampaignWorld, session: Session, life: Life) {
    this.#world = world;
    this.#session = session;
    this.life = life;
    this.#draw = world.newDraw();
    this.#sender = world.datagrams.sender(life.name);
    void session.closed.then(({ by, error }) => {
      world.tally.add(`session ended: ${by} ${error === undefined ? "in order" : error.code}`);
      if (error !== undefined && !world.causes.explains(error, life)) {
        world.report(`${life.name} has ended without a reason: ${nameOf(error)}`);
      }
      if (by === "timeout" && life.role === "server") world.causes.onGivenUp();
      this.#onOver(by);
    });
  }

  /** Uses it until it is calm. */
  async run(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    void this.#receive();
    while (!world.isCalm && this.life.over === undefined) {
      try {
        this.#act();
      } catch (error) {
        this.#judge("an operation", error);
      }
      await world.pause(draw.of([10, 100, 1_000, 5_000]));
    }
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#onOver("its program has closed it");
    await this.#session.close();
  }

  #onOver(by: string): void {
    this.life.over ??= by;
    this.#world.causes.onEnded(this.life.role);
    this.#world.waits.onEnded(this.life);
  }

  #act(): void {
    const [world, draw] = [this.#world, this.#draw];
    const kind = draw.between(0, 29);
    if (kind === 29) {
      world.tally.add("operation: refresh");
      this.#session.refresh();
    } else if (kind === 28 && draw.happens(0.3)) {
      world.tally.add(`operation: close a session of the ${this.life.role}`);
      void this.close();
    } else {
      for (let left = draw.of([1, 1, 4, 15]); left > 0; left--) {
        const length = draw.of([0, 50, 500, this.#session.maxDatagramSize]);
        const isSent = this.#session.send(this.#sender.next(length));
        world.tally.add(`operation: send ${isSent ? "sent" : "dropped"}`);
      }
    }
  }

  async #receive(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    try {
      for (;;) {
        if (draw.happens(0.1)) await this.#receiveAborted();
        const datagram = await this.#watch("receive", this.#session.receive());
        world.tally.add("operation: receive");
        this.#onReceived(datagram);
      }
    } catch (error) {
      this.#judge("receive", error);
    }
  }

  async #receiveAborted(): Promise<void> {
    const signal = this.#world.abortAfter(this.#draw.of([0, 1_000]));
    try {
      const what = "receive with a signal";
      const datagram = await this.#watch(what, this.#session.receive({ signal }), 1_000);
      this.#onReceived(datagram);
    } catch (error) {
      if (error !== ABORTED) throw error;
      this.#world.tally.add("operation: receive aborted");
    }
  }

  #onReceived(datagram: Uint8Array): void {
    const { name, role } = this.life;
    this.#world.datagrams.onReceived(datagram, name, role === "server");
  }

  #judge(what: string, error: unknown): void {
    const { tally, causes } = this.#world;
    tally.add(`error of a session: ${what} ${nameOf(error)}`);
    if (causes.explains(error, this.life)) return;
    this.#world.report(
      `${what} at ${this.life.name} has failed without a reason: ${nameOf(error)}`,
    );
  }

  #watch<T>(what: string, promise: Promise<T>, most?: number): Promise<T> {
    const { waits } = this.#world;
    return waits.watch(`${what} at ${this.life.name}`, promise, [this.life], most);
  }
}
