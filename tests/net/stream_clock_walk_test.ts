import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import type { ConnectOptions } from "../../src/net/contract.ts";
import { publicKeyOf } from "../../src/crypto/keys.ts";
import { PORT, SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

/** K11: how long a connection may take, ms. */
const MOST_TIME = 10_000;
/** Streams that one walk opens, and when it begins, ms. */
const MOST_STREAMS = 50;
const WALK_AFTER = 2_000;

const HOUR = 60;

/** Minutes by which a client's clock is wrong. */
const SKEWS = [3, 32.5, 60].flatMap((skew) => [skew, -skew]);
for (const hours of [2, 8, 14]) SKEWS.push(hours * HOUR + 2, -hours * HOUR - 2);

interface Outcome {
  /** ms; `undefined`: nobody answered. */
  readonly time: number | undefined;
  /** Streams that the server took, and how many stayed open for 30 s after. */
  readonly streams: number;
  readonly left: number;
}

async function connectWith(
  skew: number,
  options: Partial<ConnectOptions>,
  blocksDatagrams = false,
): Promise<Outcome> {
  const pair = new VirtualPair({ delay: 50, blocksDatagrams }, 1);
  pair.clientHost.stepWallClock(skew * 60);
  const listener = await pair.listen({ tcp: true, udp: true });
  const serverKey = listener.publicKey;
  const start = pair.now;
  const session = await pair.run(
    connect(pair.clientHost, { hostname: "server", port: PORT, serverKey, ...options }).catch(
      (error) => {
        assert.ok(error instanceof SosistabError && error.code === "no-answer");
        return undefined;
      },
    ),
  );
  const time = session && pair.now - start;
  const streams = listener.stats().streams?.accepted ?? 0;
  if (session !== undefined) await pair.run(session.close());
  await pair.pass(30_000);
  const left = pair.clientHost.openSockets;
  await pair.run(listener.close());
  return { time, streams, left };
}

for (const protocol of ["tcp", "auto"] as const) {
  test(`F-CLOCK over ${protocol} where UDP is blocked: wrong by up to 60 min, or whole hours up to 14`, async (context) => {
    let longest = 0;
    let most = 0;
    for (const skew of SKEWS) {
      const { time, streams, left } = await connectWith(skew, { protocol, shards: 1 }, true);
      assert.ok(time !== undefined && time <= MOST_TIME, `${skew} min: ${time} ms`);
      assert.ok(time > WALK_AFTER);
      assert.ok(streams <= MOST_STREAMS + 2, `${skew} min: ${streams}`);
      assert.equal(left, 0);
      longest = Math.max(longest, time);
      most = Math.max(most, streams);
    }
    context.diagnostic(
      `${SKEWS.length} clocks, connected after ${
        longest.toFixed(0)
      } ms at most, over ${most} streams at most`,
    );
  });
}

test("StreamClockWalk opens nothing where the clocks agree, or datagrams have found the time", async () => {
  assert.equal((await connectWith(1, { protocol: "tcp", shards: 1 })).streams, 1);
  const { time, streams } = await connectWith(45, { protocol: "auto", shards: 1 });
  assert.ok(time !== undefined && time < MOST_TIME);
  assert.equal(streams, 1);
});

test("StreamClockWalk opens at most 50 streams to a server that knows none of the keys, and leaves none", async () => {
  const { time, streams, left } = await connectWith(0, {
    protocol: "tcp",
    serverKey: publicKeyOf(SECRET_KEY.map((byte) => byte + 1)),
    timeout: 20_000,
  });
  assert.equal(time, undefined);
  // The link's own connection is opened anew when it has not been answered for 10 s.
  assert.ok(streams >= MOST_STREAMS && streams <= MOST_STREAMS + 3, `${streams}`);
  assert.equal(left, 0);
});

test("StreamClockWalk opens no stream when somebody else answers", async () => {
  const pair = new VirtualPair();
  let streams = 0;
  const listening = await pair.serverHost.listenStream({ hostname: "::", port: PORT }, {
    onStream: (stream) => {
      streams++;
      void stream.readable.pipeTo(new WritableStream()).catch(() => {});
      const writer = stream.writable.getWriter();
      void writer.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(9)));
    },
  });
  const connecting = connect(pair.clientHost, {
    hostname: "server",
    port: PORT,
    serverKey: new Uint8Array(32).fill(9),
    protocol: "tcp",
    timeout: 8_000,
  });
  await assert.rejects(pair.run(connecting), (error) => {
    assert.ok(error instanceof SosistabError && error.code === "no-answer");
    assert.match(String(error.cause), /somebody else than the server answers/);
    return true;
  });
  // Its own connection alone is tried again: after 0.25, 0.5, 1, 2 and 4 s.
  assert.ok(streams <= 8, `${streams}`);
  listening.close();
});
