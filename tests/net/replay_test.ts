/**
 * E8: hellos that somebody has copied from the path, and says again. Whatever he does he gets no byte;
 * a hello that is answered shows that here is a server.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { Listener, ListenOptions } from "../../src/net/listen_contract.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { HelloProber, type ProbedCarrier } from "../support/hello_prober.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { seededSource } from "../support/seeded_random.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

const CARRIERS: readonly ProbedCarrier[] = ["udp", "tcp"];
const OTHER = { udp: "tcp", tcp: "udp" } as const;

/** When the replays come, ms after the hello: most of those that are seen in the wild, and the ends of memories. */
const REPLAYED_AT = [300, 1_000, 60_000, 599_000, 601_000];

/** F-RESTART: how soon a client has a new session once the server is back, ms. */
const MOST_WAIT = 1_000;

/** How often a client asks at the least, ms, and how long an answer takes. */
const MOST_LATE = { udp: 600, tcp: 10_200 };

const MINUTE = 60_000;

/** The simulated wall clock begins in the middle of a minute. */
const SECONDS = 1_750_000_000 % 60;

/** A server, a client, and somebody between them. */
class Scene {
  readonly pair = new VirtualPair();
  readonly prober = new HelloProber(this.pair);

  #port = PORT;

  /** A server that may have been there before, at a port where nobody was. */
  listen(options: Partial<ListenOptions> = {}): Promise<Listener> {
    return this.pair.listen({ port: this.#port++, tcp: true, freshKey: false, ...options });
  }

  /** How long a client takes to connect, ms. */
  async connect(listener: Listener, protocol: ProbedCarrier): Promise<number> {
    const before = this.pair.now;
    const { port } = listener.addr;
    const session = await this.pair.connect(listener, { port, protocol, timeout: 3 * MINUTE });
    const time = this.pair.now - before;
    await this.pair.run(session.close());
    return time;
  }

  /** A hello over UDP that nobody has said yet, under the key of the server's minute. */
  freshHello(listener: Listener, seed: number): Uint8Array {
    const x25519 = new ToyX25519(seededSource(seed));
    const minute = Math.floor(this.pair.serverHost.epochSeconds() / 60);
    return new HelloForger(listener.publicKey, seededSource(seed)).packet("up", minute, {
      kind: "clientHello",
      longPublicKey: x25519.generate().publicKey,
      ephemeralPublicKey: x25519.generate().publicKey,
      version: 3,
    }, { length: 300 });
  }
}

for (const carrier of CARRIERS) {
  test(`E8 over ${carrier}: a hello gets no second answer after 0.3, 1, 60, 599 and 601 s`, async () => {
    const scene = new Scene();
    const { pair, prober } = scene;
    const listener = await scene.listen({ freshKey: true });
    const hello = await prober.capture(listener, carrier);
    const since = pair.now;
    for (const at of REPLAYED_AT) {
      await pair.pass(Math.max(0, since + at - pair.now));
      assert.equal(await prober.replay(hello, carrier, listener), 0, `after ${at} ms`);
      assert.equal(
        await prober.replay(hello, OTHER[carrier], listener),
        0,
        `${at} ms, the other carrier`,
      );
    }
    const { packetsReplayed, streams } = listener.stats();
    assert.ok(packetsReplayed + (streams?.replays ?? 0) > 0, "replays, and no strangers");
    await pair.run(listener.close());
  });

  test(`E8 over ${carrier}: nor after a restart with the store, and others of its minute get one`, async (context) => {
    const scene = new Scene();
    const { pair, prober } = scene;
    const replayStore = new MemoryStore();
    const first = await scene.listen({ replayStore, freshKey: true });
    const hello = await prober.capture(first, carrier);
    await pair.run(first.close());
    await pair.pass(1_000);
    const second = await scene.listen({ replayStore });
    const since = pair.now;
    assert.equal(second.stats().hellos.past, "all");
    const wait = await scene.connect(second, carrier);
    context.diagnostic(`a client connects within ${wait.toFixed(0)} ms`);
    assert.ok(wait <= MOST_WAIT);
    for (const at of REPLAYED_AT) {
      await pair.pass(Math.max(0, since + at - pair.now));
      assert.equal(await prober.replay(hello, carrier, second), 0, `after ${at} ms`);
    }
    await pair.run(second.close());
  });

  test(`E8 over ${carrier}: nor after a restart without a store, and clients connect in the next minute`, async (context) => {
    const scene = new Scene();
    const { pair, prober } = scene;
    const first = await scene.listen({ freshKey: true });
    const hello = await prober.capture(first, carrier);
    await pair.run(first.close());
    await pair.pass(1_000);
    const second = await scene.listen();
    const since = pair.now;
    assert.equal(second.stats().hellos.past, "nothing");
    for (const at of REPLAYED_AT.slice(0, 2)) {
      await pair.pass(Math.max(0, since + at - pair.now));
      assert.equal(await prober.replay(hello, carrier, second), 0, `after ${at} ms`);
    }
    await scene.connect(second, carrier);
    const wait = pair.now - since;
    context.diagnostic(`a client connects ${(wait / 1000).toFixed(1)} s after the start`);
    const late = wait - (MINUTE - (SECONDS * 1_000 + since) % MINUTE);
    assert.ok(late >= 0 && late <= MOST_LATE[carrier], `${late} ms after the minute began`);
    assert.ok(second.stats().hellos.refused > 0);
    for (const at of REPLAYED_AT.slice(2)) {
      await pair.pass(Math.max(0, since + at - pair.now));
      assert.equal(await prober.replay(hello, carrier, second), 0, `after ${at} ms`);
    }
    await pair.run(second.close());
  });

  test(`E8 over ${carrier}: nor from a second server with the key, which begins later`, async () => {
    for (const replayStore of [new MemoryStore(), undefined]) {
      const scene = new Scene();
      const { pair, prober } = scene;
      const store = replayStore && { replayStore };
      const first = await scene.listen({ ...store, freshKey: true });
      const hello = await prober.capture(first, carrier);
      const second = await scene.listen(store);
      const since = pair.now;
      for (const at of REPLAYED_AT) {
        await pair.pass(Math.max(0, since + at - pair.now));
        assert.equal(await prober.replay(hello, carrier, second), 0, `after ${at} ms`);
      }
      await pair.run(first.close());
      await pair.run(second.close());
    }
  });

  test(`E8 over ${carrier}: a second server that was there before answers it, once: the prober is heard`, async () => {
    const scene = new Scene();
    const { prober } = scene;
    const first = await scene.listen({ freshKey: true });
    const second = await scene.listen({ freshKey: true });
    const hello = await prober.capture(first, carrier);
    assert.ok(await prober.say(hello, carrier, second) > 0);
    assert.equal(await prober.replay(hello, carrier, second), 0);
    await scene.pair.run(first.close());
    await scene.pair.run(second.close());
  });

  test(`E8 over ${carrier}: nor when the server's clock is set back, and its minute comes again`, async () => {
    for (const step of [-60, -3_600]) {
      const scene = new Scene();
      const { pair, prober } = scene;
      const replayStore = new MemoryStore();
      let listener = await scene.listen({ replayStore, freshKey: true });
      const hello = await prober.capture(listener, carrier);
      await pair.pass(10 * MINUTE);
      pair.serverHost.stepWallClock(step);
      pair.clientHost.stepWallClock(step);
      const minute = Math.floor(-step / 60) - 10;
      for (let passed = -3; passed < minute + 3; passed++) {
        assert.equal(
          await prober.replay(hello, carrier, listener),
          0,
          `${step} s, after ${passed} minutes`,
        );
        if (passed === minute) {
          await pair.run(listener.close());
          listener = await scene.listen({ replayStore });
        }
        assert.ok(await scene.connect(listener, carrier) <= MOST_WAIT);
        await pair.pass(MINUTE);
      }
      await pair.run(listener.close());
    }
  });
}

test("a hello over UDP that was not answered before the restart gets its answer after it", async () => {
  const scene = new Scene();
  const { pair, prober } = scene;
  const replayStore = new MemoryStore();
  const first = await scene.listen({ replayStore, freshKey: true });
  const [said, unsaid] = [1, 2].map((seed) => scene.freshHello(first, seed));
  assert.ok(said && unsaid);
  assert.ok(await prober.say(said, "udp", first) > 0);
  await pair.run(first.close());
  const second = await scene.listen({ replayStore });
  assert.equal(await prober.say(said, "udp", second), 0);
  assert.ok(await prober.say(unsaid, "udp", second) > 0);
  assert.equal(await prober.say(unsaid, "udp", second), 0);
  assert.ok(pair.now < MOST_WAIT);
  await pair.run(second.close());
});

test("a store that is damaged is no reason to answer twice: what is left of it and the next minute count", async () => {
  const scene = new Scene();
  const { pair, prober } = scene;
  const replayStore = new MemoryStore();
  const first = await scene.listen({ replayStore, freshKey: true });
  const hello = await prober.capture(first, "udp");
  await pair.run(first.close());
  assert.ok(replayStore.bytes);
  replayStore.bytes = replayStore.bytes.slice(0, -1);
  const second = await scene.listen({ replayStore });
  assert.equal(second.stats().hellos.past, "damaged");
  assert.equal(await prober.replay(hello, "udp", second), 0);
  assert.ok(await scene.connect(second, "udp") > MOST_WAIT);
  await pair.run(second.close());
  // It has been written anew.
  const third = await scene.listen({ replayStore });
  assert.equal(third.stats().hellos.past, "all");
  assert.ok(await scene.connect(third, "udp") <= MOST_WAIT);
  assert.equal(await prober.replay(hello, "udp", third), 0);
  await pair.run(third.close());
  assert.ok(pair.now < 2 * MINUTE);
});

test("a store that fails is counted, holds nobody up, and lacks nothing when it works again", async () => {
  const scene = new Scene();
  const { pair, prober } = scene;
  const replayStore = new MemoryStore();
  const first = await scene.listen({ replayStore, freshKey: true });
  replayStore.isFailing = true;
  const hello = await prober.capture(first, "udp");
  assert.ok(first.stats().hellos.storeErrors > 0);
  replayStore.isFailing = false;
  await pair.pass(2_000);
  await pair.run(first.close());
  const second = await scene.listen({ replayStore });
  assert.ok(await scene.connect(second, "udp") <= MOST_WAIT);
  assert.equal(await prober.replay(hello, "udp", second), 0);
  await pair.run(second.close());
});

test("a host's own replay store serves where the listener is told of none", async () => {
  const scene = new Scene();
  const { pair, prober } = scene;
  const replayStore = new MemoryStore();
  Object.assign(pair.serverHost, { replayStore });
  const first = await scene.listen({ freshKey: true });
  const hello = await prober.capture(first, "udp");
  await pair.run(first.close());
  const second = await scene.listen();
  assert.ok(await scene.connect(second, "udp") <= MOST_WAIT);
  assert.equal(await prober.replay(hello, "udp", second), 0);
  await pair.run(second.close());
});
