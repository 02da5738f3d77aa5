/**
 * Watches how byte streams to a server open, while a client connects.
 *
 * A link opens one stream after the other, whatever becomes of them. But when nobody answers in the end
 * people want to know why; and where a proxy has said no, asking it again is in vain.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";

/** What is told of streams. */
export interface OpeningWatchOptions {
  /** For the first time one has opened: somebody is there, who may answer or not. */
  readonly onOpened: () => void;
  /** One was refused, and the next one would be. */
  readonly onRefused: (error: SosistabError) => void;
}

/** Watches the streams of one client. */
export class OpeningWatch {
  readonly #options: OpeningWatchOptions;
  #hasOpened = false;
  #lastError: unknown;

  /** Nothing has opened yet. */
  constructor(options: OpeningWatchOptions) {
    this.#options = options;
  }

  /** Why the last stream did not open; `undefined`: there was none, or it did. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Watches what opens streams. */
  follow<Stream>(
    open: (signal: AbortSignal) => Promise<Stream>,
  ): (signal: AbortSignal) => Promise<Stream> {
    return async (signal) => {
      try {
        const stream = await open(signal);
        this.#lastError = undefined;
        if (!signal.aborted) this.#onOpened();
        return stream;
      } catch (error) {
        if (!signal.aborted) this.#onFailed(error);
        throw error;
      }
    };
  }

  #onOpened(): void {
    if (this.#hasOpened) return;
    this.#hasOpened = true;
    this.#options.onOpened();
  }

  #onFailed(error: unknown): void {
    this.#lastError = error;
    if (error instanceof SosistabError && isRefusal(error)) this.#options.onRefused(error);
  }
}

function isRefusal({ code }: SosistabError): boolean {
  return code === "proxy-login-refused" || code === "proxy-refused";
}
