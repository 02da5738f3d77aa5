import { test } from "node:test";
import assert from "node:assert/strict";
import type { StreamMachine } from "../../src/mux/stream_machine.ts";
import { VirtualClock } from "../../src/sim/clock.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { type MuxEnd, MuxPair } from "../support/mux_pair.ts";
import { ScriptedPeer } from "../support/scripted_peer.ts";
import { assertQuiet, StreamReader } from "../support/stream_traffic.ts";

const LOSSES = [0, 0.05, 0.2, 0.3] as const;

/** A stream that both ends know, and its halves. */
function joined(pair: MuxPair): { near: StreamMachine; far: StreamMachine } {
  const near = pair.client.open();
  pair.run(20_000, () => near.phase === "open" && pair.server.incoming.length === 1);
  return { near, far: pair.server.incoming[0]! };
}

/** Runs what is to happen on many paths, and checks that nothing is left of it. */
function testManyPaths(
  name: string,
  run: (pair: MuxPair, near: StreamMachine, far: StreamMachine) => void,
): void {
  testEachSeed({
    name,
    file: import.meta.url,
    seeds: 8,
    run: (seed) => {
      for (const loss of LOSSES) {
        const pair = new MuxPair({ seed, link: { delay: 25, loss } });
        const { near, far } = joined(pair);
        run(pair, near, far);
        assertQuiet(pair);
      }
    },
  });
}

function isClosedWell(...streams: StreamMachine[]): void {
  for (const { phase, end } of streams) {
    assert.equal(phase, "closed");
    assert.equal(end?.error, undefined);
  }
}

/** Writes, with an end or without. */
function say(end: MuxEnd, stream: StreamMachine, length: number, isLast: boolean): void {
  assert.equal(end.write(stream, new Uint8Array(length)), length);
  if (isLast) end.finish(stream);
}

testManyPaths(
  "finish() ends one direction, and the other goes on for as long as it likes",
  (pair, near, far) => {
    const [up, down] = [new StreamReader(pair.server, far), new StreamReader(pair.client, near)];
    say(pair.client, near, 50_000, true);
    pair.run(20_000, () => up.endedAt !== undefined);
    assert.equal(up.bytes, 50_000);
    for (let i = 0; i < 3; i++) {
      say(pair.server, far, 30_000, i === 2);
      pair.run(20_000, () => down.bytes === 30_000 * (i + 1));
      if (i < 2) assert.equal(near.phase, "open");
    }
    pair.run(20_000);
    assert.equal(down.bytes, 90_000);
    assert.notEqual(down.endedAt, undefined);
    isClosedWell(near, far);
  },
);

testManyPaths("finish() may come from the acceptor first", (pair, near, far) => {
  const [up, down] = [new StreamReader(pair.server, far), new StreamReader(pair.client, near)];
  say(pair.server, far, 40_000, true);
  pair.run(20_000, () => down.endedAt !== undefined);
  say(pair.client, near, 40_000, true);
  pair.run(20_000);
  assert.deepEqual([up.bytes, down.bytes], [40_000, 40_000]);
  isClosedWell(near, far);
});

for (const length of [0, 1, 5_000, 100_000]) {
  testManyPaths(
    `finish() may come from both at the same time, with ${length} bytes each`,
    (pair, near, far) => {
      const [up, down] = [new StreamReader(pair.server, far), new StreamReader(pair.client, near)];
      say(pair.client, near, length, true);
      say(pair.server, far, length, true);
      pair.run(30_000, () => up.endedAt !== undefined && down.endedAt !== undefined);
      pair.run(20_000);
      assert.deepEqual([up.bytes, down.bytes], [length, length]);
      isClosedWell(near, far);
    },
  );
}

