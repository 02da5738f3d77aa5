/**
 * The host for Deno.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { Host } from "../host.ts";
import { MAX_DATAGRAM } from "./datagram_gate.ts";
import { enlargeReceiveBuffer } from "./deno_receive_buffer.ts";
import { bindDenoDatagram } from "./deno_socket.ts";
import { bindDgram, LARGE_RECEIVE_BUFFER } from "./dgram_socket.ts";
import { makePlatform } from "./platform.ts";
import { checkBindAddress, socketError } from "./socket_error.ts";

// Tuning.

/**
 * Deno's `node:dgram` sets no buffer of the system by this, but makes an array of that size for
 * every datagram, on Linux of twice that size. With the 64 KiB that it takes by itself a receive
 * costs two to three times as much, and with the number that is good on Node it stands still. So:
 * the longest datagram, and a byte more, since a longer one is cut without a word.
 */
const DGRAM_RECEIVE_BUFFER = MAX_DATAGRAM + 1;

/**
 * Makes the host for Deno.
 *
 * Sockets are those of `Deno.listenDatagram`, which a program must switch on: `--unstable-net`, or
 * `"unstable": ["net"]` in its `deno.json`. Without that they are those of `node:dgram`, which
 * take up to twice as long for each datagram.
 *
 * On Linux the sockets get a larger receive buffer where the program has all of `--allow-ffi`, as with
 * `-A`: without it a busy machine loses datagrams at some 10 Mbit/s and more.
 *
 * A bound socket keeps the process alive until it is closed; an alarm does so while it is armed.
 *
 * @param options `native: false` takes `node:dgram` in any case.
 */
export function denoHost(options: { readonly native?: boolean } = {}): Host {
  const native = options.native !== false && typeof Deno.listenDatagram === "function";
  const platform = makePlatform({ tlsOverSockets: false, forgetsToAccept: true });
  return {
    ...platform,
    async listenStream(address, handler, options) {
      await askToListen(address);
      return platform.listenStream(address, handler, options);
    },
    async bindDatagram(address, handler) {
      const socket = native
        ? await bindDenoDatagram(address, handler)
        : await bindDgram(address, handler, DGRAM_RECEIVE_BUFFER);
      enlargeReceiveBuffer(socket.addr.port, LARGE_RECEIVE_BUFFER);
      return socket;
    },
  };
}

/** Asks for the permission to listen. Left to ask itself, Deno's `node:net` throws where nobody can catch it. */
async function askToListen(address: Address): Promise<void> {
  checkBindAddress(address);
  const { state } = await Deno.permissions.request({ name: "net", host: formatAddress(address) });
  if (state !== "granted") {
    throw socketError(new Deno.errors.NotCapable("no --allow-net for it"), address);
  }
}
