import { test } from "node:test";
import assert from "node:assert/strict";
import type { ByteStream } from "../../src/host.ts";
import { type PumpHandler, StreamPump } from "../../src/transport/stream_pump.ts";

/** A stream in memory, and what was done to it. */
class Stream implements ByteStream {
  readonly did: string[] = [];
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Lets bytes come, or the end, or an error. */
  incoming!: ReadableStreamDefaultController<Uint8Array>;
  /** Settles the write under way. */
  written: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor() {
    this.readable = new ReadableStream({
      start: (controller) => void (this.incoming = controller),
      cancel: () => void this.did.push("cancel"),
    });
    this.writable = new WritableStream({
      write: (bytes) => {
        this.did.push(`write ${bytes.join()}`);
        this.written = Promise.withResolvers();
        return this.written.promise;
      },
      close: () => void this.did.push("finish"),
      abort: () => void this.did.push("abort"),
    });
  }

  close(): void {
    this.did.push("close");
  }
}

/** A pump, its stream, and what its handler was told. */
class Setting implements PumpHandler {
  readonly told: string[] = [];
  readonly stream = new Stream();
  readonly pump: StreamPump = new StreamPump(this.stream, this);
  onEach: () => void = () => {};

  onBytes(bytes: Uint8Array): void {
    this.told.push(`bytes ${bytes.join()}`);
    this.onEach();
  }

  onWritten(): void {
    this.told.push("written");
    this.onEach();
  }

  onEnd(): void {
    this.told.push("end");
    this.onEach();
  }

  onFailure(error: unknown): void {
    this.told.push(`failure ${error instanceof Error ? error.message : error}`);
  }

  onFault(error: unknown): void {
    this.told.push(`fault ${error instanceof Error ? error.message : error}`);
  }
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

test("bytes are told as they come, and the end", async () => {
  const { told, stream, pump } = new Setting();
  pump.start();
  stream.incoming.enqueue(Uint8Array.of(1, 2));
  stream.incoming.enqueue(Uint8Array.of(3));
  await turn();
  assert.deepEqual(told, ["bytes 1,2", "bytes 3"]);
  stream.incoming.close();
  await turn();
  assert.deepEqual(told.slice(2), ["end"]);
  // The other half is still open.
  assert.equal(pump.canWrite, true);
  assert.deepEqual(stream.did, []);
});

test("write() is told when it was taken; canWrite is false until then", async () => {
  const { told, stream, pump } = new Setting();
  await turn();
  pump.write(Uint8Array.of(1));
  assert.equal(pump.canWrite, false);
  assert.equal(pump.isIdle, false);
  await turn();
  assert.deepEqual(told, []);
  stream.written.resolve();
  await turn();
  assert.deepEqual(told, ["written"]);
  assert.equal(pump.canWrite, true);
});

test("finish() closes the writing half after all that was written", async () => {
  const { told, stream, pump } = new Setting();
  pump.start();
  pump.write(Uint8Array.of(1));
  pump.finish();
  pump.finish();
  await turn();
  assert.deepEqual(stream.did, ["write 1"]);
  stream.written.resolve();
  await turn();
  assert.deepEqual(stream.did, ["write 1", "finish"]);
  assert.equal(pump.canWrite, false);
  stream.incoming.enqueue(Uint8Array.of(9));
  await turn();
  assert.deepEqual(told, ["written", "bytes 9"]);
});

test("what the handler throws goes to its onFault, and the stream goes on until that ends it", async () => {
  const setting = new Setting();
  const { told, stream, pump } = setting;
  let mistakes = 0;
  setting.onEach = () => {
    throw new Error(`mistake ${++mistakes}`);
  };
  pump.start();
  stream.incoming.enqueue(Uint8Array.of(1));
  stream.incoming.enqueue(Uint8Array.of(2));
  pump.write(Uint8Array.of(3));
  await turn();
  stream.written.resolve();
  await turn();
  stream.incoming.close();
  await turn();
  const what = ["bytes 1", "bytes 2", "written", "end"];
  assert.deepEqual(told, what.flatMap((each, i) => [each, `fault mistake ${i + 1}`]));
});

test("a failure is told once, whatever fails", async () => {
  const failures: ((stream: Stream) => void)[] = [
    ({ incoming }) => incoming.error(new Error("cut")),
    ({ written }) => written.reject(new Error("cut")),
    ({ incoming, written }) => {
      written.reject(new Error("cut"));
      incoming.error(new Error("cut"));
    },
  ];
  for (const fail of failures) {
    const { told, stream, pump } = new Setting();
    pump.start();
    pump.write(Uint8Array.of(1));
    await turn();
    fail(stream);
    await turn();
    assert.deepEqual(told, ["failure cut"]);
    assert.equal(pump.canWrite, false);
    assert.ok(stream.did.includes("close"));
    pump.close();
    pump.cut();
    pump.finish();
    await turn();
    assert.deepEqual(told, ["failure cut"]);
  }
});

test("close() lets what was written go out, and nothing is told afterwards", async () => {
  const { told, stream, pump } = new Setting();
  pump.start();
  pump.write(Uint8Array.of(1));
  await turn();
  pump.close();
  pump.close();
  await turn();
  assert.deepEqual(stream.did, ["write 1", "close", "cancel"]);
  stream.written.resolve();
  await turn();
  assert.deepEqual(told, []);
});

test("cut() aborts, and nothing is told afterwards", async () => {
  const { told, stream, pump } = new Setting();
  pump.start();
  await turn();
  pump.cut();
  pump.cut();
  await turn();
  assert.deepEqual(stream.did, ["abort", "close", "cancel"]);
  assert.deepEqual(told, []);
});

test("a handler may close it: it is told nothing more, even of what has come already", async () => {
  const setting = new Setting();
  const { told, stream, pump } = setting;
  setting.onEach = () => pump.close();
  stream.incoming.enqueue(Uint8Array.of(1));
  stream.incoming.enqueue(Uint8Array.of(2));
  pump.start();
  await turn();
  assert.deepEqual(told, ["bytes 1"]);
});

test("a stream that refuses to be closed changes nothing for its handler", async () => {
  const { told, stream, pump } = new Setting();
  stream.close = () => {
    throw new Error("closed already");
  };
  pump.start();
  stream.incoming.close();
  await turn();
  assert.deepEqual(told, ["end"]);
  pump.close();
  assert.equal(pump.canWrite, false);
});
