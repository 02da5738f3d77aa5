/**
 * Somebody who suspects a TCP port of not being what it seems, and looks what it does.
 *
 * @module
 */
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Address } from "../../src/address.ts";
import { delay } from "./delay.ts";
import { seededSource } from "./seeded_random.ts";

/** What is said to the port, and how. */
export interface Probe {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether each byte is a write of its own. */
  readonly isByteByByte: boolean;
  /** Whether the writing half is closed behind the bytes. */
  readonly isHalfClosed: boolean;
}

/** What the port did. */
export interface Reaction {
  /** Bytes that came. */
  bytes: number;
  /** How it ended: not at all, in order, or by a reset. */
  end: "open" | "closed" | "reset";
  /** How long after the probe's last byte that was, ms. */
  endedAfter: number;
  /** Whether all of the probe was taken. */
  isTaken: boolean;
}

/**
 * Lengths at which a reader of some protocol might do something: none, one, the length box of an
 * opening and its neighbours, the least hello and answer, one segment, the longest frame, and long ones.
 */
const LENGTHS = [0, 1, 29, 30, 31, 99, 104, 134, 1448, 1449, 4095, 4096, 4097]
  .concat([16_384, 65_536, 1_048_576]);

/** Above this nobody probes byte by byte. */
const MOST_SINGLE_BYTES = 4_097;

/** Bytes that are written one by one in a turn of the event loop: a short pause follows. */
const SINGLE_BYTES_AT_ONCE = 16;

const HTTP =
  "GET / HTTP/1.1\r\nHost: server.example\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n";

/**
 * All probes: noise of all lengths, and what is known.
 *
 * @param known What a prober has seen elsewhere, by name.
 * @param seed Decides the noise.
 */
export function allProbes(known: Readonly<Record<string, Uint8Array>>, seed: number): Probe[] {
  const random = seededSource(seed);
  const noise = LENGTHS.map((length): readonly [string, Uint8Array] => {
    const bytes = new Uint8Array(length);
    random(bytes);
    return [`${length} bytes of noise`, bytes];
  });
  const http: readonly [string, Uint8Array] = ["an HTTP request", new TextEncoder().encode(HTTP)];
  const zeros: readonly [string, Uint8Array] = ["200 zeros", new Uint8Array(200)];
  return [...noise, http, zeros, ...Object.entries(known)].flatMap(([name, bytes]) =>
    [false, true].flatMap((isByteByByte) =>
      isByteByByte && (bytes.length < 2 || bytes.length > MOST_SINGLE_BYTES)
        ? []
        : [false, true].map((isHalfClosed) => ({
          name: `${name}, ${isByteByByte ? "byte by byte" : "at once"}, ${
            isHalfClosed ? "then closed" : "left open"
          }`,
          bytes,
          isByteByByte,
          isHalfClosed,
        }))
    )
  );
}

/**
 * Says a probe to a port, and watches.
 *
 * @param watch How long after the last byte, ms.
 */
export async function probe(address: Address, what: Probe, watch: number): Promise<Reaction> {
  const { hostname: host, port } = address;
  const socket = connectTcp({ host, port, allowHalfOpen: true, noDelay: true });
  return await observe(socket, what, watch);
}

/** The same within TLS. */
export async function probeInTls(
  { hostname: host, port }: Address,
  what: Probe,
  watch: number,
): Promise<Reaction> {
  const socket = connectTls({ host, port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  return await observe(socket, what, watch);
}

async function observe(socket: Socket, what: Probe, watch: number): Promise<Reaction> {
  const { bytes, isByteByByte, isHalfClosed } = what;
  const reaction: Reaction = { bytes: 0, end: "open", endedAfter: NaN, isTaken: false };
  let saidAt = performance.now();
  const ended = (end: "closed" | "reset"): void => {
    if (reaction.end === "open") reaction.endedAfter = performance.now() - saidAt;
    if (reaction.end !== "reset") reaction.end = end;
  };
  socket.on("data", (chunk: Uint8Array) => void (reaction.bytes += chunk.length));
  socket.on("end", () => ended("closed"));
  socket.on("error", () => ended("reset"));
  socket.on("close", () => ended("closed"));
  if (isByteByByte) {
    for (let at = 0; at < bytes.length; at++) {
      socket.write(bytes.subarray(at, at + 1));
      if (at % SINGLE_BYTES_AT_ONCE === 0) await delay(0);
    }
  } else if (bytes.length > 0) socket.write(bytes);
  saidAt = performance.now();
  if (isHalfClosed) socket.end();
  await delay(watch);
  const seen = { ...reaction, isTaken: socket.writableLength === 0 };
  socket.destroy();
  return seen;
}

/** The first thing that a TLS client says. */
export async function captureTlsHello(): Promise<Uint8Array> {
  const hello = Promise.withResolvers<Uint8Array>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (bytes: Uint8Array) => {
      hello.resolve(Uint8Array.from(bytes));
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const client = connectTls({ host: "127.0.0.1", port, servername: "server.example" });
  client.on("error", () => {});
  try {
    return await hello.promise;
  } finally {
    client.destroy();
    server.close();
  }
}
