import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeParity } from "../../src/fec/reed_solomon.ts";
import { Random } from "../../src/random.ts";
import { type PacketOutcome, SessionMachine } from "../../src/session/machine.ts";
import type { ParityFrame } from "../../src/wire/frame.ts";
import { liveBytes } from "../support/live_bytes.ts";
import { SessionForger } from "../support/session_forger.ts";
import { seededFraction, seededSource } from "../support/seeded_random.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const memory = new Uint8Array(2048);

/** A body that tells its frame number. */
const bodyOf = (n: number) => new TextEncoder().encode(`body ${n}`.padEnd(8 + n % 13, "."));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** A server, and a client that protects its data with parity. */
class Receiving {
  readonly server: SessionMachine;
  readonly client = new SessionForger("client", SECRET);

  constructor() {
    this.server = new SessionMachine({
      role: "server",
      secret: SECRET,
      random: new Random(seededSource(1)),
    });
  }

  /** Hands over a packet, checks the bodies that come out and returns their numbers. */
  handle(packet: Uint8Array, now = 0): { outcome: PacketOutcome; numbers: number[] } {
    const outcome = this.server.handleDatagram(packet.slice(), now);
    const numbers: number[] = [];
    for (let next = this.server.pollBody(); next; next = this.server.pollBody()) {
      const number = parseInt(new TextDecoder().decode(next.body.subarray(5)));
      assert.deepEqual(next.body, bodyOf(number));
      numbers.push(number);
    }
    return { outcome, numbers };
  }

  data(number: number, now = 0): { outcome: PacketOutcome; numbers: number[] } {
    return this.handle(this.client.data(number, bodyOf(number)), now);
  }

  parity(runStart: number, dataCount: number, parityCount: number): Uint8Array[] {
    const bodies = range(runStart, runStart + dataCount).map(bodyOf);
    return this.client.parity(runStart, bodies, parityCount);
  }

  /** Makes it expect parity: some frame has come for which there was one. */
  expectParity(): void {
    this.handle(this.parity(0, 1, 1)[0]!);
  }
}

test("bodies that were lost are rebuilt from parity, with the last frame that was missing", () => {
  const receiving = new Receiving();
  receiving.expectParity();
  for (const number of [1, 2, 4, 6]) receiving.data(number);
  const [first, second] = receiving.parity(1, 6, 2);
  assert.deepEqual(receiving.handle(first!), { outcome: "parity", numbers: [] });
  assert.deepEqual(receiving.handle(second!), { outcome: "parity", numbers: [3, 5] });
  for (const number of [7, 9]) receiving.data(number);
  assert.deepEqual(receiving.handle(receiving.parity(7, 4, 1)[0]!).numbers, []);
  assert.deepEqual(receiving.data(10), { outcome: "newest", numbers: [10, 8] });
});

test("a body is given once: its frame that comes late is a replay, and the other way round", () => {
  const receiving = new Receiving();
  receiving.expectParity();
  for (const number of [1, 3]) receiving.data(number);
  const parity = receiving.parity(1, 3, 3);
  assert.deepEqual(receiving.handle(parity[0]!).numbers, [2]);
  assert.deepEqual(receiving.data(2), { outcome: "replayed", numbers: [] });
  for (const each of parity) assert.deepEqual(receiving.handle(each).numbers, []);
});

test("a rebuilt body comes without counters", () => {
  const receiving = new Receiving();
  receiving.server.encode(bodyOf(0), memory, 0);
  receiving.server.handleDatagram(receiving.parity(0, 1, 1)[0]!, 0);
  const received = receiving.server.pollBody();
  assert.deepEqual(received?.body, bodyOf(0));
  assert.equal(received?.highReceived, 0);
  assert.equal(received?.totalReceived, 0);
});

