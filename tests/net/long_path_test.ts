/**
 * A round trip of ten seconds, as no path on earth has, and a queue may: what works, and what does not.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

const SECOND = 1_000;
const ROUND_TRIPS = { udp: [2 * SECOND, 5 * SECOND, 10 * SECOND], tcp: [2 * SECOND] };
const AMOUNT = 300_000;

for (const protocol of ["udp", "tcp"] as const) {
  for (const rtt of ROUND_TRIPS[protocol]) {
    test(`a round trip of ${rtt / SECOND} s over ${protocol}: the session opens, carries a stream, and lives on when it was idle`, async (context) => {
      const pair = new VirtualPair({ delay: rtt / 2, rate: 20, queue: 100 });
      const listener = await pair.listen({ tcp: true });
      const startedAt = pair.now;
      const client = (await pair.connect(listener, { protocol })).multiplex();
      const connected = pair.now - startedAt;
      const server = (await pair.run(listener.accept(), 2 * rtt)).multiplex();
      const [near, far] = await pair.run(
        Promise.all([client.openConn(), server.acceptConn()]),
        10 * rtt,
      );
      const opened = pair.now - startedAt;
      const bytes = Uint8Array.from({ length: AMOUNT }, (_, i) => (i * 31 + (i >> 8)) % 251);
      const sending = near.write(bytes).then(() => near.closeWrite());
      assert.deepEqual(await pair.run(readAll(far), 100 * rtt), bytes);
      await pair.run(sending, 100 * rtt);
      const carried = pair.now - startedAt;
      await pair.pass(60 * SECOND);
      const [again] = await pair.run(
        Promise.all([client.openConn(), server.acceptConn()]),
        10 * rtt,
      );
      again.reset();
      context.diagnostic(
        `connected after ${connected / SECOND} s, a stream after ${
          (opened / SECOND).toFixed(1)
        } s, ${AMOUNT / 1_000} kB after ${
          (carried / SECOND).toFixed(1)
        } s; ${listener.stats().handshakes} handshakes`,
      );
      assert.equal(listener.stats().sessionsOpen, 1);
      await pair.run(client.close());
      await pair.run(listener.close());
    });
  }
}

test("a round trip of 5 s is too long for TCP, whose opening takes three: connect() rejects with no-answer", async () => {
  const pair = new VirtualPair({ delay: 2.5 * SECOND });
  const listener = await pair.listen({ tcp: true });
  const isNoAnswer = (error: unknown) =>
    error instanceof SosistabError && error.code === "no-answer";
  await assert.rejects(pair.connect(listener, { protocol: "tcp" }), isNoAnswer);
  await pair.run(listener.close());
});
