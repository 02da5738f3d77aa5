import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { delay } from "./support/delay.ts";
import { Impairment, type LinkConditions } from "./support/impairment.ts";
import { Relay, type RelayOptions } from "./support/relay.ts";
import { Schedule } from "./support/schedule.ts";
import { UdpSocket } from "./support/udp_socket.ts";

const HOSTNAME = "127.0.0.1";
const SEED = 20_260_301;

interface Fates {
  readonly arrivals: readonly number[][];
  readonly impairment: Impairment;
}

/** The fates of `count` datagrams, one every ms. */
function fates(conditions: LinkConditions, count = 20_000, seed = SEED): Fates {
  const impairment = new Impairment(seed, conditions);
  const arrivals = Array.from(
    { length: count },
    (_, n) => [...impairment.decide(1200, n).arrivals],
  );
  return { arrivals, impairment };
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`);
}

test("Impairment lets everything pass at once where no condition is set", () => {
  const { arrivals, impairment } = fates({}, 100);
  assert.deepEqual(arrivals, Array.from({ length: 100 }, (_, n) => [n]));
  assert.equal(impairment.counters.seen, 100);
});

test("Impairment decides the same from the same seed, and otherwise from another", () => {
  const conditions = { loss: 0.1, duplicate: 0.1, reorder: 0.1, jitter: 20 };
  assert.deepEqual(fates(conditions).arrivals, fates(conditions).arrivals);
  assert.notDeepEqual(fates(conditions).arrivals, fates(conditions, 20_000, SEED + 1).arrivals);
});

test("Impairment loses the same datagrams, whatever other condition is switched on", () => {
  const lost = (conditions: LinkConditions): number[] =>
    fates(conditions).arrivals.flatMap((copies, n) => copies.length === 0 ? [n] : []);
  assert.deepEqual(
    lost({ loss: 0.1 }),
    lost({ loss: 0.1, duplicate: 0.5, reorder: 0.3, jitter: 9, corrupt: 0.2 }),
  );
});

test("Impairment loses, duplicates, reorders and corrupts as often as it was told", () => {
  const { counters } =
    fates({ loss: 0.1, duplicate: 0.2, reorder: 0.05, corrupt: 0.02 }, 100_000).impairment;
  assertNear(counters.lost, 10_000, 500);
  assertNear(counters.duplicated, 18_000, 700);
  assertNear(counters.reordered, 4_500, 350);
  assertNear(counters.corrupted, 1_800, 250);
});

test("Impairment loses in bursts of the mean length 1 / end", () => {
  const { arrivals } = fates({ burst: { begin: 0.02, end: 0.25 } }, 100_000);
  const lost = arrivals.filter((copies) => copies.length === 0).length;
  const bursts =
    arrivals.filter((copies, n) => copies.length === 0 && arrivals[n - 1]?.length !== 0).length;
  assertNear(lost / bursts, 4, 0.3);
  assertNear(lost / arrivals.length, 0.02 / 0.27, 0.01);
});

test("Impairment changes no order by jitter, only by reorder", () => {
  const times = (conditions: LinkConditions): number[] => fates(conditions).arrivals.flat();
  const swaps = (conditions: LinkConditions): number => {
    const arrived = times(conditions);
    return arrived.filter((at, n) => n > 0 && at < arrived[n - 1]!).length;
  };
  assert.equal(swaps({ delay: 50, jitter: 40 }), 0);
  assert.ok(swaps({ delay: 50, reorder: 0.1 }) > 1_000);
  assert.ok(Math.max(...times({ delay: 50, jitter: 40 }).map((at, n) => at - n)) <= 90);
  assert.ok(Math.min(...times({ delay: 50, jitter: 40 }).map((at, n) => at - n)) >= 50);
});

test("Schedule runs things in the order of their times, equal times as they were added", async () => {
  const schedule = new Schedule();
  const start = performance.now();
  const ran: number[] = [];
  for (const [n, at] of [30, 10, 20, 10, 0, 20].entries()) {
    schedule.add(start + at, () => void ran.push(n));
  }
  await delay(60);
  assert.deepEqual(ran, [4, 1, 3, 2, 5, 0]);
});

test("Schedule never runs anything early, and nothing that was cleared", async () => {
  const schedule = new Schedule();
  const start = performance.now();
  const lateness: number[] = [];
  for (let n = 0; n < 20; n++) {
    for (const at of [n, n + 1000]) {
      schedule.add(start + at, () => void lateness.push(performance.now() - start - at));
    }
  }
  await delay(60);
  schedule.clear();
  assert.equal(schedule.size, 0);
  await delay(1000);
  assert.equal(lateness.length, 20);
  assert.ok(lateness.every((late) => late >= 0));
});

/** A socket that lives as long as a test. */
async function bind(t: TestContext): Promise<UdpSocket> {
  const socket = await UdpSocket.bind(HOSTNAME);
  t.after(async () => {
    await socket.close();
    assert.deepEqual(socket.errors, []);
  });
  return socket;
}

/** A relay in front of a server that sends everything back, and one client. */
class Bench {
  readonly relay: Relay;
  /** What came back. */
  readonly echoes: Uint8Array[] = [];
  /** How long each of them took, ms. */
  readonly times: number[] = [];
  /** The ports that the server saw. */
  readonly ports = new Set<number>();
  readonly #client: UdpSocket;
  readonly #sentAt: number[] = [];

  private constructor(relay: Relay, server: UdpSocket, client: UdpSocket) {
    this.relay = relay;
    this.#client = client;
    client.onMessage = (datagram) => {
      this.echoes.push(datagram);
      this.times.push(performance.now() - (this.#sentAt[numberOf(datagram)] ?? 0));
    };
    server.onMessage = (datagram, from) => {
      this.ports.add(from.port);
      server.send(datagram, from);
    };
  }

  static async open(
    t: TestContext,
    options: Omit<RelayOptions, "server" | "seed">,
  ): Promise<Bench> {
    const server = await bind(t);
    const client = await bind(t);
    const relay = await Relay.open({ server: server.addr, seed: SEED, ...options });
    t.after(() => relay.close());
    return new Bench(relay, server, client);
  }

  /** Sends numbered datagrams, a few each ms, and waits until nothing moves any more. */
  async send(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const datagram = numbered(n);
      this.#sentAt[n] = performance.now();
      this.#client.send(datagram, this.relay.addr);
      if (n % 8 === 7) await delay(1);
    }
    for (let before = -1; before !== this.#moved;) {
      before = this.#moved;
      await delay(80);
    }
  }

  get #moved(): number {
    const { up, down } = this.relay;
    return up.counters.seen + up.counters.delivered + down.counters.seen + this.echoes.length;
  }
}

function numbered(n: number): Uint8Array {
  const datagram = new Uint8Array(100);
  new DataView(datagram.buffer).setUint32(0, n);
  return datagram;
}

function numberOf(datagram: Uint8Array): number {
  return new DataView(datagram.buffer).getUint32(0);
}

test("Relay carries every datagram both ways, in order, where no condition is set", async (t) => {
  const bench = await Bench.open(t, {});
  await bench.send(200);
  assert.deepEqual(bench.echoes.map(numberOf), Array.from({ length: 200 }, (_, n) => n));
  assert.equal(bench.relay.up.counters.delivered, 200);
  assert.equal(bench.relay.down.counters.delivered, 200);
});

test("Relay loses, in each direction, what its counters say", async (t) => {
  const bench = await Bench.open(t, {
    up: { loss: 0.3 },
    down: { burst: { begin: 0.1, end: 0.5 } },
  });
  await bench.send(400);
  const { up, down } = bench.relay;
  assert.equal(up.counters.seen, 400);
  assertNear(up.counters.lost, 120, 40);
  assert.equal(down.counters.seen, 400 - up.counters.lost);
  assert.ok(down.counters.lost > 10);
  assert.equal(bench.echoes.length, down.counters.seen - down.counters.lost);
});

test("Relay delivers a duplicated datagram twice", async (t) => {
  const bench = await Bench.open(t, { down: { duplicate: 0.2 } });
  await bench.send(200);
  const { duplicated } = bench.relay.down.counters;
  assert.ok(duplicated > 10);
  assert.equal(bench.echoes.length, 200 + duplicated);
});

test("Relay turns over exactly one bit of a corrupted datagram", async (t) => {
  const bench = await Bench.open(t, { up: { corrupt: 1 } });
  await bench.send(50);
  let bits = 0;
  for (const [n, echo] of bench.echoes.entries()) {
    const sent = numbered(n);
    bits += echo.reduce((sum, byte, i) => sum + ones(byte ^ sent[i]!), 0);
  }
  assert.equal(bench.echoes.length, 50);
  assert.equal(bits, 50);
});

function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) count += rest & 1;
  return count;
}

test("Relay delays by its delay, and keeps the order under jitter", async (t) => {
  const bench = await Bench.open(t, { up: { delay: 30, jitter: 20 }, down: { delay: 10 } });
  await bench.send(100);
  assert.deepEqual(bench.echoes.map(numberOf), Array.from({ length: 100 }, (_, n) => n));
  assert.ok(bench.times.every((time) => time >= 40));
});

test("Relay lets later datagrams pass a reordered one", async (t) => {
  const bench = await Bench.open(t, { up: { reorder: 0.1, reorderDelay: 15 } });
  await bench.send(200);
  const numbers = bench.echoes.map(numberOf);
  assert.equal(numbers.length, 200);
  assert.ok(numbers.some((number, n) => n > 0 && number < numbers[n - 1]!));
});

test("Relay.pause() lets nothing in until resume()", async (t) => {
  const bench = await Bench.open(t, {});
  bench.relay.pause();
  await bench.send(20);
  assert.equal(bench.echoes.length, 0);
  assert.equal(bench.relay.up.counters.blackedOut, 20);
  bench.relay.resume();
  await bench.send(20);
  assert.equal(bench.echoes.length, 20);
});

test("Relay.rebind() shows the server a new port, and the path goes on", async (t) => {
  const bench = await Bench.open(t, {});
  await bench.send(5);
  await bench.relay.rebind();
  await bench.send(5);
  assert.equal(bench.ports.size, 2);
  assert.equal(bench.echoes.length, 10);
});

test("Relay gives each client a port of its own, and its own answers", async (t) => {
  const bench = await Bench.open(t, {});
  const answers: number[] = [];
  for (let n = 0; n < 20; n++) {
    const client = await bind(t);
    client.onMessage = (datagram) => {
      if (datagram[0] === n) answers.push(n);
    };
    client.send(new Uint8Array([n]), bench.relay.addr);
  }
  await delay(60);
  assert.equal(bench.ports.size, 20);
  assert.deepEqual(answers.sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n));
});
