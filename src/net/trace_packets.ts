/**
 * Tells what passes at a host, packet by packet: the log of the simulator, on real sockets.
 *
 * @module
 */
import { SessionCipher } from "../crypto/aead.ts";
import type { Host } from "../host.ts";
import { PacketLog } from "../session/packet_log.ts";

/**
 * Makes a host that is like another one and tells of all packets of its sessions. What others do with
 * the other one is not told.
 *
 * Over UDP a line stands for each datagram, handshakes and strangers included; over byte streams for
 * each packet of a session. The lines tell who speaks to whom, when and how much, but nothing of what
 * is said. Each packet costs some microseconds more.
 *
 * @example
 * ```ts
 * import { connect, denoHost, listen, tracePackets } from "@sosistab/sosistab/deno";
 * import { connect as connectOn } from "@sosistab/sosistab";
 *
 * const secretKey = crypto.getRandomValues(new Uint8Array(32));
 * await using listener = await listen({ hostname: "127.0.0.1", secretKey, freshKey: true });
 * const lines: string[] = [];
 * const host = tracePackets(denoHost(), (line) => lines.push(line));
 * await using _session = await connectOn(host, {
 *   ...listener.addr,
 *   serverKey: listener.publicKey,
 * });
 * if (!lines[0]?.includes('"direction":"sent"')) throw new Error(lines[0]);
 * ```
 *
 * @param write Given a {@linkcode PacketLogEntry} as a line of JSON, without a line feed. Called
 * synchronously; must not throw.
 */
export function tracePackets(host: Host, write: (line: string) => void): Host {
  const log = new PacketLog(undefined, () => host.now(), write);
  const createCipher = (key: Uint8Array) => host.createCipher?.(key) ?? new SessionCipher(key);
  return {
    ...host,
    createCipher: (key) => log.watch(createCipher(key)),
    onSessionState(state) {
      log.onSessionState(state);
      host.onSessionState?.(state);
    },
    async bindDatagram(address, handler) {
      const socket = await host.bindDatagram(address, {
        onDatagram: (datagram, from) =>
          log.onReceived(datagram.length, from, () => handler.onDatagram(datagram, from)),
        onError: (error) => handler.onError(error),
      });
      return {
        addr: socket.addr,
        ...(socket.closed === undefined ? {} : { closed: socket.closed }),
        send(datagram, to) {
          log.onSent(datagram.length, to);
          return socket.send(datagram, to);
        },
        close: () => socket.close(),
      };
    },
  };
}
