/**
 * Programs at both ends that do anything in any order, on a path that does the same.
 */
import assert from "node:assert/strict";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { type MuxEnd, MuxPair } from "../support/mux_pair.ts";
import { saltedByte, saltedBytes } from "../support/salted_bytes.ts";
import { seededFraction } from "../support/seeded_random.ts";
import { assertQuiet } from "../support/stream_traffic.ts";

/** One end of a stream, and what its program has done with it. */
class Half {
  readonly end: MuxEnd;
  readonly stream: StreamMachine;
  readonly salt: number;
  other: Half | undefined;
  written = 0;
  read = 0;
  isFinished = false;
  isCut = false;
  isDiscarded = false;

  constructor(end: MuxEnd, stream: StreamMachine, salt: number) {
    this.end = end;
    this.stream = stream;
    this.salt = salt;
  }

  write(length: number): void {
    this.written += this.end.write(this.stream, saltedBytes(this.written, length, this.salt));
  }

  readSome(most: number): void {
    for (const byte of this.end.read(this.stream, most)) {
      assert.equal(byte, saltedByte(this.read++, this.salt ^ 1), `byte ${this.read}`);
    }
  }

  finish(): void {
    this.isFinished = true;
    this.end.finish(this.stream);
  }

  discard(): void {
    this.isDiscarded = true;
    this.end.discard(this.stream);
  }

  cut(): void {
    this.isCut ||= this.stream.end === undefined;
    this.end.cut(this.stream);
  }
}

/** Both programs, and all that they have opened. */
class World {
  readonly pair: MuxPair;
  readonly halves: Half[] = [];
  readonly #next: () => number;
  #opened = 0;

  constructor(seed: number, isSession: boolean) {
    this.#next = seededFraction(seed * 31 + 7);
    this.pair = new MuxPair({ seed, isSession, deadAfter: 1_000_000 });
    for (const end of [this.pair.client, this.pair.server]) {
      end.onIncoming = (stream) => {
        const opener = this.halves.find(({ salt }) => salt === 2 * Number(stream.info));
        const half = new Half(end, stream, 2 * Number(stream.info) + 1);
        half.other = opener;
        if (opener !== undefined) opener.other = half;
        this.halves.push(half);
      };
    }
  }

  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  /** Something happens. */
  step(): void {
    const { pair } = this;
    const half = this.halves[this.below(this.halves.length)];
    switch (this.below(16)) {
      case 0: {
        const end = this.below(2) === 0 ? pair.client : pair.server;
        const info = `${this.#opened++}`;
        this.halves.push(new Half(end, end.open(info), 2 * Number(info)));
        break;
      }
      case 1:
        half?.finish();
        break;
      case 2:
        if (this.below(2) === 0) half?.discard();
        break;
      case 3:
        if (this.below(4) === 0) half?.cut();
        break;
      case 4:
        this.#change();
        break;
      case 5:
      case 6:
        pair.run(this.below(2_000));
        break;
      case 7:
      case 8:
      case 9:
      case 10:
        half?.write(this.below(20_000));
        break;
      default:
        half?.readSome(1 + this.below(30_000));
    }
    pair.run(this.below(30));
  }

  /** The path becomes another one. */
  #change(): void {
    for (const link of [this.pair.up, this.pair.down]) {
      link.change({
        isDown: this.below(6) === 0,
        keepsOrder: false,
        delay: this.below(3) === 0 ? this.below(300) : 20,
        jitter: this.below(2) === 0 ? this.below(40) : 0,
        loss: this.below(2) === 0 ? this.below(40) / 100 : 0,
        burst: 1 + this.below(2) * this.below(12),
        duplicate: this.below(3) / 4,
        reorder: this.below(3) / 5,
        reorderDelay: this.below(300),
        corrupt: this.below(2) / 20,
        rate: this.below(2) === 0 ? Infinity : (200 + this.below(1_000)) / 125,
        queue: 5 + this.below(100),
      });
    }
  }

  /** The path is good again, and both programs come to an end with all that is open. */
  conclude(): void {
    const { pair } = this;
    for (const link of [pair.up, pair.down]) {
      link.change({
        isDown: false,
        delay: 20,
        jitter: 0,
        loss: 0,
        duplicate: 0,
        reorder: 0,
        corrupt: 0,
        rate: Infinity,
      });
    }
    pair.run(40_000);
    for (let i = 0; i < 60; i++) {
      for (const half of [...this.halves]) {
        if (!half.isFinished) half.finish();
        if (!half.isDiscarded) half.readSome(1_000_000);
      }
      pair.run(500);
    }
    // All five that said so may have been lost.
    for (const half of this.halves) if (half.other?.isCut) half.cut();
    pair.run(20_000);
    for (const half of this.halves) this.#check(half);
    assertQuiet(pair);
  }

  #check({ stream, other, read, written, salt, isCut, isDiscarded }: Half): void {
    const name = `stream ${salt >> 1} of the ${salt % 2 === 0 ? "opener" : "acceptor"}`;
    assert.equal(stream.phase, "closed", name);
    if (other === undefined || isCut || other.isCut || isDiscarded || other.isDiscarded) return;
    assert.equal(stream.end?.error, undefined, name);
    assert.equal(read, other.written, name);
    assert.equal(other.read, written, name);
  }
}

testEachSeed({
  name: "MuxMachine keeps every promise whatever both programs and the path do, in any order",
  file: import.meta.url,
  seeds: 40,
  run: (seed) => {
    const world = new World(seed, seed % 20 === 0);
    for (let i = 0; i < 150; i++) world.step();
    world.conclude();
  },
});
