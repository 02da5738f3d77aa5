/**
 * The host for Node.
 *
 * @module
 */
import type { Host } from "../host.ts";
import { bindDgram, LARGE_RECEIVE_BUFFER } from "./dgram_socket.ts";
import { makePlatform } from "./platform.ts";

/**
 * Makes the host for Node.
 *
 * A bound socket keeps the process alive until it is closed; an alarm does so while it is armed.
 */
export function nodeHost(): Host {
  return {
    ...makePlatform({ tlsOverSockets: true }),
    bindDatagram: (address, handler) => bindDgram(address, handler, LARGE_RECEIVE_BUFFER),
  };
}
