/**
 * A client of a server of streams that does just what it is told, and tells all that it sees.
 */
import assert from "node:assert/strict";
import type { StreamSocket } from "../../src/host.ts";
import { ClientRecordMachine } from "../../src/records/client_machine.ts";
import { framed, polled } from "./record_ends.ts";
import { numberOf, type StreamBench } from "./stream_bench.ts";

/** One connection. */
export class RawClient {
  /** Bytes that have come. */
  bytes = 0;
  /** Copies of the datagrams that have come. */
  readonly datagrams: Uint8Array[] = [];
  /** How the other end's writing half ended: `"end"`, or the code of an error. */
  ended: string | undefined;
  readonly machine: ClientRecordMachine;
  readonly stream: StreamSocket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(stream: StreamSocket, machine: ClientRecordMachine, isReading: boolean) {
    this.stream = stream;
    this.machine = machine;
    this.#writer = stream.writable.getWriter();
    this.#writer.closed.catch(() => {});
    if (isReading) void this.#read();
  }

  /** A connection on which nothing was said. */
  static async connect(bench: StreamBench, name = 1, isReading = true): Promise<RawClient> {
    const machine = new ClientRecordMachine(
      {
        serverKey: bench.keyPair.publicKey,
        name: new Uint8Array(16).fill(name),
        x25519: bench.x25519,
        random: bench.random,
      },
      bench.client.epochSeconds(),
    );
    const stream = await bench.network.run(bench.connect());
    return new RawClient(stream, machine, isReading);
  }

  /** A connection that is open, and named when there are datagrams, which may be none. */
  static async open(
    bench: StreamBench,
    name: number,
    datagrams?: readonly Uint8Array[],
  ): Promise<RawClient> {
    const client = await RawClient.connect(bench, name);
    client.write(client.machine.hello);
    await bench.network.pass(100);
    assert.equal(client.machine.phase, "open");
    if (datagrams !== undefined) client.send(...datagrams);
    await bench.network.pass(100);
    return client;
  }

  /** The numbers of the datagrams that have come. */
  get numbers(): number[] {
    return this.datagrams.map(numberOf);
  }

  /** Writes bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#writer.write(bytes.slice()).catch(() => {});
  }

  /** Writes datagrams, the name before the first. */
  send(...datagrams: Uint8Array[]): void {
    this.write(this.machine.seal(framed(datagrams)));
  }

  /** Closes its writing half. */
  finish(): void {
    this.#writer.close().catch(() => {});
  }

  /** Cuts the connection. */
  cut(): void {
    this.#writer.abort().catch(() => {});
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of this.stream.readable) {
        this.bytes += bytes.length;
        this.machine.handleBytes(bytes);
        this.datagrams.push(...polled(this.machine));
      }
      this.ended = "end";
    } catch (error) {
      this.ended = error instanceof Error && "code" in error ? String(error.code) : String(error);
    }
  }
}