test("recovered counts the bodies that nobody had: parity of what came rebuilds nothing", () => {
  const receiving = new Receiving();
  // Nothing was kept of these: no parity was expected.
  for (const number of range(0, 4)) receiving.data(number);
  for (const each of receiving.parity(0, 4, 4)) {
    assert.deepEqual(receiving.handle(each).numbers, []);
  }
  assert.equal(receiving.server.counts.recovered, 0);
  for (const each of receiving.parity(4, 2, 2)) receiving.handle(each);
  assert.equal(receiving.server.counts.recovered, 2);
  receiving.data(6, 100_000);
  assert.equal(receiving.server.counts.recovered, 2, "also when the recovery is over");
});

test("a frame that was rebuilt is a loss: else the other side would send no more parity", () => {
  const receiving = new Receiving();
  receiving.expectParity();
  const next = seededFraction(5);
  let rebuilt = 0;
  for (let runStart = 1; runStart < 4_001; runStart += 8) {
    const came = range(runStart, runStart + 8).filter(() => next() >= 0.1);
    for (const number of came) receiving.data(number);
    for (const each of receiving.parity(runStart, 8, 6)) {
      rebuilt += receiving.handle(each).numbers.length;
    }
  }
  const { receiveLoss } = receiving.server.counts;
  assert.ok(rebuilt > 300, `${rebuilt}`);
  assert.ok(Math.abs(receiveLoss - 0.1) < 0.05, `${receiveLoss}`);
});

test("the counters count frames that came, and not those that were rebuilt", () => {
  const receiving = new Receiving();
  for (const each of receiving.parity(0, 4, 4)) receiving.handle(each);
  assert.equal(receiving.server.counts.framesReceived, 0);
  const length = receiving.server.encode(bodyOf(0), memory, 0);
  const frame = receiving.client.open(memory.subarray(0, length))?.frame;
  assert.equal(frame?.kind === "data" && frame.totalReceived, 0);
});

test("parity may be a replay: it teaches neither loss nor acquaintance", () => {
  const receiving = new Receiving();
  const body = new Uint8Array(10);
  const frame: ParityFrame = {
    kind: "parity",
    runStart: 0,
    dataCount: 4,
    parityCount: 1,
    parityIndex: 0,
    padSize: 10,
    body,
  };
  const packet = receiving.client.packet(frame, { lossByte: 99, extension: { bits: 0x81 } });
  for (let i = 0; i < 3; i++) assert.equal(receiving.handle(packet).outcome, "parity");
  assert.equal(receiving.server.counts.sendLoss, undefined);
  assert.equal(receiving.server.isOwnKind, false);
});

test("parity beyond the limits is malformed and counted, at the limits it is taken", () => {
  const sound = { runStart: 5_000, dataCount: 4, parityCount: 2, parityIndex: 1, padSize: 20 };
  const top = 5_000;
  const cases: [Partial<ParityFrame>, boolean][] = [
    [{}, true],
    [{ dataCount: 1 }, true],
    [{ dataCount: 64, parityCount: 64, parityIndex: 63 }, true],
    [{ dataCount: 0 }, false],
    [{ dataCount: 65 }, false],
    [{ dataCount: 255, parityCount: 255, parityIndex: 255 }, false],
    [{ parityCount: 0, parityIndex: 0 }, false],
    [{ parityCount: 65 }, false],
    [{ parityIndex: 2 }, false],
    [{ parityIndex: 255 }, false],
    [{ padSize: 2 }, true],
    [{ padSize: 1_500 }, true],
    [{ padSize: 0 }, false],
    [{ padSize: 1 }, false],
    [{ padSize: 1_501 }, false],
    [{ runStart: top - 4_096 }, true],
    [{ runStart: top + 256 }, true],
    [{ runStart: top + 257 }, false],
    [{ runStart: Number.MAX_SAFE_INTEGER }, false],
  ];
  for (const [change, isTaken] of cases) {
    const receiving = new Receiving();
    receiving.data(top);
    const numbers = { ...sound, ...change };
    const body = new Uint8Array(numbers.padSize);
    const packet = receiving.client.packet({ kind: "parity", ...numbers, body });
    const expected = isTaken ? "parity" : "malformed";
    assert.equal(receiving.handle(packet).outcome, expected, JSON.stringify(change));
    assert.equal(receiving.server.counts.framesMalformed, isTaken ? 0 : 1);
    assert.deepEqual(receiving.data(top + 1).numbers, [top + 1], JSON.stringify(change));
  }
});

