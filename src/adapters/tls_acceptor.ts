/**
 * TLS and plain streams on one port.
 *
 * A connection is looked at until its first nine bytes are there, in pieces of any size, or its end.
 * What begins like a TLS hello is answered by TLS; everything else is handed on as it came. Nobody
 * is told anything that a plain TLS server would not say.
 *
 * Connections that are not decided are held here: so many, and then the oldest goes. Who means it
 * is decided within a few round trips.
 *
 * @module
 */
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { StreamSocket, TlsIdentity } from "../host.ts";
import { looksLikeTls, TLS_SNIFF_LENGTH } from "../records/tls_sniff.ts";
import { checkIdentity } from "./certificate.ts";
import { endsOf, NetStream } from "./net_stream.ts";
import { socketBridge, streamBridge } from "./tls_bridge.ts";

// Tuning.

/**
 * Connections that may be undecided at once: with a round trip of 100 ms ten times as many as one
 * processor can sign handshakes for.
 */
const MAX_UNDECIDED = 1_024;

/** How long a handshake may take, ms: as with nginx, so that it tells nothing of us. */
const HANDSHAKE_TIMEOUT = 60_000;

/** Decides what connections are. */
export class TlsAcceptor {
  readonly #identity: { readonly cert: string; readonly key: string };
  readonly #context: SecureContext;
  readonly #overSockets: boolean;
  readonly #onStream: (stream: StreamSocket) => void;
  /** In the order of their coming. */
  readonly #undecided = new Set<Socket>();

  /**
   * Throws a `TypeError` when the certificate or the key is none.
   *
   * @param overSockets Whether TLS may speak over a socket itself: see `tls_bridge.ts`.
   * @param onStream Given each connection, when it is known what it is.
   */
  constructor(
    identity: TlsIdentity,
    overSockets: boolean,
    onStream: (stream: StreamSocket) => void,
  ) {
    checkIdentity(identity);
    this.#identity = { cert: identity.certificate, key: identity.key };
    this.#context = createSecureContext(this.#identity);
    this.#overSockets = overSockets;
    this.#onStream = onStream;
  }

  /** Somebody has connected. */
  accept(socket: Socket): void {
    if (this.#undecided.size >= MAX_UNDECIDED) this.#dropOldest();
    this.#undecided.add(socket);
    // Both stay: an error that nobody hears is thrown.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#undecided.delete(socket));
    const look = () => {
      const first: Uint8Array | null = socket.read(TLS_SNIFF_LENGTH);
      if (first === null && !socket.readableEnded) return;
      socket.off("readable", look);
      socket.off("end", look);
      if (first !== null) socket.unshift(first);
      if (first !== null && looksLikeTls(first)) this.#secure(socket);
      else this.#decide(socket, new NetStream(socket));
    };
    socket.on("readable", look);
    socket.on("end", look);
  }

  /** The listener was closed: who is undecided has nobody to go to. */
  close(): void {
    for (const socket of this.#undecided) socket.destroy();
  }

  #dropOldest(): void {
    for (const oldest of this.#undecided) {
      this.#undecided.delete(oldest);
      return void oldest.destroy();
    }
  }

  #secure(socket: Socket): void {
    const ends = endsOf(socket);
    const bridge = this.#overSockets
      ? socketBridge(socket, ends)
      : streamBridge(new NetStream(socket), ends);
    const inside = new TLSSocket(bridge.duplex, {
      ...this.#identity,
      secureContext: this.#context,
      isServer: true,
    });
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT);
    const giveUp = () => {
      clearTimeout(timer);
      inside.destroy();
    };
    socket.on("close", giveUp);
    // These stay, so that whatever comes later is thrown at nobody.
    for (const part of [inside, bridge.duplex]) part.on("error", () => part.destroy());
    // The event that `tls.Server` itself goes by.
    inside.once("secure", () => {
      clearTimeout(timer);
      // From now on it may still hold what nobody has read.
      socket.off("close", giveUp);
      this.#decide(socket, new NetStream(inside, bridge.over(inside)));
    });
  }

  /** Hands a connection on, unless it was dropped in the meantime. */
  #decide(socket: Socket, stream: StreamSocket): void {
    if (this.#undecided.delete(socket)) this.#onStream(stream);
  }
}
