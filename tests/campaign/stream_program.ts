/**
 * What a program does with one end of a stream, at random: it writes and pauses, ends its half, thinks
 * better of it, reads fast, slowly or not at all for a while; and when it is calm it brings the stream
 * to its end.
 */
import { SosistabError, type SosistabErrorCode } from "../../src/errors.ts";
import type { Closure, RelConn } from "../../src/net/contract.ts";
import type { Draw } from "../fuzz/draw.ts";
import { ABORTED, type CampaignWorld } from "./campaign_world.ts";
import { type Life, nameOf } from "./causes.ts";
import type { StreamEndRecord } from "./stream_ledger.ts";

/** One end of a stream in use. */
export class StreamProgram {
  readonly #world: CampaignWorld;
  readonly #conn: RelConn;
  readonly #record: StreamEndRecord;
  readonly #life: Life;
  readonly #draw: Draw;
  /** Why the stream has ended: a program that looks later hears of it then. */
  #endCode: SosistabErrorCode | undefined;

  constructor(world: CampaignWorld, conn: RelConn, record: StreamEndRecord, life: Life) {
    this.#world = world;
    this.#conn = conn;
    this.#record = record;
    this.#life = life;
    this.#draw = world.newDraw();
  }

  /** Uses it until it has ended. */
  async run(): Promise<void> {
    const draw = this.#draw;
    const closed = this.#watch("closed", this.#conn.closed).then((closure) =>
      this.#onClosed(closure)
    );
    await Promise.all([
      draw.happens(0.85) ? this.#write() : this.#writeToWritable(),
      draw.happens(0.85) ? this.#read() : this.#readReadable(),
    ]);
    await closed;
  }

  #onClosed({ by, error }: Closure): void {
    const { waits, tally } = this.#world;
    waits.onEnded(this);
    tally.add(`stream ended: ${by} ${error === undefined ? "in order" : error.code}`);
    if (error === undefined) return;
    // Whatever the reason, the other end may hear of it as a cut.
    this.#record.cause ??= error.code;
    this.#judge("closed", error);
    this.#endCode = error.code;
  }

  async #write(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    try {
      for (let left = draw.of([0, 1, 2, 4, 8]); left > 0 && !world.isCalm; left--) {
        const length = world.spend(draw.of([0, 1, 100, 1_330, 5_000, 20_000, 100_000]));
        const bytes = this.#record.next(length);
        if (draw.happens(0.05)) return await this.#writeAborted(bytes);
        await this.#watch("write", this.#conn.write(bytes));
        this.#record.onWritten();
        world.tally.add("operation: write");
        if (draw.happens(0.5)) await world.pause(draw.of([1, 100, 1_000, 5_000]));
      }
      await this.#end();
    } catch (error) {
      this.#judge("write", error);
    }
  }

  /** How much of it was taken nobody knows: no more can be written. */
  async #writeAborted(bytes: Uint8Array): Promise<void> {
    this.#world.tally.add("operation: write with a signal");
    try {
      const signal = this.#world.abortAfter(this.#draw.of([0, 10, 1_000]));
      await this.#watch("write with a signal", this.#conn.write(bytes, { signal }), 1_000);
      this.#record.onWritten();
    } catch (error) {
      if (error !== ABORTED) throw error;
      this.#world.tally.add("operation: write aborted");
    }
    await this.#end();
  }

  /** How the writing half comes to its end. */
  async #end(): Promise<void> {
    const [world, draw, conn, record] = [this.#world, this.#draw, this.#conn, this.#record];
    await world.pause(draw.of([0, 0, 100, 3_000, 60_000]));
    const kind = world.isCalm ? 0 : draw.between(0, 9);
    if (kind === 8) {
      world.tally.add("operation: reset");
      record.cause = "reset";
      conn.reset();
    } else if (kind === 9) {
      world.tally.add("operation: close");
      record.cause = "close";
      record.isDiscarding = true;
      record.onFinished();
      await this.#watch("close", conn.close());
    } else {
      world.tally.add("operation: closeWrite");
      record.onFinished();
      conn.closeWrite();
    }
  }

  async #writeToWritable(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    const writer = this.#conn.writable.getWriter();
    writer.closed.catch(() => {});
    try {
      for (let left = draw.of([1, 3]); left > 0; left--) {
        const bytes = this.#record.next(world.spend(draw.of([10, 3_000, 50_000])));
        await this.#watch("writable", writer.write(bytes));
        this.#record.onWritten();
      }
      if (draw.happens(0.2)) {
        world.tally.add("operation: writable aborted");
        this.#record.cause = "reset";
        await this.#watch("abort", writer.abort(ABORTED));
      } else {
        world.tally.add("operation: writable closed");
        this.#record.onFinished();
        await this.#watch("writable close", writer.close());
      }
    } catch (error) {
      if (error !== ABORTED) this.#judge("writable", error);
    }
  }

  async #read(): Promise<void> {
    const [world, draw] = [this.#world, this.#draw];
    const into = new Uint8Array(draw.of([1, 100, 10_000, 65_536]));
    try {
      for (let count: number | null | undefined = 0; count !== null;) {
        if (draw.happens(0.1)) await world.pause(draw.of([1, 50, 1_000, 8_000, 60_000]));
        count = draw.happens(0.1) ? await this.#readAborted(into) : await this.#readOnce(into);
        if (count !== null) this.#record.onRead(into.subarray(0, count));
        // Byte by byte takes long, and shows nothing more after a while.
        if (into.length === 1 && this.#record.read > 200) return await this.#readReadable();
      }
      world.tally.add("operation: read the end");
      this.#record.onEnd();
    } catch (error) {
      this.#judge("read", error);
    }
  }

  #readOnce(into: Uint8Array): Promise<number | null> {
    return this.#watch("read", this.#conn.read(into));
  }

  /** Thinks better of it, and reads again later. */
  async #readAborted(into: Uint8Array): Promise<number | null> {
    try {
      const signal = this.#world.abortAfter(this.#draw.of([0, 10, 1_000]));
      return await this.#watch("read with a signal", this.#conn.read(into, { signal }), 1_000);
    } catch (error) {
      if (error !== ABORTED) throw error;
      this.#world.tally.add("operation: read aborted");
      return 0;
    }
  }

  async #readReadable(): Promise<void> {
    const reader = this.#conn.readable.getReader();
    reader.closed.catch(() => {});
    try {
      for (;;) {
        const { done, value } = await this.#watch("readable", reader.read());
        if (done) break;
        this.#record.onRead(value);
        if (this.#draw.happens(0.02)) return await this.#cancel(reader);
      }
      this.#world.tally.add("operation: read readable to the end");
      this.#record.onEnd();
    } catch (error) {
      this.#judge("readable", error);
    }
  }

  async #cancel(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    this.#world.tally.add("operation: readable cancelled");
    this.#record.isDiscarding = true;
    this.#record.cause = "cancelled";
    await this.#watch("cancel", reader.cancel());
  }

  #watch<T>(what: string, promise: Promise<T>, most?: number): Promise<T> {
    const owners = [this.#life, this];
    return this.#world.waits.watch(`${what} of ${this.#record.name}`, promise, owners, most);
  }

  /** Is there a reason for the error? */
  #judge(what: string, error: unknown): void {
    const { causes, tally } = this.#world;
    const { peer, cause, name } = this.#record;
    tally.add(`error of a stream: ${what} ${nameOf(error)}`);
    const code = error instanceof SosistabError ? error.code : undefined;
    const isCut = code === "reset" && peer.cause !== undefined;
    const isOwn = code === "closed" && cause !== undefined;
    if (code !== undefined && code === this.#endCode) return;
    if (isCut || isOwn || causes.explains(error, this.#life)) return;
    // A multiplex whose other end is over is cut with all its streams.
    if (code === "reset" && causes.hasLostPeer(this.#life)) return;
    this.#world.report(`${what} of ${name} has failed without a reason: ${nameOf(error)}`);
  }
}
