/**
 * What both ends of a soak have: the ledgers, and how they tell what they see.
 *
 * ```text
 * violation  something that must never happen, in words
 * stall      a time in which this process stood still (`stall_watch.ts`)
 * broken     a stream or a session that ended by an error: what, its code, the server, the deal
 * ```
 *
 * @module
 */
import { type Host, SosistabError } from "../../mod.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import { type HostLedger, withLedger } from "../../tests/support/host_ledger.ts";
import { say } from "../link/progress.ts";
import { type Footprint, takeFootprint } from "./footprint.ts";
import { Violation } from "./soak_deal.ts";
import { StallWatch } from "./stall_watch.ts";
import { Survivors } from "./survivors.ts";
import { Waits } from "./waits.ts";

/** What an end says of itself when it is asked. */
export interface EndReport extends Footprint {
  /** Streams that came to a good end. */
  readonly streams: number;
  /** Sessions that have begun. */
  readonly sessions: number;
  /** Messages that came. */
  readonly messages: number;
  /** Bytes that came over streams, and were right. */
  readonly bytes: number;
  /** What is waited for. */
  readonly waits: readonly string[];
  /** Sockets and alarms of the host that are open. */
  readonly ledger: HostLedger;
  /** Objects that are not collected. */
  readonly survivors: Readonly<Record<string, number>>;
}

/** The ledgers of one end. */
export class SoakEnd {
  /** The world that it runs in. */
  readonly host: Host;
  /** What waits. */
  readonly waits: Waits = new Waits();
  /** What has not been collected. */
  readonly survivors: Survivors = new Survivors();
  /** Counted by its owner, as in {@linkcode EndReport}. */
  streams = 0;
  sessions = 0;
  messages = 0;
  bytes = 0;
  readonly #ledger: HostLedger;
  readonly #stalls = new StallWatch((stall) => say({ event: "stall", ...stall }));

  private constructor(host: Host) {
    ({ host: this.host, ledger: this.#ledger } = withLedger(host));
  }

  /** Makes one in the runtime that runs this. */
  static async create(): Promise<SoakEnd> {
    return new SoakEnd(await currentHost());
  }

  /** Tells an error: that of a fault is told as such, everything else is a violation. */
  onError(what: string, error: unknown, details: Readonly<Record<string, unknown>> = {}): void {
    if (error instanceof SosistabError) {
      say({ event: "broken", what, code: error.code, message: error.message, ...details });
    } else if (error instanceof Violation) {
      say({ event: "violation", text: `${what}: ${error.message}` });
    } else {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      say({ event: "violation", text: `${what}: ${text}` });
    }
  }

  /** Nothing of its own is left afterwards. */
  close(): void {
    this.#stalls.stop();
  }

  /** Looks at itself. */
  async report(): Promise<EndReport> {
    for (const what of this.waits.takeOverdue()) {
      say({ event: "violation", text: `${what} has taken too long` });
    }
    const { streams, sessions, messages, bytes } = this;
    return {
      ...await takeFootprint(),
      streams,
      sessions,
      messages,
      bytes,
      waits: this.waits.names,
      ledger: this.#ledger,
      survivors: this.survivors.counts,
    };
  }
}
