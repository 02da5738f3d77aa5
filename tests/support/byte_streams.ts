/**
 * Byte streams of a host, lent to a test.
 *
 * @module
 */
import { concatenate } from "../../src/bytes.ts";
import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import { SosistabError, type SosistabErrorCode } from "../../src/errors.ts";
import type {
  ByteStream,
  Host,
  ListenStreamOptions,
  StreamListener,
  StreamSocket,
} from "../../src/host.ts";
import { delay } from "./delay.ts";
import { LOOPBACK } from "./mailbox.ts";

/** What a test does with streams; whatever it makes is closed when it ends. */
export interface Streams {
  /** Listens; `accept` gives the streams that have come, in order. */
  listen(options?: ListenStreamOptions, address?: Address): Promise<Accepting>;
  /** Connects. */
  connect(address: Address, signal?: AbortSignal): Promise<StreamSocket>;
  /** Both ends of a connection. */
  pair(): Promise<{ near: StreamSocket; far: StreamSocket }>;
  /** Something else that is to be closed. */
  keep<T extends { close(): void }>(thing: T): T;
}

/** A listener, and whoever comes to it. */
export interface Accepting extends StreamListener {
  /** The next stream; fails after five seconds. */
  accept(): Promise<StreamSocket>;
  /** How many have come and were not accepted. */
  readonly waiting: number;
}

/** Lends a test streams of a host. */
export async function withStreams(
  host: Host,
  use: (streams: Streams) => Promise<void>,
): Promise<void> {
  const opened: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(thing: T): T => {
    opened.push(thing);
    return thing;
  };
  const connect = async (address: Address, signal?: AbortSignal) => {
    assert.ok(host.connectStream);
    return keep(await host.connectStream(address, signal ? { signal } : {}));
  };
  const listen = async (options: ListenStreamOptions = {}, address = LOOPBACK) => {
    assert.ok(host.listenStream);
    const came: StreamSocket[] = [];
    const handler = { onStream: (stream: StreamSocket) => void came.push(keep(stream)) };
    const listener = keep(await host.listenStream(address, handler, options));
    return {
      addr: listener.addr,
      close: () => listener.close(),
      get waiting() {
        return came.length;
      },
      async accept() {
        for (let waited = 0; came.length === 0 && waited < 1_000; waited++) await delay(5);
        const stream = came.shift();
        assert.ok(stream, "nobody has come");
        return stream;
      },
    };
  };
  const pair = async () => {
    const listener = await listen();
    const near = await connect(listener.addr);
    return { near, far: await listener.accept() };
  };
  try {
    await use({ listen, connect, pair, keep });
  } finally {
    for (const thing of opened) thing.close();
    // The runtimes need a few turns to end what was under way.
    await delay(20);
  }
}

/** Reads to the end. */
export async function readAll({ readable }: Pick<ByteStream, "readable">): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of readable) parts.push(part);
  return concatenate(parts);
}

/** Reads so many bytes, not one more or less than the chunks bring. */
export async function readSome({ readable }: ByteStream, length: number): Promise<Uint8Array> {
  const reader = readable.getReader();
  const parts: Uint8Array[] = [];
  for (let count = 0; count < length;) {
    const { value } = await reader.read();
    assert.ok(value, `the stream ended after ${count} bytes`);
    parts.push(value);
    count += value.length;
  }
  reader.releaseLock();
  return concatenate(parts);
}

/** Writes all in pieces, and closes the writing half. */
export async function writeAll(
  { writable }: Pick<ByteStream, "writable">,
  bytes: Uint8Array,
  piece = 10_000,
): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0; at < bytes.length; at += piece) {
    await writer.write(bytes.subarray(at, at + piece));
  }
  await writer.close();
}

/** Writes once. */
export async function writeOnce({ writable }: ByteStream, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(bytes);
  writer.releaseLock();
}

/** Sends back what comes, to the end. */
export async function echo(stream: ByteStream): Promise<void> {
  await stream.readable.pipeTo(stream.writable);
}

/** Whether an error is one of ours, of a kind. */
export function isError(...codes: SosistabErrorCode[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SosistabError, `${error}`);
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  };
}
