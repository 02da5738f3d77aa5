import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import type { Session } from "../../src/net/contract.ts";
import type { Host } from "../../src/host.ts";
import { HelloForger } from "../support/hello_forger.ts";
import { seededSource } from "../support/seeded_random.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** F-CLOCK: how long a handshake may take, ms. */
const MOST_TIME = 10_000;
/** K11: hellos for other clocks, and how long the ordinary ones go unanswered before them, ms. */
const MOST_EXTRA = 70;
const EXTRA_AFTER = 2_000;

const HOUR = 60;

/** Minutes by which a client's clock is wrong. */
const SKEWS = [0, 1, 3, 7, 8, 17, 32.5, 59, 60].flatMap((skew) => [skew, -skew]);
for (let hours = 1; hours <= 14; hours++) {
  for (const off of [-2, 0, 2]) SKEWS.push(hours * HOUR + off, -hours * HOUR + off);
}

/** A connecting: how long it took, `undefined`: nobody answered; and when its hellos left. */
interface Outcome {
  readonly time: number | undefined;
  readonly ordinary: readonly number[];
  readonly extra: readonly number[];
}

async function connectWith(skew: number, loss: number, seed: number): Promise<Outcome> {
  const pair = new VirtualPair({ delay: 50, loss }, seed);
  const { clientHost } = pair;
  clientHost.stepWallClock(skew * 60);
  const listener = await pair.listen();
  const serverKey = listener.publicKey;
  const forger = new HelloForger(serverKey, seededSource(1));
  const ordinary: number[] = [];
  const extra: number[] = [];
  let isAnswered = false;
  const host: Host = {
    ...clientHost,
    bindDatagram: async (address, handler) => {
      const socket = await clientHost.bindDatagram(address, {
        onDatagram: (datagram, from) => {
          isAnswered = true;
          handler.onDatagram(datagram, from);
        },
        onError: (error) => handler.onError(error),
      });
      const send = (packet: Uint8Array, to: typeof address) => {
        const minute = Math.floor(clientHost.epochSeconds() / 60);
        const isOwn = forger.open("up", minute, packet) !== undefined;
        if (!isAnswered) (isOwn ? ordinary : extra).push(pair.now);
        return socket.send(packet, to);
      };
      return { addr: socket.addr, send, close: () => socket.close() };
    },
  };
  const options = { hostname: "server", port: PORT, serverKey };
  const start = pair.now;
  const session = await pair.run(
    connect(host, options).catch((error) => {
      assert.ok(error instanceof SosistabError && error.code === "no-answer");
      return undefined;
    }),
  );
  const time = session && pair.now - start;
  if (session !== undefined) await pair.run(session.close());
  await pair.run(listener.close());
  return { time, ordinary, extra };
}

test("F-CLOCK: a client's clock may be wrong by up to 60 min, and by whole hours up to 14", async (context) => {
  let longest = 0;
  for (const [i, skew] of SKEWS.entries()) {
    const { time, extra } = await connectWith(skew, 0, i + 1);
    assert.ok(time !== undefined && time <= MOST_TIME, `${skew} min: ${time} ms`);
    assert.ok(extra.length <= MOST_EXTRA, `${skew} min: ${extra.length}`);
    for (const at of extra) assert.ok(at >= EXTRA_AFTER, `${skew} min: the first at ${at} ms`);
    if (Math.abs(skew) < 2) assert.equal(extra.length, 0);
    longest = Math.max(longest, time);
  }
  context.diagnostic(`${SKEWS.length} clocks, connected after ${longest.toFixed(0)} ms at most`);
});

test("K11: nobody there: at most 70 hellos for other clocks, beside the ordinary ones", async () => {
  const { time, ordinary, extra } = await connectWith(0, 1, 1);
  assert.equal(time, undefined);
  assert.equal(extra.length, MOST_EXTRA);
  assert.ok(extra[0]! >= EXTRA_AFTER && extra.at(-1)! < MOST_TIME);
  const gaps = ordinary.slice(1).map((at, i) => at - ordinary[i]!);
  assert.ok(Math.max(...gaps) <= 560, `${Math.max(...gaps)}`);
});

