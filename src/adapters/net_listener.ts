/**
 * A TCP listener by `node:net`.
 *
 * @module
 */
import { createServer, type Server, type Socket } from "node:net";
import { type Address, normalizeHostname } from "../address.ts";
import type { Host, StreamHandler, StreamListener, StreamSocket, TlsIdentity } from "../host.ts";
import { keepAccepting } from "./accept_again.ts";
import { NetStream } from "./net_stream.ts";
import { checkBindAddress, socketError } from "./socket_error.ts";
import { throwUncaught } from "../transport/throw_uncaught.ts";
import { TlsAcceptor } from "./tls_acceptor.ts";

/** What the streams of a runtime can do, and cannot. */
export interface StreamTraits {
  /** Whether TLS may speak over a socket itself: see `tls_bridge.ts`. */
  readonly tlsOverSockets: boolean;
  /** Whether a listener has to be woken after it was out of file descriptors: see `accept_again.ts`. */
  readonly forgetsToAccept?: boolean;
}

/** Makes {@linkcode Host.listenStream}. */
export function listenBy(traits: StreamTraits): NonNullable<Host["listenStream"]> {
  return (address, handler, { tls } = {}) => listen(address, handler, tls, traits);
}

async function listen(
  address: Address,
  handler: StreamHandler,
  tls: TlsIdentity | undefined,
  { tlsOverSockets, forgetsToAccept }: StreamTraits,
): Promise<StreamListener> {
  checkBindAddress(address);
  const onStream = (stream: StreamSocket) => {
    try {
      handler.onStream(stream);
    } catch (error) {
      throwUncaught(error);
    }
  };
  const acceptor = tls === undefined
    ? new PlainAcceptor(onStream)
    : new TlsAcceptor(tls, tlsOverSockets, onStream);
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  try {
    await bind(server, address);
  } catch (error) {
    throw socketError(error, address);
  }
  return new NetListener(server, acceptor, forgetsToAccept ? keepAccepting(server) : undefined);
}

/** Listens; rejects with what the runtime says. */
function bind(server: Server, { hostname, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    // This listener stays for ever: a connection that could not be accepted is no end of all.
    server.on("error", reject);
    // Exclusive: in a worker of `node:cluster` the port would be shared with the others, and the
    // connections of a session would go to any of them.
    server.listen({ host: hostname, port, exclusive: true }, resolve);
  });
}

/** What becomes of connections. */
interface Acceptor {
  /** Somebody has connected. */
  accept(socket: Socket): void;
  /** The listener was closed. */
  close(): void;
}

class PlainAcceptor implements Acceptor {
  readonly #onStream: (stream: StreamSocket) => void;

  constructor(onStream: (stream: StreamSocket) => void) {
    this.#onStream = onStream;
  }

  accept(socket: Socket): void {
    this.#onStream(new NetStream(socket));
  }

  close(): void {}
}

class NetListener implements StreamListener {
  readonly addr: Address;
  readonly #server: Server;
  readonly #acceptor: Acceptor;
  readonly #waking: Disposable | undefined;

  constructor(server: Server, acceptor: Acceptor, waking: Disposable | undefined) {
    this.#server = server;
    this.#acceptor = acceptor;
    this.#waking = waking;
    this.addr = addressOf(server);
    server.on("connection", (socket) => {
      // Whoever has cut the connection already has no address any more.
      const isThere = server.listening && socket.remoteAddress !== undefined;
      if (isThere) return acceptor.accept(socket);
      socket.on("error", () => {});
      socket.destroy();
    });
  }

  close(): void {
    if (!this.#server.listening) return;
    this.#waking?.[Symbol.dispose]();
    this.#server.close();
    this.#acceptor.close();
  }
}

function addressOf(server: Server): Address {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a listener has no port");
  return { hostname: normalizeHostname(address.address), port: address.port };
}
