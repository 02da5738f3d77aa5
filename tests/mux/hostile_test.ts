/**
 * A peer that holds the session's key and keeps to no rule.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { encodeAckList } from "../../src/wire/ack_list.ts";
import { STREAM_MESSAGES } from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { ScriptedPeer } from "../support/scripted_peer.ts";
import { seededFraction } from "../support/seeded_random.ts";

const MOST = Number.MAX_SAFE_INTEGER;
const EDGES = [0, 1, 2, 3, 15, 16, 100, 5_752, 5_753, 8_192, 20_000, 65_536, 2 ** 32, MOST];

/** A peer that says anything, of a few streams. */
class Liar {
  readonly peer: ScriptedPeer;
  /** Streams that the machine has opened lately. */
  readonly own = [{ id: 0 }, { id: 0 }, { id: 0 }];
  readonly #next: () => number;

  constructor(seed: number, isOwnKind: boolean) {
    this.peer = new ScriptedPeer(new VirtualClock(), { seed, isOwnKind });
    this.#next = seededFraction(seed);
  }

  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  /** A number that is likely to matter. */
  number(): number {
    const edge = EDGES[this.below(EDGES.length)]!;
    return this.below(3) === 0
      ? this.below(50)
      : Math.min(MOST, Math.max(0, edge + this.below(3) - 1));
  }

  /** One of the streams that there are, or any. */
  id(): number {
    const ids = [...this.peer.end.incoming, ...this.own].slice(-20).map((stream) => stream.id);
    return ids.length === 0 || this.below(4) === 0 ? this.below(30) : ids[this.below(ids.length)]!;
  }

  payload(): Uint8Array {
    if (this.below(2) === 0) return new Uint8Array(this.below(1_350));
    const entries = Array.from({ length: this.below(160) }, () => this.number());
    const memory = new Uint8Array(8 * (entries.length + 2));
    const writer = new Writer(memory);
    encodeAckList(entries, this.below(2) === 0 ? this.number() : undefined, writer);
    return memory.slice(0, writer.length);
  }

  lie(): void {
    const { peer } = this;
    const type = STREAM_MESSAGES[this.below(STREAM_MESSAGES.length)]!;
    if (this.below(20) === 0) peer.sendBody(new Uint8Array(this.below(60)).fill(this.below(256)));
    else if (this.below(3) > 0) peer.send(type, this.id(), this.number(), this.payload());
    else if (this.below(2) === 0) {
      peer.send("data", this.id(), this.below(60), new Uint8Array(1_330));
    } else peer.ack(this.id(), this.below(40), [this.below(40), this.below(40)]);
  }
}

testEachSeed({
  name: "MuxMachine survives a peer that says anything: nothing throws, spins or grows",
  file: import.meta.url,
  seeds: 12,
  run: (seed) => {
    const liar = new Liar(seed, seed % 2 === 0);
    const { peer } = liar;
    const { end } = peer;
    for (let i = 0; i < 3_000; i++) {
      liar.lie();
      if (i % 100 === 0) {
        const stream = end.open();
        liar.own[i / 100 % 3] = stream;
        end.write(stream, new Uint8Array(20_000));
      }
      const stream = end.incoming.at(-1 - liar.below(5));
      if (stream !== undefined && liar.below(10) === 0) end.write(stream, new Uint8Array(3_000));
      if (stream !== undefined && liar.below(30) === 0) end.close(stream);
      if (stream !== undefined && liar.below(30) === 0) end.read(stream);
      peer.run(liar.below(8));
      peer.end.isDead = false;
    }
    const { streams } = end.mux.stats;
    assert.ok(streams <= 1_024 + 30, `seed ${seed}: ${streams} streams`);
    for (const stream of [...end.incoming]) end.cut(stream);
    for (const { id } of liar.own) peer.send("rst", id);
    peer.run(100_000);
    assert.ok(end.mux.stats.streams <= 30, `seed ${seed}: ${end.mux.stats.streams} streams`);
  },
});

testEachSeed({
  name: "MuxMachine survives counters that jump, go back and claim too much",
  file: import.meta.url,
  seeds: 6,
  run: (seed) => {
    const liar = new Liar(seed, seed % 2 === 0);
    const { peer } = liar;
    const { mux } = peer.end;
    const stream = peer.end.open();
    peer.send("synAck", stream.id);
    peer.run(30);
    const start = performance.now();
    for (let i = 0; i < 5_000; i++) {
      if (i % 10 === 0) peer.end.write(stream, new Uint8Array(5_000));
      mux.streams.onCounters(liar.number(), liar.number());
      mux.handleBody(Uint8Array.of(2, 0, 0, 0), peer.clock.now);
      peer.end.flush();
      peer.run(liar.below(3));
    }
    assert.ok(performance.now() - start < 10_000);
    assert.ok(mux.stats.lossRate >= 0 && mux.stats.lossRate <= 1);
    assert.ok(mux.deadline > peer.clock.now);
  },
});

test("MuxMachine keeps what an out-of-order peer makes it hold within the budgets", () => {
  const { peer } = new Liar(1, true);
  const payload = new Uint8Array(1_330);
  for (let id = 0; id < 60; id++) peer.send("syn", id);
  for (let i = 0; i < 40_000; i++) peer.send("data", i % 60, 1 + Math.floor(i / 60) * 2, payload);
  peer.run(100);
  const streams = peer.end.incoming;
  assert.equal(streams.length, 60);
  for (let id = 0; id < 60; id++) peer.send("data", id, 0, payload);
  peer.run(100);
  let held = 0;
  for (const { receiving } of streams) {
    held += receiving.readable;
    assert.ok(receiving.next > 0, "what a waiting reader needs was refused");
  }
  assert.ok(held < 32 * 2 ** 20);
});
