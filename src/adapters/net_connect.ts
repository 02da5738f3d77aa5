/**
 * TCP connections by `node:net`.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { type Address, formatAddress } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { ConnectStreamOptions, StreamSocket } from "../host.ts";
import { NetStream } from "./net_stream.ts";
import { checkConnectAddress, connectError } from "./socket_error.ts";

// Tuning.

/**
 * How long to wait for a connection, ms. By then Linux has sent its SYN five times (at 0, 1, 3, 7
 * and 15 s); by itself it would go on for two minutes.
 */
const CONNECT_TIMEOUT = 30_000;

/** Connects a byte stream: see {@linkcode Host.connectStream}. */
export async function connectNet(
  address: Address,
  { signal }: ConnectStreamOptions = {},
): Promise<StreamSocket> {
  checkConnectAddress(address);
  signal?.throwIfAborted();
  return new NetStream(await openSocket(address, signal));
}

function openSocket(address: Address, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = begin(address);
    const timer = setTimeout(() => fail(noAnswer(address)), CONNECT_TIMEOUT);
    const onAbort = () => fail(signal?.reason);
    signal?.addEventListener("abort", onAbort);

    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      reject(error);
    };

    // This listener stays, so that whatever comes later is thrown at nobody.
    socket.on("error", (error) => fail(connectError(error, address)));
    socket.once("connect", () => {
      settle();
      resolve(socket);
    });
  });
}

function begin(address: Address): Socket {
  const { hostname: host, port } = address;
  try {
    return connect({ host, port, allowHalfOpen: true, noDelay: true });
  } catch (error) {
    // Deno throws what it does not permit.
    throw connectError(error, address);
  }
}

function noAnswer(address: Address): SosistabError {
  return new SosistabError("no-answer", `${formatAddress(address)} has not answered`);
}
