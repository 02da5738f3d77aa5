/**
 * Opens byte streams to a server: TCP to one of its addresses, or whatever a connector gives; and TLS
 * inside of that, when it is wanted.
 *
 * @module
 */
import type { Address } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { ByteStream, Host, StreamSocket } from "../host.ts";
import type { Connector } from "../transport/connector.ts";
import { Alarm } from "./alarm.ts";

// Tuning.

/** How long one address may take before the next one is tried beside it, ms: RFC 8305 has the same. */
const HEAD_START = 250;

/** What streams are to be like. */
export interface StreamWishes {
  /** Opens streams instead of the host. */
  readonly connector?: Connector;
  /** Whether TLS is spoken in them. */
  readonly isSecure: boolean;
  /** The name that TLS asks for in clear. */
  readonly serverName?: string;
}

/**
 * Makes a function that opens a stream to a server.
 *
 * @param addresses Where it may be; a connector gets the first. At least one.
 */
export function streamOpener(
  host: Host,
  addresses: readonly Address[],
  { connector, isSecure, serverName }: StreamWishes,
): (signal: AbortSignal) => Promise<ByteStream> {
  return async (signal) => {
    const stream = connector === undefined
      ? await connectFirst(host, addresses, signal)
      : await connector(addresses[0]!, { signal });
    if (!isSecure) return stream;
    if (host.secureStream === undefined) {
      stream.close();
      throw new SosistabError("socket-failed", "this host has no TLS");
    }
    return host.secureStream(stream, {
      signal,
      ...(serverName === undefined ? {} : { serverName }),
    });
  };
}

/** Connects to one of several addresses: each has a head start over the next. */
function connectFirst(
  host: Host,
  addresses: readonly Address[],
  signal: AbortSignal,
): Promise<StreamSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<StreamSocket>();
  const others = new AbortController();
  const waiting = [...addresses];
  let running = 0;
  let isOver = false;
  const alarm = new Alarm(host, () => tryNext());
  const end = () => {
    isOver = true;
    alarm.cancel();
    signal.removeEventListener("abort", onAbort);
    others.abort();
  };
  const onAbort = () => {
    end();
    reject(signal.reason);
  };
  const tryNext = () => {
    const address = waiting.shift();
    if (address === undefined || isOver) return;
    running++;
    if (waiting.length > 0) alarm.set(host.now() + HEAD_START);
    host.connectStream!(address, { signal: others.signal }).then((stream) => {
      if (isOver) return stream.close();
      end();
      resolve(stream);
    }, (error) => {
      running--;
      if (isOver) return;
      if (waiting.length > 0) {
        alarm.cancel();
        tryNext();
      } else if (running === 0) {
        end();
        reject(error);
      }
    });
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  else tryNext();
  return promise;
}