test("finish() costs one round trip and no repetition on a clean path", () => {
  const pair = new MuxPair({ link: { delay: 25 } });
  const { near, far } = joined(pair);
  new StreamReader(pair.server, far);
  say(pair.client, near, 10_000, true);
  say(pair.server, far, 10_000, true);
  const start = pair.clock.now;
  pair.run(10_000, () => near.phase === "closed" && far.phase === "closed");
  assert.ok(pair.clock.now - start < 100, `${pair.clock.now - start}`);
  pair.run(1_000);
  for (const { mux } of [pair.client, pair.server]) {
    assert.deepEqual([mux.stats.lost, mux.stats.needless, mux.stats.probes], [0, 0, 0]);
  }
});

testManyPaths(
  "finish() and discard() end a stream on which the other side is still writing",
  (pair, near, far) => {
    const reader = new StreamReader(pair.server, far);
    say(pair.client, near, 5_000, false);
    pair.client.close(near);
    for (let i = 0; i < 100 && far.end === undefined; i++) {
      pair.server.write(far, new Uint8Array(1_000));
      pair.run(100);
    }
    assert.notEqual(far.end, undefined);
    pair.run(60_000);
    assert.equal(reader.bytes, 5_000);
    isClosedWell(near);
    assert.equal(far.phase, "closed");
    assert.equal(far.end?.error?.code, "reset");
  },
);

testManyPaths(
  "finish() and discard() on both ends close a stream without a Rst",
  (pair, near, far) => {
    say(pair.client, near, 3_000, false);
    say(pair.server, far, 3_000, false);
    pair.client.close(near);
    pair.server.close(far);
    pair.run(30_000);
    isClosedWell(near, far);
    assert.deepEqual([near.end?.by, far.end?.by], ["local", "local"]);
  },
);

testManyPaths(
  "reset() ends the other side in an error, once, whatever is under way",
  (pair, near, far) => {
    say(pair.client, near, 50_000, false);
    say(pair.server, far, 50_000, false);
    pair.run(60);
    pair.client.cut(near);
    pair.run(30_000);
    assert.equal(near.end?.error?.code, "closed");
    assert.equal(far.phase, "closed");
    assert.equal(far.end?.error?.code, "reset");
  },
);

test("L2: reset() sends a Rst to the original five times at the most, until it is answered", () => {
  for (const [isAnswered, count] of [[true, 1], [false, 5]] as const) {
    const peer = new ScriptedPeer(new VirtualClock(), { isOwnKind: false });
    const stream = peer.end.open();
    peer.run(10);
    peer.send("synAck", stream.id);
    peer.run(100);
    peer.take();
    peer.onMessage = () => isAnswered && peer.send("rst", stream.id);
    peer.end.cut(stream);
    peer.onMessage = (message) => {
      if (message === undefined) peer.sendBody(Uint8Array.of(2, 0, 0, 0));
      else if (isAnswered && message.kind === "stream") peer.send("rst", message.streamId);
    };
    assert.deepEqual(peer.takeTypes(60_000), Array(count).fill("rst"));
    assert.equal(peer.end.mux.stats.streams, 0);
  }
});

test("L2: reset() sends a Rst to our own kind until it is answered, by a Rst or a FinAck", () => {
  for (const answer of ["rst", "finAck"] as const) {
    const peer = new ScriptedPeer(new VirtualClock());
    const stream = peer.end.open();
    peer.run(10);
    peer.send("synAck", stream.id);
    peer.run(100);
    peer.take();
    peer.onMessage = (message) => {
      if (message === undefined) peer.sendBody(Uint8Array.of(2, 0, 0, 0));
    };
    peer.end.cut(stream);
    const unanswered = peer.takeTypes(60_000).length;
    assert.ok(unanswered > 12, `${unanswered} in a minute`);
    peer.send(answer, stream.id);
    assert.deepEqual(peer.takeTypes(60_000), []);
    assert.equal(peer.end.mux.stats.streams, 0);
  }
});

