/**
 * Keeps a quiet session alive.
 *
 * A session that is idle sends nothing: routers forget its way back after half a minute, and an end
 * that has gone is never missed. A program that is joined to a stream wants neither.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Session } from "../net/contract.ts";
import { Random } from "../random.ts";

// Tuning.

/**
 * How long to be quiet before asking for a sign of life, ms: routers may forget a UDP flow after
 * 30 s (RFC 4787). Drawn anew each time: a metronome is a fingerprint.
 */
const LEAST_QUIET = 15_000;
const MOST_QUIET = 25_000;

/** Asks for signs of life until it is disposed of. */
export function keepAlive(host: Host, session: Session): Disposable {
  const random = new Random(host.random);
  const wait = () => setTimeout(ask, random.between(LEAST_QUIET, MOST_QUIET));
  let timer = wait();
  function ask(): void {
    session.refresh();
    timer = wait();
  }
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
