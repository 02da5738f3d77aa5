/**
 * B-HELLO: thousands of good hellos a second, of which each costs the server four uses of X25519. Under
 * virtual time, with a processor that takes as long for it as a real one.
 */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { connect, listen } from "../../src/adapters/sim.ts";
import { clientToServerKey } from "../../src/crypto/cookie.ts";
import { HELLO_OVERHEAD, HelloCipher } from "../../src/crypto/hello_cipher.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import type { Session } from "../../src/net/contract.ts";
import { Random } from "../../src/random.ts";
import { encodeHandshakeFrame } from "../../src/wire/hello.ts";
import { Writer } from "../../src/wire/writer.ts";
import { BusyHost } from "../support/busy_host.ts";
import { minuteOf } from "../support/forged_peer.ts";
import { seededSource } from "../support/seeded_random.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

/** Hellos a second, and how long, ms. */
const RATE = 5_000;
const DURATION = 5_000;

/** What `node:crypto` takes for one use of X25519 on a slow machine, and a datagram for its way in, ms. */
const COSTS = { x25519: 0.1, datagram: 0.02 };

const MOST_DELAY = 50;
/** The fifth that is the default, and what had been saved up for the first moment. */
const MOST_SHARE = 0.2 + 20 / DURATION + 0.001;

/** A flood, and how a server and its clients fare. */
class Flood {
  readonly pair = new VirtualPair({ delay: 10 });
  readonly x25519 = new ToyX25519(seededSource(1));
  readonly server = new BusyHost(this.pair, this.pair.serverHost, this.x25519, COSTS);
  listener!: Listener;
  /** Bytes that came from the flood's addresses, and went there. */
  came = 0;
  went = 0;
  hellos = 0;
  readonly #random = seededSource(2);
  readonly #memory = new Uint8Array(300);

  async begin(handshakeShare?: number): Promise<void> {
    this.listener = await listen(this.server.host, {
      port: PORT,
      secretKey: SECRET_KEY,
      freshKey: true,
      ...(handshakeShare === undefined ? {} : { limits: { handshakeShare } }),
      onReceive: (length, { port }) => {
        if (port === 9) this.came += length;
      },
      onSend: (length, { port }) => {
        if (port === 9) this.went += length;
      },
    });
  }

  /** A client at an address of its own connects; tells how long it took, ms. */
  async connect(name: string): Promise<{ session: Session; took: number }> {
    const since = this.pair.now;
    const node = this.pair.network.addNode(name);
    const { publicKey: serverKey } = this.listener;
    const session = await connect({ ...node, x25519: this.x25519 }, {
      hostname: "server",
      port: PORT,
      serverKey,
      timeout: 60_000,
    });
    // That the server has it, too, is another matter; and a message may be lost.
    let hasAnswer = false;
    const asking = () => {
      if (hasAnswer) return;
      session.send(Uint8Array.of(1));
      node.setAlarm(this.pair.now + 200, asking);
    };
    asking();
    await session.receive();
    hasAnswer = true;
    return { session, took: this.pair.now - since };
  }

  /** Every server's session sends back what comes. */
  async echo(): Promise<void> {
    for await (const session of this.listener) {
      void session.readable.pipeTo(session.writable).catch(() => {});
    }
  }

