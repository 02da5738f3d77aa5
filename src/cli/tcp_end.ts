/**
 * TCP connections as ends, and the local port that they come through.
 *
 * `node:net` behaves alike on all runtimes, half-closes included.
 *
 * @module
 */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import type { Address } from "../address.ts";
import type { ByteEnd } from "./byte_end.ts";
import { StreamReader } from "./stream_reader.ts";

/** A TCP connection. */
export class TcpEnd implements ByteEnd {
  readonly #socket: Socket;
  readonly #reader: StreamReader;
  readonly closed: Promise<{ readonly error?: unknown }>;

  /** @param socket An open one, with `allowHalfOpen`. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new StreamReader(socket);
    this.closed = new Promise((resolve) => {
      socket.once("error", (error) => resolve({ error }));
      socket.once("close", () => resolve({}));
    });
    socket.setNoDelay(true);
  }

  /** Where it came from, for people. */
  get remoteAddr(): Address {
    return {
      hostname: this.#socket.remoteAddress ?? "",
      port: this.#socket.remotePort ?? 0,
    };
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#reader.read(into);
  }

  write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      // A socket that is cut forgets the writes that wait.
      const onClose = () => reject(new Error("it was cut off"));
      this.#socket.once("close", onClose);
      this.#socket.write(chunk, (error) => {
        this.#socket.off("close", onClose);
        if (error) reject(error);
        else resolve();
      });
    });
  }

  closeWrite(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }
}

/** Connects to a TCP service. */
export function connectTcp({ hostname, port }: Address): Promise<TcpEnd> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: hostname, port, allowHalfOpen: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(new TcpEnd(socket));
    });
  });
}

/** A local TCP port. */
export interface TcpPort {
  /** Where it is, with the real port. */
  readonly addr: Address;
  /** Takes no more connections; those that are open stay. */
  close(): void;
}

/** Opens a local TCP port. */
export function listenTcp(
  { hostname, port }: Address,
  onConnection: (end: TcpEnd) => void,
): Promise<TcpPort> {
  return new Promise((resolve, reject) => {
    const server = createServer(
      { allowHalfOpen: true },
      (socket) => onConnection(new TcpEnd(socket)),
    );
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      // A connection that could not be accepted (too many open files) does not end the port.
      server.on("error", () => {});
      resolve({ addr: boundAddress(server), close: () => server.close() });
    });
  });
}

function boundAddress(server: Server): Address {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the port has no address");
  return { hostname: bound.address, port: bound.port };
}
