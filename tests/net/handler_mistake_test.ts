import { test } from "node:test";
import assert from "node:assert/strict";
import { collectUncaught } from "../support/collect_uncaught.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** Datagrams that are sent, and which of what comes is met by a mistake of the program's. */
const SENT = 20;
const EVERY = 7;

test("a program's mistake in onReceive is an uncaught error over TCP too, and costs no datagram", async () => {
  const pair = new VirtualPair({ delay: 10 });
  let isWrong = false;
  let count = 0;
  const listener = await pair.listen({
    tcp: true,
    onReceive: () => {
      if (isWrong && ++count % EVERY === 0) throw new Error("a mistake");
    },
  });
  const client = await pair.connect(listener, { protocol: "tcp", shards: 1 });
  const server = await pair.run(listener.accept());
  await pair.pass(1_000);
  const got: number[] = [];
  void server.readable.pipeTo(
    new WritableStream({ write: (datagram) => void got.push(datagram[0]!) }),
  );
  isWrong = true;
  const uncaught = await collectUncaught(async () => {
    for (let i = 0; i < SENT; i++) client.send(Uint8Array.of(i), { maxAge: 0 });
    await pair.pass(1_000);
  });
  assert.equal(uncaught.length, Math.floor(count / EVERY));
  for (const error of uncaught) assert.ok(error instanceof Error && error.message === "a mistake");
  assert.ok(uncaught.length > 0);
  assert.deepEqual(got, Array.from({ length: SENT }, (_, i) => i));
  isWrong = false;
  client.send(Uint8Array.of(99));
  await pair.pass(1_000);
  assert.equal(got.at(-1), 99);
  assert.equal(listener.stats().sessionsOpen, 1);
  await pair.run(client.close());
  await pair.run(listener.close());
  await pair.pass(60_000);
  assert.equal(pair.network.openSockets, 0);
});
