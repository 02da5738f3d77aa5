/**
 * Both ends of a connection without a network: machines that share a key, and verbs for tests.
 */
import type { KeyPair, X25519 } from "../../src/host.ts";
import { Random } from "../../src/random.ts";
import { ClientRecordMachine } from "../../src/records/client_machine.ts";
import { FrameBuffer } from "../../src/records/frame_buffer.ts";
import { HelloCiphers } from "../../src/records/hello_ciphers.ts";
import { ServerRecordMachine, type ServerRecordOptions } from "../../src/records/server_machine.ts";
import { seededSource } from "./seeded_random.ts";
import { ToyX25519 } from "./toy_x25519.ts";

/** A wall clock: 29,000,000 minutes and a half. */
export const EPOCH_SECONDS = 29_000_000 * 60 + 30;

/** The minute of that clock. */
export const MINUTE = 29_000_000;

/** The name of the client. */
export const NAME: Uint8Array = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

/** A server's world, and clients that know it. */
export class RecordEnds {
  readonly random: Random;
  readonly x25519: ToyX25519;
  readonly keyPair: KeyPair;
  /** What was asked of `isFresh`. */
  readonly seen: {
    readonly id: Uint8Array;
    readonly minute: number;
    readonly now: number;
    readonly epochSeconds: number;
  }[] = [];
  isFresh = true;

  constructor(seed = 1) {
    const source = seededSource(seed);
    this.random = new Random(source);
    this.x25519 = new ToyX25519(source);
    this.keyPair = this.x25519.generate();
  }

  /** A connection that has come. */
  server(options: Partial<ServerRecordOptions> = {}): ServerRecordMachine {
    const { random, x25519, keyPair } = this;
    return new ServerRecordMachine({
      keyPair,
      helloCiphers: new HelloCiphers(keyPair.publicKey),
      x25519,
      random,
      isFresh: (id, minute, now, epochSeconds) => {
        this.seen.push({ id: id.slice(), minute, now, epochSeconds });
        return this.isFresh;
      },
      ...options,
    });
  }

  /** A connection that is made. */
  client(serverKey: Uint8Array = this.keyPair.publicKey, x25519: X25519 = this.x25519) {
    const { random } = this;
    return new ClientRecordMachine({ serverKey, name: NAME, x25519, random }, EPOCH_SECONDS);
  }

  /** Both ends, open, and the name said. */
  open(): { readonly client: ClientRecordMachine; readonly server: ServerRecordMachine } {
    const [client, server] = [this.client(), this.server()];
    give(server, client.hello);
    client.handleBytes(server.pollAnswer() ?? new Uint8Array(0));
    give(server, client.seal(new Uint8Array(0)));
    return { client, server };
  }
}

/** Hands bytes to a server, a copy of them. */
export function give(server: ServerRecordMachine, bytes: Uint8Array, now = 0): void {
  server.handleBytes(bytes.slice(), now, EPOCH_SECONDS);
}

/** All datagrams that are there. */
export function polled(machine: { pollDatagram(): Uint8Array | undefined }): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  for (let datagram = machine.pollDatagram(); datagram; datagram = machine.pollDatagram()) {
    datagrams.push(datagram.slice());
  }
  return datagrams;
}

/** The frames of datagrams. */
export function framed(datagrams: readonly Uint8Array[]): Uint8Array {
  const frames = new FrameBuffer();
  for (const datagram of datagrams) frames.append(datagram);
  return frames.take();
}

/** The pieces of bytes that are cut into so many bytes, and again from the first size. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length;
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}