test("MuxMachine repeats a Fin until it is answered, by a FinAck or by a Rst", () => {
  for (const answer of ["finAck", "rst"] as const) {
    const peer = new ScriptedPeer(new VirtualClock());
    const stream = peer.end.open();
    peer.send("synAck", stream.id);
    peer.send("fin", stream.id, 0);
    peer.run(100);
    let fins = 0;
    peer.onMessage = (message) => {
      if (message === undefined) peer.sendBody(Uint8Array.of(2, 0, 0, 0));
      if (message?.kind === "stream" && message.type === "fin" && ++fins === 100) {
        peer.send(answer, stream.id, message.sequence);
      }
    };
    peer.end.finish(stream);
    peer.run(120_000);
    assert.equal(fins, 100);
    assert.equal(stream.phase, "closed");
    assert.equal(stream.end?.error, undefined);
    assert.equal(peer.end.mux.stats.streams, 0);
    assert.equal(peer.end.mux.deadline, Infinity);
  }
});

test("MuxMachine tells of an end, and of a cut, as soon as the path is back after an outage", () => {
  for (const kind of ["finish", "cut"] as const) {
    for (const outage of [500, 2_000, 25_000]) {
      const pair = new MuxPair();
      const { near, far } = joined(pair);
      pair.server.finish(far);
      pair.run(500);
      pair.blackout(true);
      pair.client.write(near, Uint8Array.of(1));
      pair.client[kind](near);
      pair.run(outage);
      assert.equal(far.phase, "open");
      pair.blackout(false);
      pair.run(kind === "finish" ? 1_000 : 5_100);
      const { end } = far;
      assert.notEqual(end, undefined, `${kind} after ${outage} ms`);
      assert.equal(end?.error === undefined, kind === "finish");
      assertQuiet(pair);
    }
  }
});

test("MuxMachine answers a Fin and data again of a stream that both ends have closed", () => {
  const peer = new ScriptedPeer(new VirtualClock(), { role: "server" });
  peer.send("syn", 4);
  peer.send("data", 4, 0, new Uint8Array(5));
  peer.run(50);
  peer.end.finish(peer.end.incoming[0]!);
  peer.run(50);
  peer.send("finAck", 4, 0);
  peer.send("fin", 4, 1);
  peer.run(50);
  assert.equal(peer.end.mux.stats.streams, 0);
  peer.take();
  for (let i = 0; i < 3; i++) {
    peer.send("fin", 4, 1);
    peer.send("data", 4, 0, new Uint8Array(5));
    peer.run(50);
    const answers = peer.take().map(({ type, sequence }) => [type, sequence]);
    assert.deepEqual(answers, [["finAck", 1], ["dataAck", 1]]);
  }
  peer.run(120_000);
  peer.send("fin", 4, 1);
  assert.deepEqual(peer.takeTypes(50), ["rst"]);
});

test("MuxMachine answers a Fin by a Rst of a stream that it has cut, though its end had come", () => {
  const peer = new ScriptedPeer(new VirtualClock(), { role: "server" });
  peer.send("syn", 4);
  peer.send("fin", 4, 0);
  peer.run(50);
  peer.end.cut(peer.end.incoming[0]!);
  peer.run(50);
  peer.send("rst", 4);
  peer.run(50);
  assert.equal(peer.end.mux.stats.streams, 0);
  peer.take();
  peer.send("fin", 4, 0);
  assert.deepEqual(peer.takeTypes(50), ["rst"]);
});

test("MuxMachine ends a stream as its own kind wants it also when the kind shows after the end", () => {
  const peer = new ScriptedPeer(new VirtualClock(), { isOwnKind: false });
  const stream = peer.end.open();
  peer.run(10);
  peer.send("synAck", stream.id);
  peer.run(50);
  peer.end.finish(stream);
  peer.run(50);
  assert.deepEqual(peer.takeTypes(), ["syn"]);
  peer.end.mux.streams.onOwnKind();
  peer.end.mux.streams.onOwnKind();
  peer.send("dataAck", 999, 0, new Uint8Array(8));
  assert.ok(peer.takeTypes(100).includes("fin"));
  assert.equal(stream.phase, "open");
});
