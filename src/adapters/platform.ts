/**
 * What Deno, Bun and Node have in common: everything of a host but its sockets.
 *
 * @module
 */
import { randomFillSync } from "node:crypto";
import type { Host } from "../host.ts";
import { epochSeconds, now, setAlarm } from "./clock.ts";
import { resolve } from "./name_lookup.ts";
import { NativeX25519 } from "./x25519.ts";

/** A {@linkcode Host} that still lacks its sockets. */
export type Platform = Omit<Host, "bindDatagram">;

/** Makes the part of a host that is the same on all three runtimes. */
export function makePlatform(): Platform {
  return {
    now,
    epochSeconds,
    random: (into) => void randomFillSync(into),
    setAlarm,
    resolve,
    x25519: new NativeX25519(),
  };
}
