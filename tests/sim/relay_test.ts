import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { DatagramSocket, Host } from "../../src/host.ts";
import { simulatedNetwork } from "../../src/adapters/sim.ts";
import { openRelay, type Relay, type RelayOptions } from "../../src/sim/relay.ts";
import { currentHost } from "../support/current_host.ts";
import { delay } from "../support/delay.ts";
import { testWithoutLeaks } from "../support/leak_checked.ts";
import { LOOPBACK } from "../support/mailbox.ts";

/** A relay in front of a server that sends everything back, and one client. */
class Bench {
  readonly relay: Relay;
  /** What came back. */
  readonly echoes: Uint8Array[] = [];
  /** How long each of them took, ms. */
  readonly times: number[] = [];
  readonly #host: Host;
  readonly #client: DatagramSocket;
  readonly #sentAt: number[] = [];

  constructor(host: Host, relay: Relay, client: DatagramSocket) {
    this.#host = host;
    this.relay = relay;
    this.#client = client;
  }

  onEcho(datagram: Uint8Array): void {
    this.echoes.push(datagram.slice());
    this.times.push(this.#host.now() - (this.#sentAt[numberOf(datagram)] ?? 0));
  }

  /** Sends numbered datagrams, a few each ms, and waits until nothing moves any more. */
  async send(count: number, atOnce = 8): Promise<void> {
    for (let n = 0; n < count; n++) {
      this.#sentAt[n] = this.#host.now();
      this.#client.send(numbered(n), this.relay.addr);
      if (n % atOnce === atOnce - 1) await delay(1);
    }
    await this.settle();
  }

  /** Waits until nothing moves any more. */
  async settle(): Promise<void> {
    for (let before = -1; before !== this.#moved;) {
      before = this.#moved;
      await delay(80);
    }
  }

  get #moved(): number {
    const { up, down } = this.relay;
    return up.counts.sent + up.counts.delivered + down.counts.sent + this.echoes.length;
  }
}

/** What a test works with. */
interface Setting {
  readonly host: Host;
  readonly bench: Bench;
  readonly relay: Relay;
  /** The ports that the server saw. */
  readonly ports: Set<number>;
}

/** Registers a test with a bench; everything is closed in the end, and nothing may be left. */
function testRelay(
  name: string,
  options: Partial<RelayOptions>,
  run: (setting: Setting) => Promise<void>,
): void {
  testWithoutLeaks(name, async (host) => {
    const ports = new Set<number>();
    const server = await host.bindDatagram(LOOPBACK, {
      onDatagram: (datagram, from) => {
        ports.add(from.port);
        server.send(datagram, from);
      },
      onError: () => {},
    });
    const relay = await openRelay(host, { server: server.addr, seed: 20_260_301, ...options });
    const client = await host.bindDatagram(LOOPBACK, {
      onDatagram: (datagram) => bench.onEcho(datagram),
      onError: () => {},
    });
    const bench = new Bench(host, relay, client);
    try {
      await run({ host, bench, relay, ports });
      assert.equal(relay.sendsDropped, 0);
    } finally {
      relay.close();
      server.close();
      client.close();
    }
  });
}

function numbered(n: number): Uint8Array {
  const datagram = new Uint8Array(100);
  new DataView(datagram.buffer).setUint32(0, n);
  return datagram;
}