test("parity that is more than 4,096 frames old is a replay, and breaks no limit", () => {
  const receiving = new Receiving();
  const packet = receiving.parity(0, 2, 1)[0]!;
  receiving.data(4_096);
  assert.equal(receiving.handle(packet).outcome, "parity");
  receiving.data(4_097);
  assert.equal(receiving.handle(packet).outcome, "replayed");
  assert.equal(receiving.server.counts.framesMalformed, 0);
  assert.equal(receiving.server.counts.replayed, 1);
});

test("before anything came a run may begin at 0, and up to 255", () => {
  for (const [runStart, outcome] of [[0, "parity"], [255, "parity"], [256, "malformed"]] as const) {
    const receiving = new Receiving();
    const [packet] = receiving.parity(runStart, 1, 1);
    assert.equal(receiving.handle(packet!).outcome, outcome, `${runStart}`);
  }
});

test("bodies are kept only while parity may come: on a clean path nothing is", () => {
  const receiving = new Receiving();
  for (const number of range(0, 7)) receiving.data(number);
  assert.deepEqual(receiving.handle(receiving.parity(0, 8, 1)[0]!).numbers, []);
});

test("bodies are kept for 30 s after parity came", () => {
  for (const [now, expected] of [[29_999, [3]], [30_000, []]] as const) {
    const receiving = new Receiving();
    receiving.expectParity();
    receiving.data(1, 0);
    receiving.data(2, now);
    const { numbers } = receiving.handle(receiving.parity(1, 3, 1)[0]!, now);
    assert.deepEqual(numbers, expected, `${now}`);
  }
});

test("bodies that were kept are let go of when no parity has come for 30 s", () => {
  for (const [now, expected] of [[29_999, [2]], [30_000, []]] as const) {
    const receiving = new Receiving();
    receiving.expectParity();
    receiving.data(1, 0);
    receiving.data(3, 0);
    receiving.data(4, now);
    const { numbers } = receiving.handle(receiving.parity(1, 3, 1)[0]!, now);
    assert.deepEqual(numbers, expected, `${now}`);
  }
});

test("bodies are kept for 30 s after a frame was missing", () => {
  for (const [now, expected] of [[29_999, [4]], [30_000, []]] as const) {
    const receiving = new Receiving();
    receiving.data(0, 0);
    receiving.data(2, 0);
    receiving.data(3, now);
    receiving.data(1, now);
    assert.deepEqual(receiving.handle(receiving.parity(3, 2, 1)[0]!, now).numbers, expected);
  }
});

test("bodies are kept for 30 s after loss was reported", () => {
  for (const [now, expected] of [[29_999, [303]], [30_000, []]] as const) {
    const receiving = new Receiving();
    for (const number of range(0, 301)) if (number % 4 !== 1) receiving.data(number);
    receiving.server.encode(bodyOf(0), memory, 0);
    receiving.data(301, now - 1);
    receiving.data(302, now);
    assert.deepEqual(receiving.handle(receiving.parity(301, 3, 1)[0]!, now).numbers, expected);
  }
});

test("a rebuilt shard that cannot be one is dropped, and the session goes on", () => {
  const receiving = new Receiving();
  for (const fill of [0xff, 0x80]) {
    const body = new Uint8Array(20).fill(fill);
    const numbers = { runStart: 0, dataCount: 1, parityCount: 1, parityIndex: 0, padSize: 20 };
    const packet = receiving.client.packet({ kind: "parity", ...numbers, body });
    assert.deepEqual(receiving.handle(packet), { outcome: "parity", numbers: [] });
  }
  assert.deepEqual(receiving.data(0).numbers, [0]);
});

