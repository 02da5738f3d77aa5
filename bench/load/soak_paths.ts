/**
 * The ways to one server of a soak, in this process.
 *
 * @module
 */
import type { Address } from "../../src/address.ts";
import { openRelay, type Relay } from "../../src/sim/relay.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import { StreamRelay } from "../../tests/support/stream_relay.ts";

/** Ports that are tried until one is free for both: most are. */
const MOST_ATTEMPTS = 20;

/** What byte streams suffer all the time: pieces of a few KB at the most, and now and then a pause. */
const STREAM_CONDITIONS = { piece: 4_000, pauses: 0.01, pause: 200 };

/** A path for datagrams and one for byte streams. */
export interface Paths {
  /** For datagrams. */
  readonly relay: Relay;
  /** For byte streams. */
  readonly streamRelay: StreamRelay;
}

/**
 * Opens both, at the same port.
 *
 * @param seed Decides what happens on them.
 */
export async function openPaths(server: Address, seed: number): Promise<Paths> {
  const host = await currentHost();
  for (let attempt = 1;; attempt++) {
    const relay = await openRelay(host, { server, seed });
    try {
      const { port } = relay.addr;
      const options = { server, seed, port, ...STREAM_CONDITIONS };
      return { relay, streamRelay: await StreamRelay.open(options) };
    } catch (error) {
      relay.close();
      if (attempt === MOST_ATTEMPTS) throw error;
    }
  }
}
