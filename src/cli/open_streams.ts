/**
 * The streams that the program carries, and how it stops without cutting them.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { Context } from "./context.ts";
import { untilAborted } from "./until_aborted.ts";

// Tuning.

/**
 * How long streams may take to finish, ms. Docker kills a program ten seconds after it has asked it to
 * stop, and to end what is left over then takes two.
 */
export const DRAIN_TIME = 7_000;

/** How long what a stream has brought may take to be written, ms, once the stream is over. */
const FLUSH_TIME = 1_000;

/** Streams that are being carried. */
export class OpenStreams {
  readonly #open = new Set<Promise<void>>();
  #cut = 0;

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** How many were cut at this end. */
  get cut(): number {
    return this.#cut;
  }

  /** Adds one. */
  add(carried: Promise<void>): void {
    const done = carried.catch((error: unknown) => {
      if (error instanceof SosistabError && error.code === "closed") this.#cut++;
    }).then(() => void this.#open.delete(done));
    this.#open.add(done);
  }

  /** Waits until all have ended, but no longer than `time` ms. */
  async finish(time: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, time);
    await Promise.race([Promise.all(this.#open), late]);
    clearTimeout(timer);
  }
}

/** How streams are to finish. */
export interface Drain {
  /** How long they may take, ms. */
  readonly time: number;
  /** Ends what they run in; settles when that is done. Without it they are only waited for. */
  readonly close?: () => Promise<void>;
}

/**
 * Lets the streams finish, and tells of it.
 *
 * @param reason What the program ends with when some had to be cut.
 * @returns Settles when all have finished. Rejects with `reason`, and with that of a second signal.
 */
export async function drainStreams(
  { reporter, signal }: Context,
  streams: OpenStreams,
  reason: unknown,
  { time, close }: Drain,
): Promise<void> {
  const seconds = time / 1000;
  reporter.event(
    "draining",
    { streams: streams.size, seconds },
    streams.size === 0
      ? undefined
      : `${reporter.highlight("stopping")}  ${
        countOf(streams.size)
      } may take ${seconds} s to finish; stop it again to cut them`,
  );
  const before = streams.cut;
  const done = async () => {
    await close?.();
    await streams.finish(close === undefined ? time : FLUSH_TIME);
  };
  await Promise.race([done(), untilAborted(signal)]);
  const cut = streams.cut - before + streams.size;
  reporter.event(
    "drained",
    { cut },
    cut === 0 ? undefined : `${countOf(cut)} did not finish in ${seconds} s and had to be cut`,
  );
  if (cut > 0) throw reason;
}

function countOf(streams: number): string {
  return streams === 1 ? "1 stream" : `${streams} streams`;
}
