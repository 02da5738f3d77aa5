/**
 * Joins two ends of something that carries bytes both ways: a stream of sosistab, a TCP connection,
 * stdin and stdout.
 *
 * @module
 */

// Tuning.

/** Bytes moved at once: what the readable side of a stream holds at its fastest. */
const CHUNK = 65_536;

/** One end. A `RelConn` is one as it is. */
export interface ByteEnd {
  /**
   * Waits for data.
   *
   * @param into Filled from its start; stays untouched until then.
   * @returns How many bytes, at least 1; `null` at the end.
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Writes all of a chunk, which stays untouched until then.
   *
   * @returns Settles when there is room for more.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Nothing more will be written: the other side reads the end. Reading goes on. */
  closeWrite(): void | Promise<void>;
  /** Cuts it in both directions, so that the other side learns that something is missing. */
  reset(): void;
  /** Settles when it has ended in both directions, with the error when it was cut. */
  readonly closed?: Promise<{ readonly error?: unknown }>;
}

/** What is told while two ends are joined. */
export interface JoinOptions {
  /** Bytes went from the near end to the far one. */
  readonly onSent: (bytes: number) => void;
  /** Bytes went from the far end to the near one. */
  readonly onReceived: (bytes: number) => void;
  /** Aborting it cuts both ends. */
  readonly signal: AbortSignal;
}

/**
 * Carries bytes between two ends until both directions have ended. The end of one direction is
 * passed on at once, while the other goes on.
 *
 * @returns Rejects with the first thing that went wrong, or the reason of the signal; then both ends
 * are cut.
 */
export async function join(near: ByteEnd, far: ByteEnd, options: JoinOptions): Promise<void> {
  const { onSent, onReceived, signal } = options;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    const sending = pump(near, far, onSent);
    const receiving = pump(far, near, onReceived);
    await Promise.race([
      aborted.promise,
      Promise.all([sending, receiving]),
      // Who has nothing more to say is read no more: only this tells when it is cut.
      sending.then(() => whenCut(near)),
      receiving.then(() => whenCut(far)),
    ]);
  } catch (error) {
    near.reset();
    far.reset();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Rejects when the end is cut. */
async function whenCut(end: ByteEnd): Promise<never> {
  const closure = await end.closed;
  if (closure?.error !== undefined) throw closure.error;
  return await new Promise<never>(() => {});
}

/** Carries bytes one way. The one chunk in hand is all that is held: a slow writer slows the reader. */
async function pump(
  from: ByteEnd,
  to: ByteEnd,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const chunk = new Uint8Array(CHUNK);
  for (;;) {
    const length = await from.read(chunk);
    if (length === null) break;
    await to.write(chunk.subarray(0, length));
    onBytes(length);
  }
  await to.closeWrite();
}