test("F-CLOCK at 10 % loss: each clock has its hello, and the most likely ones have two", async (context) => {
  const rate = async (skews: readonly number[]) => {
    let connected = 0;
    let runs = 0;
    for (const skew of skews) {
      for (let seed = 1; seed <= 10; seed++) {
        const { time } = await connectWith(skew, 0.1, seed * 1_000 + skew + 900);
        runs++;
        if (time !== undefined && time <= MOST_TIME) connected++;
      }
    }
    return connected / runs;
  };
  const twice = await rate([-5, 4, HOUR, -HOUR, 3 * HOUR, -8 * HOUR, 9 * HOUR]);
  const once = await rate([-17, 33, 52, 10 * HOUR, -12 * HOUR, 14 * HOUR]);
  context.diagnostic(
    `connected within 10 s: ${(100 * twice).toFixed(0)} % and ${(100 * once).toFixed(0)} %`,
  );
  // Hello and answer must both arrive: 81 of 100 times, and 96 with two hellos.
  assert.ok(twice >= 0.88, `${twice}`);
  assert.ok(once >= 0.65, `${once}`);
});

/** Sends a datagram every 20 ms both ways for a while; returns how many were lost. */
async function losses(pair: VirtualPair, ends: readonly [Session, Session], time: number) {
  let sent = 0;
  const until = pair.now + time;
  const received = ends.map((end) => {
    const seen = { count: 0 };
    (async () => {
      for await (const _ of end.readable) seen.count++;
    })().catch(() => {});
    return seen;
  });
  while (pair.now < until) {
    for (const end of ends) {
      end.send(Uint8Array.of(1, 2, 3));
      sent++;
    }
    await pair.pass(20);
  }
  await pair.pass(500);
  return sent - received.reduce((sum, { count }) => sum + count, 0);
}

const STEPS = [-14 * 3_600, -3_600, -17 * 60, 17 * 60, 3_600, 14 * 3_600];

for (const who of ["client", "server"] as const) {
  test(`F-CLOCK: when the ${who}'s clock is set an open session loses nothing`, async () => {
    for (const step of STEPS) {
      const pair = new VirtualPair();
      const { listener, client, server } = await pair.sessions();
      await pair.pass(1_000);
      pair.network.at(pair.now + 500, () => pair.network.node(who).stepWallClock(step));
      assert.equal(await losses(pair, [client, server], 5_000), 0, `${step} s`);
      assert.equal(listener.stats().handshakes, 1);
    }
  });

  test(`F-CLOCK: after the ${who}'s clock was set a client can still roam`, async () => {
    for (const step of STEPS) {
      const pair = new VirtualPair();
      const { listener, client, server } = await pair.sessions();
      await pair.pass(1_000);
      pair.network.node(who).stepWallClock(step);
      await roams(pair, [client, server], `${step} s`);
      assert.equal(listener.stats().handshakes, 1);
    }
  });
}

/** The client's address changes; packets pass both ways again after a second at the most. */
async function roams(
  pair: VirtualPair,
  [client, server]: readonly [Session, Session],
  what: string,
) {
  pair.clientHost.roam();
  for (let i = 0; i < 50; i++) {
    client.send(Uint8Array.of(1));
    await pair.pass(20);
  }
  const word = Uint8Array.of(7, 8, 9);
  const arrived = (async () => {
    for (;;) {
      const datagram = await client.receive();
      if (datagram.length === word.length) return;
    }
  })();
  server.send(word);
  await pair.run(arrived, 500).catch(() => assert.fail(`${what}: the server has not followed`));
}

test("F-CLOCK: a client whose clock is wrong can roam, and also after it was set right", async () => {
  for (const skew of [-3 * 3_600, 17 * 60, 9 * 3_600]) {
    const pair = new VirtualPair();
    pair.clientHost.stepWallClock(skew);
    const { listener, client, server } = await pair.sessions();
    await roams(pair, [client, server], `wrong by ${skew} s`);
    pair.clientHost.stepWallClock(-skew);
    await roams(pair, [client, server], `set right by ${skew} s`);
    await roams(pair, [client, server], `again, ${skew} s`);
    assert.equal(listener.stats().handshakes, 1);
  }
});
