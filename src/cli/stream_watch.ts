/**
 * Watches how byte streams to a server are opened, to say later what became of them.
 *
 * A session that gets no answer does not know why, and tries again. People want to know whether a
 * firewall stands in the way, or somebody who does not know them.
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Connector } from "../transport/connector.ts";

/** How far a stream has come, in words. A server without a certificate lets TLS wait for ever. */
const WORDS = {
  connecting: "does not connect",
  connected: "connected but silent",
  securing: "connected, but TLS is not answered: the server may have no certificate",
} as const;

/** A watched host. */
export class StreamWatch {
  /** The host that is to be used instead of the one that was given. */
  readonly host: Host;
  #words: string | undefined;
  readonly #failed = new AbortController();

  /** The host that was given: for those who talk to a proxy. */
  readonly given: Host;

  /** @param host Opens the streams. */
  constructor(host: Host) {
    this.given = host;
    const { connectStream, secureStream } = host;
    this.host = {
      ...host,
      ...(connectStream && {
        connectStream: (address, options) =>
          this.#follow(
            "connecting",
            "connected",
            options?.signal,
            () => connectStream(address, options),
          ),
      }),
      ...(secureStream && {
        secureStream: (stream, options) =>
          this.#follow(
            "securing",
            "connected",
            options?.signal,
            () => secureStream(stream, options),
          ),
      }),
    };
  }

  /** What became of the last stream; `undefined` when there was none. */
  get words(): string | undefined {
    return this.#words;
  }

  /** Aborted with its error when a proxy has failed: it will not be different in a moment. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Watches a connector, too. */
  connector(connector: Connector): Connector {
    return async (address, options) => {
      try {
        return await this.#follow(
          "connecting",
          "connected",
          options.signal,
          () => connector(address, options),
        );
      } catch (error) {
        if (!options.signal?.aborted) this.#failed.abort(error);
        throw error;
      }
    };
  }

  async #follow<T>(
    begun: keyof typeof WORDS,
    done: keyof typeof WORDS,
    signal: AbortSignal | undefined,
    open: () => Promise<T>,
  ): Promise<T> {
    this.#words = WORDS[begun];
    try {
      const opened = await open();
      this.#words = WORDS[done];
      return opened;
    } catch (error) {
      if (!signal?.aborted) this.#words = describe(error, begun);
      throw error;
    }
  }
}

function describe(error: unknown, begun: keyof typeof WORDS): string {
  const code = error instanceof SosistabError ? error.code : undefined;
  if (code === "no-answer") return WORDS[begun];
  if (begun === "securing") return "connected, but there is no TLS";
  if (code === "reset") return "connection refused";
  return error instanceof Error ? error.message : String(error);
}