  /** Says hello, fresh each time, from an address. */
  say(hostname: string): void {
    const writer = new Writer(this.#memory);
    const { publicKey } = this.x25519.generate();
    encodeHandshakeFrame(
      { kind: "clientHello", longPublicKey: publicKey, ephemeralPublicKey: publicKey, version: 3 },
      writer,
    );
    const nonce = new Uint8Array(16);
    this.#random(nonce);
    const key = clientToServerKey(this.listener.publicKey, minuteOf(this.pair));
    this.#memory.fill(0xff, writer.length);
    new HelloCipher(key).seal(this.#memory, this.#memory.length - HELLO_OVERHEAD, nonce);
    const to = { hostname: this.pair.serverHost.address, port: PORT };
    this.pair.network.inject(this.#memory, { hostname, port: 9 }, to);
    this.hellos++;
  }
}

/** How much later than the path allows a session's messages come back, ms, in order. */
async function latencies(flood: Flood, session: Session, until: number): Promise<number[]> {
  const late: number[] = [];
  const { pair } = flood;
  void session.readable.pipeTo(
    new WritableStream({
      write: (datagram) => {
        const { buffer, byteOffset } = datagram;
        late.push(pair.now - new DataView(buffer, byteOffset).getFloat64(0) - 20);
      },
    }),
  ).catch(() => {});
  while (pair.now < until) {
    const datagram = new Uint8Array(100);
    new DataView(datagram.buffer).setFloat64(0, pair.now);
    session.send(datagram);
    await pair.pass(10);
  }
  await pair.pass(500);
  return late.sort((a, b) => a - b);
}

async function flooded(
  context: TestContext,
  source: (i: number) => string,
  { handshakeShare, duration = DURATION }: { handshakeShare?: number; duration?: number } = {},
) {
  const flood = new Flood();
  const { pair, server } = flood;
  await flood.begin(handshakeShare);
  void flood.echo();
  const { session } = await pair.run(flood.connect("live"));
  await pair.pass(1_000);
  const [since, agreed] = [pair.now, server.agreeing];
  const until = since + duration;
  const random = new Random(seededSource(3));
  const saying = () => {
    flood.say(source(flood.hellos));
    // Evenly they would come in step with what is answered.
    if (pair.now < until) {
      pair.network.clock.at(pair.now + random.fraction() * 2_000 / RATE, saying);
    }
  };
  saying();
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    pair.network.clock.at(since + 100 + i * 41.3, () => {
      flood.connect(`client ${i}`).then(({ took }) => times.push(took), () => {});
    });
  }
  const late = await latencies(flood, session, until);
  const share = (server.agreeing - agreed) / (pair.now - since);
  await pair.pass(20_000);
  const expected = duration / 10;
  const p99 = late[Math.floor(late.length * 0.99)] ?? Infinity;
  times.sort((a, b) => a - b);
  const stats = flood.listener.stats();
  context.diagnostic(
    `${flood.hellos} hellos, ${stats.handshakes} answered; ${late.length} of ${expected} echoes, p99 of a live session ${
      p99.toFixed(1)
    } ms more; ${(100 * share).toFixed(1)} % of the processor for X25519; others connect within ${
      times.map((time) => (time / 1000).toFixed(1)).join(" ")
    } s`,
  );
  await pair.run(flood.listener.close());
  return { flood, expected, late, p99, share, times, stats };
}

for (
  const [name, source] of [
    ["one address", () => "203.0.113.1"],
    ["65,536 addresses", (i: number) => {
      // Each comes up again after all others have.
      const number = i * 40_503 & 0xffff;
      return `198.18.${number >>> 8}.${number & 255}`;
    }],
  ] as const
) {
  test(`B-HELLO: 5,000 hellos a second from ${name} leave live sessions their time, and clients get in`, async (context) => {
    const { flood, expected, late, p99, share, times, stats } = await flooded(context, source);
    assert.ok(late.length >= 0.99 * expected, `${late.length} echoes`);
    assert.ok(p99 <= MOST_DELAY, `${p99} ms`);
    assert.ok(share <= MOST_SHARE, `${share}`);
    assert.ok(flood.came > 0 && flood.went <= flood.came, `${flood.went} for ${flood.came}`);
    assert.equal(times.length, 12, "all connect");
    assert.ok(times.at(-1)! < 3_000, `${times.at(-1)} ms`);
    assert.ok(stats.droppedByHandshakeShare + stats.droppedBySourceRate > flood.hellos / 2);
    if (name === "one address") {
      assert.ok(times.at(-1)! < 1_000, "a flood from elsewhere takes nothing from them");
      assert.ok(stats.droppedBySourceRate > 0.8 * flood.hellos);
    }
  });
}

test("B-HELLO: with handshakeShare 1 such a flood starves the sessions, so the limit is what protects them", async (context) => {
  const { expected, late } = await flooded(context, (i) => `198.18.${i >>> 8 & 255}.${i & 255}`, {
    handshakeShare: 1,
    duration: 2_000,
  });
  assert.ok(late.length < 0.6 * expected, `${late.length} echoes`);
});
