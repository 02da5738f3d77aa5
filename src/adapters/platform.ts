/**
 * What Deno, Bun and Node have in common: everything of a host but its datagram sockets.
 *
 * @module
 */
import { randomFillSync } from "node:crypto";
import type { Host } from "../host.ts";
import { epochSeconds, now, setAlarm } from "./clock.ts";
import { warnOfFault } from "./fault_warning.ts";
import { resolve } from "./name_lookup.ts";
import { connectNet } from "./net_connect.ts";
import { listenBy, type StreamTraits } from "./net_listener.ts";
import { secureBy } from "./tls_connect.ts";
import { NativeX25519 } from "./x25519.ts";

/** A {@linkcode Host} that still lacks its datagram sockets. */
export type Platform =
  & Omit<Host, "bindDatagram">
  & Required<Pick<Host, "connectStream" | "listenStream" | "secureStream">>;

/**
 * Makes the part of a host that is the same on all three runtimes.
 *
 * @param traits What streams can do there, and cannot.
 */
export function makePlatform(traits: StreamTraits): Platform {
  return {
    now,
    epochSeconds,
    random: (into) => void randomFillSync(into),
    setAlarm,
    resolve,
    connectStream: connectNet,
    listenStream: listenBy(traits),
    secureStream: secureBy(traits.tlsOverSockets),
    x25519: new NativeX25519(),
    onFault: warnOfFault,
  };
}