function numberOf(datagram: Uint8Array): number {
  return new DataView(datagram.buffer, datagram.byteOffset).getUint32(0);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`);
}

testRelay(
  "Relay carries every datagram both ways, in order, where no condition is set",
  {},
  async ({ bench, relay }) => {
    await bench.send(200);
    assert.deepEqual(bench.echoes.map(numberOf), numbers(200));
    assert.equal(relay.up.counts.delivered, 200);
    assert.equal(relay.down.counts.delivered, 200);
  },
);

testRelay(
  "Relay loses, in each direction, what its counters say",
  { up: { loss: 0.3 }, down: { loss: 0.2, burst: 2 } },
  async ({ bench, relay: { up, down } }) => {
    await bench.send(400);
    assert.equal(up.counts.sent, 400);
    assertNear(up.counts.lost, 120, 40);
    assert.equal(down.counts.sent, 400 - up.counts.lost);
    assert.ok(down.counts.lost > 10);
    assert.equal(bench.echoes.length, down.counts.sent - down.counts.lost);
  },
);

testRelay(
  "Relay delivers a duplicated datagram twice",
  { down: { duplicate: 0.2 } },
  async ({ bench, relay }) => {
    await bench.send(200);
    const { duplicated } = relay.down.counts;
    assert.ok(duplicated > 10);
    assert.equal(bench.echoes.length, 200 + duplicated);
  },
);

testRelay(
  "Relay turns over exactly one bit of a corrupted datagram",
  { up: { corrupt: 1 } },
  async ({ bench }) => {
    await bench.send(50);
    let bits = 0;
    for (const [n, echo] of bench.echoes.entries()) {
      const sent = numbered(n);
      bits += echo.reduce((sum, byte, i) => sum + ones(byte ^ sent[i]!), 0);
    }
    assert.equal(bench.echoes.length, 50);
    assert.equal(bits, 50);
  },
);

function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) count += rest & 1;
  return count;
}

testRelay(
  "Relay delays by its delay, and keeps the order under jitter",
  { up: { delay: 30, jitter: 20 }, down: { delay: 10 } },
  async ({ bench }) => {
    await bench.send(100);
    assert.deepEqual(bench.echoes.map(numberOf), numbers(100));
    assert.ok(bench.times.every((time) => time >= 40));
  },
);

testRelay(
  "Relay lets later datagrams pass a reordered one",
  { up: { reorder: 0.1, reorderDelay: 30 } },
  async ({ bench }) => {
    await bench.send(200);
    const order = bench.echoes.map(numberOf);
    assert.equal(order.length, 200);
    assert.ok(order.some((number, n) => n > 0 && number < order[n - 1]!));
  },
);

testRelay(
  "Relay drops what its queue cannot hold",
  { up: { rate: 1, queue: 100 } },
  async ({ bench, relay }) => {
    await bench.send(250, 250);
    const { delivered, overflowed } = relay.up.counts;
    assert.equal(delivered + overflowed, 250);
    assert.ok(overflowed > 50, `${overflowed}`);
  },
);

testRelay("Relay.pause() lets nothing pass until resume()", {}, async ({ bench, relay }) => {
  relay.pause();
  await bench.send(20);
  assert.equal(bench.echoes.length, 0);
  assert.equal(relay.up.counts.blackedOut, 20);
  relay.resume();
  await bench.send(20);
  assert.equal(bench.echoes.length, 20);
});

testRelay("Relay changes its conditions while it runs", {}, async ({ bench, relay }) => {
  await bench.send(20);
  relay.up.change({ loss: 1 });
  await bench.send(20);
  assert.equal(bench.echoes.length, 20);
  relay.up.change({ loss: 0, delay: 50 });
  await bench.send(20);
  assert.ok(bench.times.slice(20).every((time) => time >= 50));
  assert.equal(bench.times.length, 40);
});

testRelay(
  "Relay.rebind() shows the server a new port, and the path goes on",
  {},
  async ({ bench, relay, ports }) => {
    await bench.send(5);
    await relay.rebind();
    await bench.send(5);
    assert.equal(ports.size, 2);
    assert.equal(bench.echoes.length, 10);
  },
);

testRelay(
  "Relay gives each client a port of its own, and its own answers",
  {},
  async ({ host, bench, relay, ports }) => {
    const answers: number[] = [];
    const sockets: DatagramSocket[] = [];
    for (const n of numbers(20)) {
      const client = await host.bindDatagram(LOOPBACK, {
        onDatagram: (datagram) => {
          if (datagram[0] === n) answers.push(n);
        },
        onError: () => {},
      });
      sockets.push(client);
      client.send(new Uint8Array([n]), relay.addr);
    }
    await bench.settle();
    for (const socket of sockets) socket.close();
    assert.equal(relay.clients, 20);
    assert.equal(ports.size, 20);
    assert.deepEqual(answers.sort((a, b) => a - b), numbers(20));
  },
);

testRelay(
  "Relay.close() drops what is on its way, and may be called twice",
  { up: { delay: 50 } },
  async ({ bench, relay }) => {
    const sending = bench.send(5);
    await delay(30);
    relay.close();
    relay.close();
    await sending;
    assert.equal(bench.echoes.length, 0);
    assert.equal(relay.clients, 0);
  },
);

test("openRelay() refuses conditions that make no sense", async () => {
  const host = await currentHost();
  const server = { hostname: "127.0.0.1", port: 9 };
  await assert.rejects(
    openRelay(host, { server, up: { loss: 2 } }),
    new RangeError("loss must be 0 to 1, got 2"),
  );
});

/** A relay, a server that sends everything back, and a client: nodes of a simulated network. */
async function simulate(
  options: Partial<RelayOptions> = {},
  timers: "coarse" | "exact" = "exact",
) {
  const network = simulatedNetwork({ conditions: { delay: 5 }, timers });
  const [middle, far, near] = ["relay", "server", "client"].map((name) => network.addNode(name));
  assert.ok(middle && far && near);
  const any = { hostname: "::", port: 0 };
  const seen: { readonly time: number; readonly port: number }[] = [];
  const server = await far.bindDatagram({ hostname: "::", port: 7 }, {
    onDatagram: (datagram, from) => {
      seen.push({ time: network.now, port: from.port });
      server.send(datagram, from);
    },
    onError: () => {},
  });
  const relay = await openRelay(middle, {
    server: { hostname: "server", port: 7 },
    listenAt: { hostname: middle.address, port: 9 },
    ...options,
  });
  const bind = async () => {
    const echoes: number[] = [];
    const socket = await near.bindDatagram(any, {
      onDatagram: (datagram) => void echoes.push(datagram[0]!),
      onError: () => {},
    });
    return { echoes, send: (byte: number) => socket.send(Uint8Array.of(byte), relay.addr) };
  };
  return { network, middle, relay, seen, bind };
}

test("openRelay() looks the server up, listens where it is told, and runs in any world", async () => {
  const { network, relay, seen, bind } = await simulate({ up: { delay: 20 }, down: { delay: 40 } });
  assert.deepEqual(relay.addr, { hostname: "10.0.0.1", port: 9 });
  const client = await bind();
  client.send(1);
  await network.pass(79);
  assert.deepEqual([seen.map(({ time }) => time), client.echoes], [[30], []]);
  await network.pass(1);
  assert.deepEqual(client.echoes, [1]);
});

test("Relay keeps to its rate, however late the timers are", async () => {
  const { network, seen, bind } = await simulate({ up: { rate: 1 } }, "coarse");
  const client = await bind();
  for (let n = 0; n < 1_000; n++) client.send(n);
  await network.pass(1_000);
  // 29 bytes take 0.232 ms at 1 Mbit/s, and alarms are up to 2 ms late.
  const late = seen.map(({ time }, n) => time - 10 - (n + 1) * 0.232);
  assert.equal(late.length, 1_000);
  assert.ok(Math.min(...late) > -1e-6 && Math.max(...late) <= 2, `${Math.max(...late)}`);
});

test("openRelay() rejects where the server has no name", async () => {
  await assert.rejects(
    simulate({ server: { hostname: "nowhere", port: 7 } }),
    (error) => error instanceof SosistabError && error.code === "name-not-found",
  );
});

test("Relay knows 256 clients, and forgets the one that was silent for longest", async () => {
  const { network, middle, relay, bind } = await simulate();
  const clients = await Promise.all(Array.from({ length: 257 }, bind));
  for (const client of clients.slice(0, 256)) {
    client.send(1);
    await network.pass(1);
  }
  clients[0]!.send(2);
  await network.pass(100);
  assert.equal(relay.clients, 256);
  clients[256]!.send(3);
  await network.pass(100);
  assert.equal(relay.clients, 256);
  assert.equal(middle.openSockets, 257);
  assert.deepEqual(clients[0]!.echoes, [1, 2]);
  assert.deepEqual(clients[256]!.echoes, [3]);
  // It comes back as a new client.
  clients[1]!.send(4);
  await network.pass(100);
  assert.deepEqual(clients[1]!.echoes, [1, 4]);
});

test("Relay.close() closes all sockets", async () => {
  const { network, middle, relay, bind } = await simulate();
  (await bind()).send(1);
  await network.pass(100);
  assert.equal(middle.openSockets, 2);
  relay.close();
  assert.equal(middle.openSockets, 0);
});

test("Relay decides the same from the same seed", async () => {
  const run = async (seed: number) => {
    const { network, bind } = await simulate({ seed, up: { loss: 0.5 }, down: { loss: 0.1 } });
    const client = await bind();
    for (let byte = 0; byte < 100; byte++) {
      client.send(byte);
      await network.pass(1);
    }
    await network.pass(100);
    return client.echoes.join();
  };
  assert.equal(await run(1), await run(1));
  assert.notEqual(await run(1), await run(2));
});
