/**
 * Registers one case for several carriers.
 *
 * @module
 */
import { test, type TestContext } from "node:test";
import type { PeerTransport } from "../support/rust_peer.ts";
import { buildPeer } from "./build_peer.ts";

/** All that the original can speak over. */
const ALL: readonly PeerTransport[] = ["udp", "tcp", "tls"];

/** The original's program, if it could be built. */
export const program: string | undefined = await buildPeer();

/** Why a test against it is skipped; `false`: it is not. */
export const skip: string | false = program === undefined &&
  "the Rust peer could not be built";

/**
 * Registers a test of the original for each carrier.
 *
 * @param title What is proven; the carrier's name is added.
 * @param transports Those that it is proven for, all by default.
 */
export function overEach(
  title: string,
  run: (t: TestContext, transport: PeerTransport) => Promise<void>,
  transports: readonly PeerTransport[] = ALL,
): void {
  for (const transport of transports) {
    test(`${title}, over ${transport}`, { skip }, (t) => run(t, transport));
  }
}
