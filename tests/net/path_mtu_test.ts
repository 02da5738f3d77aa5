import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import type { RelConn, Session } from "../../src/net/contract.ts";
import type { LinkConditions } from "../../src/sim/conditions.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** F-MTU: how long nothing may come after the path takes less, ms. */
const MOST_STALL = 3_000;
/** The same where it takes little from the start. */
const MOST_START_STALL = 1_000;
/** Time between two steps, and how long a step up may take to be noticed: the longest back-off. */
const STEP = 8_000;
const MOST_RISE = 31_000;

const DIRECTIONS = ["up", "down"] as const;
type Direction = typeof DIRECTIONS[number];

/** A stream that never ends, and when its bytes came. */
class Flow {
  readonly pair: VirtualPair;
  readonly #arrivals: { at: number; bytes: number }[] = [];
  #isOver = false;

  constructor(path: LinkConditions, seed = 7) {
    this.pair = new VirtualPair(path, seed);
  }

  async start(direction: Direction): Promise<void> {
    const { client, server } = await this.pair.conns("");
    const [from, to] = direction === "up" ? [client, server] : [server, client];
    void this.#write(from).catch(() => {});
    void this.#read(to).catch(() => {});
  }

  stop(): void {
    this.#isOver = true;
  }

  /** No packet above so many bytes, headers included, passes either way from now on. */
  narrow(mtu: number | undefined): void {
    const change = { mtu } as LinkConditions;
    this.pair.up.change(change);
    this.pair.down.change(change);
  }

  /** Lets time pass; returns the longest time in which nothing came, ms. */
  async longestGap(ms: number): Promise<number> {
    const from = this.pair.now;
    await this.pair.pass(ms);
    const times = this.#arrivals.filter(({ at }) => at >= from).map(({ at }) => at);
    const marks = [from, ...times, this.pair.now];
    return Math.max(...marks.slice(1).map((at, i) => at - marks[i]!));
  }

  /** Lets time pass; returns how long the packets that carry data are in the mean, headers included. */
  async meanPacket(ms: number, direction: Direction): Promise<number> {
    const link = this.pair[direction];
    link.resetCounts();
    await this.pair.pass(ms);
    return link.counts.bytesDelivered / link.counts.delivered;
  }

  /** Bytes that came since. */
  bytesSince(from: number): number {
    return this.#arrivals.filter(({ at }) => at >= from).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async #write(conn: RelConn): Promise<void> {
    const chunk = new Uint8Array(65_536).fill(7);
    while (!this.#isOver) await conn.write(chunk);
    await conn.closeWrite();
  }

  async #read(conn: RelConn): Promise<void> {
    const into = new Uint8Array(65_536);
    for (;;) {
      const bytes = await conn.read(into);
      if (bytes === null) return;
      assert.ok(into.subarray(0, bytes).every((byte) => byte === 7));
      this.#arrivals.push({ at: this.pair.now, bytes });
    }
  }
}

function tell(context: TestContext, what: string, gap: number): void {
  context.diagnostic(`${what}: nothing came for ${gap.toFixed(0)} ms at the most`);
}

for (const direction of DIRECTIONS) {
  for (const path of [{ delay: 15, rate: 20, queue: 100 }, { delay: 150, rate: 20, queue: 700 }]) {
    test(`L7, F-MTU, ${direction}, round trip ${2 * path.delay} ms: the path takes less and less in mid-flow, and the transfer goes on`, async (context) => {
      const flow = new Flow(path);
      await flow.start(direction);
      await flow.pair.pass(3_000);
      for (const mtu of [1_300, 1_000, 600, 576]) {
        flow.narrow(mtu);
        const gap = await flow.longestGap(STEP);
        tell(context, `${mtu} bytes`, gap);
        assert.ok(gap <= MOST_STALL, `${gap} ms at ${mtu} bytes`);
        const from = flow.pair.now;
        await flow.pair.pass(2_000);
        const rate = flow.bytesSince(from) * 8 / 2_000_000;
        context.diagnostic(`${mtu} bytes: ${rate.toFixed(1)} Mbit/s`);
      }
      flow.stop();
    });
  }
}

