/**
 * A bad path between the two ends of TCP connections.
 *
 * What a loss does to a byte stream is seen by its ends as a pause, after which more comes at once; and
 * where a piece ends is decided by nobody. So that is what a relay does: pieces of any size, pauses,
 * and connections that are cut.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../../src/address.ts";
import { delay } from "./delay.ts";
import { seededFraction } from "./seeded_random.ts";

/** Where a relay leads, and how bad it is. */
export interface StreamRelayOptions {
  readonly server: Address;
  /** Where clients find it, a port of 127.0.0.1; any that is free unless given. */
  readonly port?: number;
  /** Decides everything; 1 unless given. */
  readonly seed?: number;
  /** Longest piece, bytes; as they come unless given. */
  readonly piece?: number;
  /** Chance that a piece is followed by a pause, 0 to 1; 0 unless given. */
  readonly pauses?: number;
  /** Longest pause, ms. */
  readonly pause?: number;
}

/** Bytes that wait in a direction before the sender has to. */
const ROOM = 65_536;

/** A running relay. Close it at the end of the test. */
export class StreamRelay {
  /** What a client connects to. */
  readonly addr: Address;
  /** Connections that came. */
  connections = 0;
  /** Bytes that passed, in both directions. */
  bytes = 0;
  /** Pauses that were made. */
  pauses = 0;
  readonly #options: StreamRelayOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #fraction: () => number;

  private constructor(server: Server, port: number, options: StreamRelayOptions) {
    this.addr = { hostname: "127.0.0.1", port };
    this.#server = server;
    this.#options = options;
    this.#fraction = seededFraction(options.seed ?? 1);
    server.on("connection", (near) => this.#join(near));
  }

  /** Opens one on 127.0.0.1. */
  static open(options: StreamRelayOptions): Promise<StreamRelay> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    return new Promise((resolve, reject) => {
      server.on("error", reject);
      server.listen(options.port ?? 0, "127.0.0.1", () => {
        const address = server.address();
        const port = typeof address === "object" && address ? address.port : 0;
        resolve(new StreamRelay(server, port, options));
      });
    });
  }

  /** Cuts all connections. New ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends everything; doing so twice is harmless. */
  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(near: Socket): void {
    this.connections++;
    const { hostname: host, port } = this.#options.server;
    const far = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const ends = [near, far];
    for (const socket of ends) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      // A connection that is cut at one end is cut at the other.
      socket.on("close", () => {
        this.#sockets.delete(socket);
        for (const end of ends) end.destroy();
      });
    }
    this.#carry(near, far);
    this.#carry(far, near);
  }

  #carry(from: Socket, to: Socket): void {
    let passing = Promise.resolve();
    from.on("data", (chunk: Uint8Array) => {
      from.pause();
      passing = passing.then(() => this.#pass(chunk, to)).then(() => void from.resume());
    });
    from.on("end", () => void passing.then(() => to.end()));
  }

  async #pass(chunk: Uint8Array, to: Socket): Promise<void> {
    const { piece, pauses = 0, pause = 0 } = this.#options;
    let rest = chunk;
    while (rest.length > 0 && !to.destroyed) {
      const length = piece === undefined ? rest.length : 1 + Math.floor(this.#fraction() * piece);
      to.write(rest.subarray(0, length));
      this.bytes += Math.min(length, rest.length);
      rest = rest.subarray(length);
      if (this.#fraction() >= pauses) continue;
      this.pauses++;
      await delay(this.#fraction() * pause);
    }
    if (to.writableLength > ROOM) await drained(to);
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", () => resolve());
  });
}
