import { test } from "node:test";
import assert from "node:assert/strict";
import { SosistabError } from "../../mod.ts";
import { testEachSeed } from "../support/each_seed.ts";
import { pattern } from "../support/pattern.ts";
import { readAll, VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);
const isError = (code: string) => (error: unknown) =>
  error instanceof SosistabError && error.code === code;

testEachSeed({
  name: "write() and read() carry bytes in order under loss, duplication and reordering",
  file: import.meta.url,
  seeds: 5,
  run: async (seed) => {
    const pair = new VirtualPair(
      { delay: 10, loss: 0.05, duplicate: 0.1, reorder: 0.2, reorderDelay: 20 },
      seed,
    );
    const { client, server } = await pair.conns();
    const sent = pattern(200_000);
    const reading = readAll(server);
    await pair.run(client.write(sent).then(() => client.closeWrite()));
    assert.deepEqual(await pair.run(reading), sent, `seed ${seed}`);
  },
});

test("closeWrite() ends one direction; the other goes on until its own end", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  await client.write(text("request"));
  client.closeWrite();
  assert.deepEqual(await pair.run(readAll(server)), text("request"));
  await pair.pass(10_000);
  await server.write(text("late answer"));
  server.closeWrite();
  assert.deepEqual(await pair.run(readAll(client)), text("late answer"));
  assert.deepEqual(await pair.run(Promise.all([client.closed, server.closed])), [
    { by: "local" },
    { by: "local" },
  ]);
});

test("read() gives null at the end, again and again", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  server.closeWrite();
  const into = new Uint8Array(1);
  assert.equal(await pair.run(client.read(into)), null);
  assert.equal(await pair.run(client.read(into)), null);
});

test("write() rejects with closed after closeWrite()", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.conns();
  client.closeWrite();
  await assert.rejects(client.write(text("x")), isError("closed"));
});

test("reset() cuts the stream: reads and writes reject with reset at the other end", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  const reading = assert.rejects(server.read(new Uint8Array(1)), isError("reset"));
  client.reset();
  await pair.run(reading);
  await assert.rejects(server.write(text("x")), isError("reset"));
  await assert.rejects(client.read(new Uint8Array(1)), isError("closed"));
  assert.equal((await server.closed).by, "remote");
  assert.equal((await client.closed).by, "local");
});

test("close() lets what was written arrive, throws away what comes, and settles with closed", async () => {
  const pair = new VirtualPair({ delay: 10, loss: 0.1 });
  const { client, server } = await pair.conns();
  const sent = pattern(100_000);
  const reading = readAll(server);
  await pair.run(client.write(sent));
  const closing = client.close();
  assert.deepEqual(await pair.run(reading), sent);
  await pair.run(server.write(text("nobody reads this")));
  await pair.run(server.close());
  await pair.run(closing);
  assert.deepEqual(await client.closed, { by: "local" });
});

test("close() ends even when the other end never does", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  const start = pair.now;
  await pair.run(client.close());
  assert.ok(pair.now - start < 3_000, `${pair.now - start}`);
  assert.equal((await pair.run(server.closed)).by, "remote");
});

test("write() waits for a reader that is slow, and the reader still gets everything", async () => {
  const pair = new VirtualPair({ delay: 5 });
  const { client, server } = await pair.conns();
  const sent = pattern(12_000_000);
  let isWritten = false;
  const writing = client.write(sent).then(() => {
    isWritten = true;
    client.closeWrite();
  });
  await pair.pass(20_000);
  assert.equal(isWritten, false);
  const reading = readAll(server);
  await pair.run(writing, 120_000);
  assert.deepEqual(await pair.run(reading, 120_000), sent);
});

test("readable delivers bulk in big chunks, and a single message without delay", async () => {
  const pair = new VirtualPair({ delay: 10, rate: 100 });
  const { client, server } = await pair.conns();
  const reader = server.readable.getReader();
  const start = pair.now;
  const first = reader.read();
  await client.write(text("one"));
  assert.deepEqual((await pair.run(first)).value, text("one"));
  assert.ok(pair.now - start <= 12, `${pair.now - start}`);
  const writing = client.write(pattern(4_000_000)).then(() => client.closeWrite());
  let [chunks, bytes] = [0, 0];
  const counting = (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks++;
      bytes += part.value.length;
    }
  })();
  await pair.run(Promise.all([writing, counting]));
  assert.equal(bytes, 4_000_000);
  assert.ok(bytes / chunks >= 8_192, `${bytes / chunks} bytes a chunk`);
});

test("writable applies backpressure, ends the half by close() and cuts the stream by abort()", async () => {
  const pair = new VirtualPair();
  const { client, server, clientMux } = await pair.conns();
  const writer = client.writable.getWriter();
  await pair.run(writer.write(text("all")));
  await pair.run(writer.close());
  assert.deepEqual(await pair.run(readAll(server)), text("all"));
  const other = await pair.run(clientMux.openConn());
  await pair.run(other.writable.abort());
  assert.equal((await pair.run(other.closed)).error?.code, "closed");
});

test("cancelling readable means that nobody reads any more", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  await pair.run(client.readable.cancel());
  await pair.run(server.write(pattern(1_000_000)));
  client.closeWrite();
  assert.equal((await pair.run(client.closed)).by, "local");
});

test("read() and write() reject with the signal's reason, and can be called again", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.conns();
  const reason = new Error("enough");
  const controller = new AbortController();
  const reading = assert.rejects(
    client.read(new Uint8Array(8), { signal: controller.signal }),
    reason,
  );
  controller.abort(reason);
  await reading;
  await server.write(text("later"));
  assert.equal(await pair.run(client.read(new Uint8Array(8))), 5);
  pair.blackout(true);
  const other = new AbortController();
  const writing = assert.rejects(
    client.write(pattern(20_000_000), { signal: other.signal }),
    reason,
  );
  await pair.pass(100);
  other.abort(reason);
  await writing;
});

test("two reads or two writes at once are a mistake, told at once", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.conns();
  void client.read(new Uint8Array(1)).catch(() => {});
  const reading = new TypeError("another read of this stream is under way");
  await assert.rejects(client.read(new Uint8Array(1)), reading);
  void client.write(pattern(20_000_000)).catch(() => {});
  const writing = new TypeError("another write to this stream is under way");
  await assert.rejects(client.write(new Uint8Array(1)), writing);
  const empty = new RangeError("into must hold at least one byte");
  await assert.rejects(client.read(new Uint8Array(0)), empty);
});

test("close() gives back what was never read, of a stream that has already ended too", async () => {
  const pair = new VirtualPair();
  const { clientMux, serverMux } = await pair.conns();
  for (let i = 0; i < 12; i++) {
    const near = await pair.run(clientMux.openConn());
    const far = await pair.run(serverMux.acceptConn());
    near.closeWrite();
    // Twelve times this is more than a session may hold.
    await pair.run(far.write(pattern(3_000_000)).then(() => far.close()));
    await pair.run(near.closed);
    await pair.run(near.close());
  }
});
