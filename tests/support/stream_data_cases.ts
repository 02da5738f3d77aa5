import assert from "node:assert/strict";
import { connect as connectNode } from "node:net";
import type { Host, StreamSocket } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import {
  echo,
  isError,
  readAll,
  readSome,
  withStreams,
  writeAll,
  writeOnce,
} from "./byte_streams.ts";
import { delay } from "./delay.ts";
import { saltedBytes } from "./salted_bytes.ts";

/** The cases of what byte streams carry, and of how they end. */
export function streamDataCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...carryCases(makeHost),
    ...halfCloseCases(makeHost),
    ...cutCases(makeHost),
    ...closeCases(makeHost),
  ];
}

function carryCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "a stream carries megabytes in order, both ways at once",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const bytes = saltedBytes(0, 4_000_000, 1);
          const [, echoed] = await Promise.all([
            writeAll(near, bytes, 50_000),
            readAll(near),
            echo(far),
          ]);
          assert.deepEqual(echoed, bytes);
        }),
    },
    {
      name: "a stream's chunks are the reader's: later ones leave them alone",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          for (let i = 0; i < 50; i++) {
            await writeOnce(near, saltedBytes(i * 1_000, 1_000, 2));
            if (i % 10 === 0) await delay(2);
          }
          await near.writable.close();
          assert.deepEqual(await readAll(far), saltedBytes(0, 50_000, 2));
        }),
    },
    {
      name: "a writer waits when nobody reads, and goes on when somebody does",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const total = 40_000_000;
          let written = 0;
          const writing = (async () => {
            const writer = near.writable.getWriter();
            for (const chunk = new Uint8Array(100_000); written < total; written += chunk.length) {
              await writer.write(chunk);
            }
            await writer.close();
          })();
          let before = -1;
          while (written !== before) {
            before = written;
            await delay(100);
          }
          // What the system's own buffers hold, at both ends.
          assert.ok(written < 20_000_000, `${written}`);
          let read = 0;
          for await (const chunk of far.readable) read += chunk.length;
          await writing;
          assert.equal(read, total);
        }),
    },
    {
      name: "a write's bytes leave together, as one segment",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const reader = far.readable.getReader();
          for (const length of [3, 700, 10_000]) {
            await writeOnce(near, saltedBytes(0, length, length));
            const { value } = await reader.read();
            assert.equal(value?.length, length);
          }
        }),
    },
    {
      name: "a stream takes Uint8Array only",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near } = await pair();
          const writer: WritableStreamDefaultWriter<unknown> = near.writable.getWriter();
          await assert.rejects(writer.write("text"), TypeError);
        }),
    },
  ];
}

function halfCloseCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "closing the writable closes that half alone, after all that was written",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          await writeAll(near, saltedBytes(0, 300_000, 1), 300_000);
          assert.deepEqual(await readAll(far), saltedBytes(0, 300_000, 1));
          await delay(20);
          await writeAll(far, saltedBytes(0, 300_000, 2));
          await delay(50);
          assert.deepEqual(await readAll(near), saltedBytes(0, 300_000, 2));
        }),
    },
    {
      name: "closing the writable works in the other order, from whoever was connected to",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          await writeAll(far, Uint8Array.of(1, 2));
          assert.deepEqual(await readAll(near), Uint8Array.of(1, 2));
          await writeAll(near, Uint8Array.of(3));
          assert.deepEqual(await readAll(far), Uint8Array.of(3));
        }),
    },
    {
      name: "cancelling the readable reads on and throws away: the other end can write all it has",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          await far.readable.cancel();
          await writeAll(near, new Uint8Array(20_000_000), 1_000_000);
          await writeOnce(far, Uint8Array.of(9));
          assert.deepEqual(await readSome(near, 1), Uint8Array.of(9));
        }),
    },
  ];
}

function cutCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "aborting the writable cuts: the other end gets reset, this one closed",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const reading = readAll(far);
          reading.catch(() => {});
          await near.writable.abort();
          await assert.rejects(reading, isError("reset"));
          await assert.rejects(readAll(near), isError("closed"));
          await assert.rejects(writeAll(far, Uint8Array.of(1)), isError("reset"));
        }),
    },
    {
      name: "aborting the writable cuts at once, though a write hangs",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const writer = near.writable.getWriter();
          const hanging = writer.write(new Uint8Array(60_000_000));
          hanging.catch(() => {});
          await delay(50);
          await writer.abort();
          await assert.rejects(hanging);
          await assert.rejects(readAll(far), isError("reset", "connection-lost"));
        }),
    },
    {
      name: "a stream that was cut fails whoever writes, and says so though nobody does",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const writer = near.writable.getWriter();
          const reading = near.readable.getReader().read();
          await far.writable.abort();
          await assert.rejects(reading, isError("reset"));
          await assert.rejects(writer.closed, isError("reset"));
          await assert.rejects(writer.write(Uint8Array.of(1)), isError("reset"));
        }),
    },
  ];
}

function closeCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "close() lets what was written go out, even what waits, and twice is harmless",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const writer = near.writable.getWriter();
          const bytes = saltedBytes(0, 12_000_000, 3);
          for (let at = 0; at < bytes.length; at += 3_000_000) {
            void writer.write(bytes.subarray(at, at + 3_000_000));
          }
          near.close();
          near.close();
          await delay(20);
          assert.deepEqual(await readAll(far), bytes);
        }),
    },
    {
      name: "close() reads nothing any more, and takes no further write",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          const reader = near.readable.getReader();
          const reading = reader.read();
          const writer = near.writable.getWriter();
          near.close();
          assert.equal((await reading).done, true);
          await assert.rejects(writer.write(Uint8Array.of(1)), isError("closed"));
          assert.deepEqual(await readAll(far), new Uint8Array(0));
        }),
    },
    {
      name: "close() is no cut: the other end reads all of it though it wrote meanwhile",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          await writeOnce(far, new Uint8Array(100_000));
          await delay(20);
          await writeOnce(near, saltedBytes(0, 200_000, 4));
          near.close();
          await delay(20);
          await writeOnce(far, new Uint8Array(100));
          await delay(20);
          assert.deepEqual(await readAll(far), saltedBytes(0, 200_000, 4));
        }),
    },
    {
      name: "close() ends the connection when the other end has closed too",
      run: () =>
        withStreams(makeHost(), async ({ listen }) => {
          const listener = await listen();
          const client = connectNode({ host: "127.0.0.1", port: listener.addr.port });
          const closed = new Promise<boolean>((resolve) => client.once("close", resolve));
          client.resume();
          const far: StreamSocket = await listener.accept();
          far.close();
          assert.equal(await closed, false);
        }),
    },
  ];
}