test("any loss up to the number of parity frames is made good, in any order and repetition", () => {
  const scenario = fc.record({
    shapes: fc.array(fc.tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 5 })), {
      minLength: 1,
      maxLength: 8,
      size: "max",
    }),
    seed: fc.integer(),
  });
  fc.assert(
    fc.property(scenario, ({ shapes, seed }) => {
      const next = seededFraction(seed);
      const receiving = new Receiving();
      receiving.expectParity();
      let runStart = 1;
      const got: number[] = [];
      for (const [dataCount, parityCount] of shapes) {
        const bodies = range(runStart, runStart + dataCount);
        const packets = [
          ...bodies.map((number) => receiving.client.data(number, bodyOf(number))),
          ...receiving.parity(runStart, dataCount, parityCount),
        ];
        for (let lost = 0; lost < parityCount; lost++) {
          packets.splice(Math.floor(next() * packets.length), 1);
        }
        packets.push(...packets.filter(() => next() < 0.3));
        while (packets.length > 0) {
          const [packet] = packets.splice(Math.floor(next() * packets.length), 1);
          got.push(...receiving.handle(packet!).numbers);
        }
        runStart += dataCount;
      }
      assert.deepEqual(got.sort((a, b) => a - b), range(1, runStart));
    }),
    { numRuns: 200 },
  );
});

test("the memory of a session is constant, whatever comes in valid frames", () => {
  const receiving = new Receiving();
  const next = seededFraction(9);
  const bodies = Array.from({ length: 16 }, () => new Uint8Array(1_200).fill(1));
  const flood = (from: number, to: number) => {
    for (let number = from; number < to; number += Math.ceil(next() * 40)) {
      const packets = [
        receiving.client.data(number, bodies[0]!),
        ...receiving.client.parity(number + 1, bodies, 2),
      ];
      for (const packet of packets) {
        receiving.server.handleDatagram(packet, 0);
        while (receiving.server.pollBody() !== undefined);
      }
    }
  };
  flood(0, 20_000);
  const before = liveBytes();
  flood(20_000, 80_000);
  const grown = liveBytes() - before;
  assert.ok(receiving.server.counts.framesReceived > 1_000);
  assert.ok(grown < 1e6, `${grown} bytes more`);
});

test("parity without data, run after run, is bounded work and leaves the session alive", () => {
  const receiving = new Receiving();
  for (let runStart = 0; runStart < 20_000; runStart += 50) {
    const body = new Uint8Array(9);
    encodeParity([bodyOf(1).subarray(0, 7)], 0, body);
    const numbers = { runStart, dataCount: 1, parityCount: 1, parityIndex: 0, padSize: 9 };
    receiving.server.handleDatagram(
      receiving.client.packet({ kind: "parity", ...numbers, body }),
      0,
    );
    let bodies = 0;
    while (receiving.server.pollBody() !== undefined) bodies++;
    assert.equal(bodies, 1);
  }
  assert.equal(receiving.server.counts.recovered, 400);
  assert.deepEqual(receiving.data(20_001).numbers, [20_001]);
});

test("encodeParity() seals a frame from which the other side rebuilds what was lost, and counts it", () => {
  const [client, server] = (["client", "server"] as const).map((role, seed) =>
    new SessionMachine({ role, secret: SECRET, random: new Random(seededSource(seed)) })
  ) as [SessionMachine, SessionMachine];
  const bodies = range(0, 3).map(bodyOf);
  const packets = bodies.map((body) => memory.slice(0, client.encode(body, memory, 0)));
  const padSize = 2 + Math.max(...bodies.map(({ length }) => length));
  const frame: ParityFrame = {
    kind: "parity",
    runStart: 0,
    dataCount: 3,
    parityCount: 1,
    parityIndex: 0,
    padSize,
    body: new Uint8Array(padSize),
  };
  encodeParity(bodies, 0, frame.body);
  const parity = () => memory.slice(0, client.encodeParity(frame, memory, 0));
  // The first makes the other side keep what comes.
  assert.equal(server.handleDatagram(parity(), 0), "parity");
  for (const at of [0, 2]) server.handleDatagram(packets[at]!, 0);
  server.pollBody();
  assert.equal(server.handleDatagram(parity(), 0), "parity");
  assert.deepEqual(server.pollBody()?.body, bodies[1]);
  assert.equal(client.counts.paritySent, 2);
  assert.equal(client.counts.framesSent, 3);
});