for (const direction of DIRECTIONS) {
  test(`F-MTU, ${direction}: the path takes 1,300, 1,000 and 600 bytes within half a second`, async (context) => {
    const flow = new Flow({ delay: 25, rate: 20, queue: 100 });
    await flow.start(direction);
    await flow.pair.pass(3_000);
    flow.pair.network.at(flow.pair.now, () => flow.narrow(1_300));
    flow.pair.network.at(flow.pair.now + 250, () => flow.narrow(1_000));
    flow.pair.network.at(flow.pair.now + 500, () => flow.narrow(600));
    const gap = await flow.longestGap(STEP);
    tell(context, "three steps", gap);
    assert.ok(gap <= MOST_STALL, `${gap} ms`);
    flow.stop();
  });

  test(`F-MTU, ${direction}: packets grow again when the path takes more`, async (context) => {
    const path = { delay: 15, rate: 10, queue: 50 };
    const flow = new Flow(path);
    await flow.start(direction);
    flow.narrow(600);
    await flow.pair.pass(10_000);
    const small = await flow.meanPacket(1_000, direction);
    assert.ok(small <= 576 && small > 540, `${small} bytes in the mean`);
    for (const mtu of [1_000, 1_300, 1_500]) {
      flow.narrow(mtu);
      const wanted = Math.min(1_400, mtu - 100);
      let mean = 0;
      let waited = 0;
      for (; mean < wanted && waited < MOST_RISE; waited += 500) {
        mean = await flow.meanPacket(500, direction);
      }
      context.diagnostic(`${mtu} bytes: ${mean.toFixed(0)} in the mean after ${waited} ms`);
      assert.ok(mean >= wanted, `${mean} bytes in the mean at ${mtu}`);
    }
    flow.stop();
  });

  test(`F-MTU, ${direction}: with 10 % loss beside it`, async (context) => {
    const flow = new Flow({ delay: 25, rate: 20, queue: 200, loss: 0.1 });
    await flow.start(direction);
    await flow.pair.pass(3_000);
    for (const mtu of [1_300, 1_000, 600]) {
      flow.narrow(mtu);
      const gap = await flow.longestGap(STEP);
      tell(context, `${mtu} bytes`, gap);
      assert.ok(gap <= MOST_STALL, `${gap} ms at ${mtu} bytes`);
    }
    flow.stop();
  });

  for (const delay of [15, 50, 150]) {
    for (const mtu of [1_300, 1_250]) {
      test(`F-MTU, ${direction}, round trip ${2 * delay} ms: the path takes ${mtu} bytes from the start`, async (context) => {
        const flow = new Flow({ delay, rate: 20, queue: 700, mtu });
        await flow.start(direction);
        const gap = await flow.longestGap(STEP);
        tell(context, `${mtu} bytes`, gap);
        assert.ok(gap <= MOST_START_STALL, `${gap} ms`);
        flow.stop();
      });
    }
  }
}

/** Sends numbered messages of a length; returns the share that came, in each second. */
async function sharesPerSecond(
  pair: VirtualPair,
  length: number,
  seconds: number,
  { send, receive }: Lane,
  onSecond: (second: number) => void,
): Promise<number[]> {
  const interval = 20;
  const perSecond = 1_000 / interval;
  const came: number[] = new Array<number>(seconds).fill(0);
  void (async () => {
    for (;;) {
      const message = await receive();
      const number = new DataView(message.buffer, message.byteOffset).getUint32(0);
      assert.equal(message.length, length);
      assert.ok(message.subarray(4).every((byte) => byte === (number & 0xff)));
      came[Math.floor(number / perSecond)]! += 1 / perSecond;
    }
  })().catch((error) => error.code === "goodbye" || Promise.reject(error));
  const message = new Uint8Array(length);
  for (let number = 0; number < seconds * perSecond; number++) {
    if (number % perSecond === 0) onSecond(number / perSecond);
    message.fill(number & 0xff);
    new DataView(message.buffer).setUint32(0, number);
    assert.equal(send(message), true);
    await pair.pass(interval);
  }
  await pair.pass(1_000);
  return came;
}

/** A way for messages from one end to the other. */
interface Lane {
  readonly length: number;
  readonly send: (message: Uint8Array) => boolean;
  readonly receive: () => Promise<Uint8Array>;
}

const LANES: Readonly<Record<string, (from: Session, to: Session) => Lane>> = {
  "unreliable messages": (from, to) => {
    const [near, far] = [from.multiplex(), to.multiplex()];
    return {
      length: near.maxDatagramSize,
      send: (message) => near.sendUrel(message),
      receive: () => far.receiveUrel(),
    };
  },
  "raw datagrams": (from, to) => ({
    length: from.maxDatagramSize,
    send: (datagram) => from.send(datagram),
    receive: () => to.receive(),
  }),
};

for (const [what, lane] of Object.entries(LANES)) {
  for (const loss of [0, 0.05]) {
    test(`F-MTU: ${what} as long as may be come through whatever the path takes, ${100 * loss} % loss`, async (context) => {
      const pair = new VirtualPair({ delay: 30, loss }, 3);
      const { listener, client, server } = await pair.sessions();
      const way = lane(client, server);
      const steps = [undefined, 1_300, 1_000, 600];
      const seconds = 4 * steps.length;
      const sending = sharesPerSecond(pair, way.length, seconds, way, (second) => {
        if (second % 4 !== 0) return;
        const change = { mtu: steps[second / 4] } as LinkConditions;
        pair.up.change(change);
        pair.down.change(change);
      });
      const shares = await pair.run(sending, 60_000);
      context.diagnostic(shares.map((share) => `${(100 * share).toFixed(0)} %`).join(", "));
      const settled = shares.filter((_, second) => second % 4 === 3);
      for (const share of settled) assert.ok(share >= (loss === 0 ? 1 : 0.9) - 1e-9, `${shares}`);
      await pair.run(client.close());
      await pair.run(listener.close());
    });
  }
}

test("F-MTU: datagrams that were sent in pieces are whole again when the path takes them", async (context) => {
  const pair = new VirtualPair({ delay: 30, mtu: 1_300 }, 3);
  const { listener, client, server } = await pair.sessions();
  const way = LANES["raw datagrams"]!(client, server);
  const packets: number[] = [];
  const sending = sharesPerSecond(pair, way.length, 12, way, (second) => {
    packets.push(pair.up.counts.sent);
    pair.up.resetCounts();
    if (second === 4) pair.up.change({ mtu: 1_500 });
  });
  await pair.run(sending, 60_000);
  context.diagnostic(`packets in each second: ${packets}`);
  assert.ok(packets[4]! >= 100, "50 datagrams in two pieces each");
  assert.ok(packets.at(-1)! < 60, "and in one");
  await pair.run(client.close());
  await pair.run(listener.close());
});
