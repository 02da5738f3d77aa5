/**
 * Makes a listener of `node:net` on Deno accept again after it could not.
 *
 * Once the process has had no file descriptor left for a connection, Deno 2.9 accepts none any more,
 * however many are free by then; and it says nothing, so nobody can know. What wakes it is the call
 * by which the system is told to listen: to a socket that listens already it changes nothing, and
 * those who have waited in the meantime are accepted.
 *
 * @module
 */
import type { Server } from "node:net";
import { clearInterval, setInterval } from "node:timers";

// Tuning.

/** How often it is called, ms: a call takes less than a microsecond, and a client waits that long. */
const INTERVAL = 500;

/** Connections that may wait to be accepted: what `node:net` asks for. */
const BACKLOG = 511;

/** The part of a server that knows the system's socket; it has no name in public. */
interface ServerInside {
  readonly _handle?: { listen?(backlog: number): number } | null;
}

/**
 * Wakes a listener again and again. That alone does not keep the process alive.
 *
 * @returns Disposing it ends that.
 */
export function keepAccepting(server: Server): Disposable {
  const inside = server as unknown as ServerInside;
  const timer = setInterval(() => wake(inside), INTERVAL);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function wake(inside: ServerInside): void {
  try {
    inside._handle?.listen?.(BACKLOG);
  } catch {
    // In another version it may mean something else: thrown from a timer that would end the process.
  }
}
