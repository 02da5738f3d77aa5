/**
 * TLS, as a client, over any byte stream, by `node:tls`.
 *
 * Certificates are not checked: who the server is, it proves by its key inside of this. Versions
 * are those that the runtime offers, 1.2 among them, the only one that the original speaks.
 *
 * @module
 */
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { clearTimeout, setTimeout } from "node:timers";
import { connect } from "node:tls";
import { SosistabError } from "../errors.ts";
import type { ByteStream, Host } from "../host.ts";
import { NetStream } from "./net_stream.ts";
import { isCut, messageOf } from "./socket_error.ts";
import { socketBridge, streamBridge, type TlsBridge } from "./tls_bridge.ts";

// Tuning.

/** How long a handshake may take, ms: two or three round trips, each of which may be lost thrice. */
const HANDSHAKE_TIMEOUT = 30_000;

/**
 * Makes {@linkcode Host.secureStream}.
 *
 * @param overSockets Whether TLS may speak over a socket itself: see `tls_bridge.ts`.
 */
export function secureBy(overSockets: boolean): NonNullable<Host["secureStream"]> {
  return async (stream, { serverName = "", signal } = {}) => {
    let bridge: TlsBridge | undefined;
    try {
      checkServerName(serverName);
      signal?.throwIfAborted();
      bridge = bridgeOver(stream, overSockets);
      const inside = await openInside(bridge.duplex, serverName, signal);
      return new NetStream(inside, bridge.over(inside));
    } catch (error) {
      bridge?.duplex.destroy();
      stream.close();
      throw error;
    }
  };
}

function bridgeOver(stream: ByteStream, overSockets: boolean): TlsBridge {
  if (!(stream instanceof NetStream)) return streamBridge(stream);
  const socket = overSockets ? stream.release() : undefined;
  return socket ? socketBridge(socket, stream) : streamBridge(stream, stream);
}

function openInside(
  below: Duplex,
  servername: string,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const inside = connect({ socket: below, servername, rejectUnauthorized: false });
    const timer = setTimeout(() => fail(noAnswer()), HANDSHAKE_TIMEOUT);
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);

    let isSettled = false;
    const settle = () => {
      isSettled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      if (isSettled) return;
      settle();
      inside.destroy();
      reject(error);
    };

    // These listeners stay, so that whatever comes later is thrown at nobody.
    for (const part of [inside, below]) {
      part.on("error", (error) => fail(handshakeError(error)));
      part.on("close", () => fail(handshakeError(undefined)));
    }
    inside.once("secureConnect", () => {
      settle();
      resolve(inside);
    });
  });
}

/** Throws a `TypeError` for what cannot stand in a hello: the runtimes warn, or fail in their own ways. */
function checkServerName(name: string): void {
  const isName = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(name) && name.length <= 253;
  if (name !== "" && (!isName || isIP(name) !== 0)) {
    throw new TypeError(`serverName must be a host name in ASCII, got "${name}"`);
  }
}

function handshakeError(cause: unknown): SosistabError {
  if (cause instanceof SosistabError) return cause;
  return cause === undefined || isCut(cause)
    ? new SosistabError("reset", "the other end cut the stream in the TLS handshake", { cause })
    : new SosistabError("connection-lost", `no TLS: ${messageOf(cause)}`, { cause });
}

function noAnswer(): SosistabError {
  return new SosistabError("no-answer", "the other end has not answered the TLS handshake");
}
