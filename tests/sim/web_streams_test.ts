import { test } from "node:test";
import assert from "node:assert/strict";
import {
  connect,
  type Host,
  listen,
  type Listener,
  simulatedNetwork,
} from "../../src/adapters/sim.ts";

/** Sends everything back, by the streams of the platform. */
async function serve(listener: Listener): Promise<void> {
  for await (const session of listener) {
    const conn = await session.multiplex().acceptConn();
    await conn.readable.pipeTo(conn.writable);
  }
}

async function ask(host: Host, serverKey: Uint8Array, question: string): Promise<string> {
  await using session = await connect(host, { hostname: "server", port: 4000, serverKey });
  const conn = await session.multiplex().openConn("echo");
  await conn.write(new TextEncoder().encode(question));
  conn.closeWrite();
  return await new Response(conn.readable).text();
}

test("programs that use pipeTo() and Response settle within virtual time", async () => {
  const network = simulatedNetwork({ seed: 7, conditions: { delay: 30, loss: 0.2 } });
  const secretKey = new Uint8Array(32).fill(1);
  await using listener = await listen(network.addNode("server"), {
    port: 4000,
    secretKey,
    freshKey: true,
  });
  const serving = serve(listener);
  const question = "hello".repeat(20_000);
  const asking = ask(network.addNode("client"), listener.publicKey, question);
  assert.equal(await network.run(asking, 60_000), question);
  await network.run(listener.close());
  await serving;
});

test("programs that pipe through transforms, or read by an iterator, settle within virtual time", async () => {
  const network = simulatedNetwork({ conditions: { delay: 30 } });
  const [a, b] = [network.addNode("a"), network.addNode("b")];
  const text = "much of the same ".repeat(5_000);
  const got = Promise.withResolvers<string>();
  const listener = await b.listenStream({ hostname: "::", port: 1 }, {
    onStream: async ({ readable }) => {
      const decoder = new TextDecoder();
      let all = "";
      for await (const part of readable) all += decoder.decode(part, { stream: true });
      got.resolve(all + decoder.decode());
    },
  });
  const stream = await network.run(a.connectStream(listener.addr));
  const source = new ReadableStream<string>({
    start: (controller) => {
      controller.enqueue(text);
      controller.close();
    },
  });
  const sending = source.pipeThrough(new TextEncoderStream()).pipeTo(stream.writable);
  assert.equal(await network.run(got.promise), text);
  await network.run(sending);
});
