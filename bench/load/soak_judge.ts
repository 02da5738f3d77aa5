/**
 * Judges a soak: what broke must have had a reason, and memory must not grow.
 *
 * @module
 */
import type { EndReport } from "./soak_end.ts";
import type { Told } from "./program.ts";
import type { RuntimeWord } from "./runtimes.ts";
import type { Stall } from "./stall_watch.ts";

/**
 * How long after a restart or a stall things may break by it, ms: a session without data under way
 * notices when it next asks.
 */
const REACH = 45_000;

/**
 * From which length on a stall of a process excuses what breaks, ms: the dead are noticed after 30 s, of
 * which a fault of the path may have taken a part.
 */
const DEADLY_STALL = 15_000;

/**
 * By how much memory may have grown at the end: a part, and bytes. A session holds up to half a
 * megabyte more or less by what it has just moved, and eight are open.
 */
const GROWTH = 1.05;
const SLACK = 4e6;

/** From here on memory is compared, ms: by then every cache has been filled. */
const WARM_AT = 10 * 60_000;

/** How long an average of memory is, ms. */
const MEMORY_SPAN = 4 * 60_000;

/** A report, and when it was made, ms since the beginning. */
export interface TimedReport extends EndReport {
  /** When. */
  readonly at: number;
}

/**
 * How long after the beginning of a blackout a server may learn of an end by silence alone, ms: the
 * blackout, its patience with the silent, and how late it looks.
 */
const SILENT_REACH = 12_000 + 60_000 + 10_000;

/** How things break when nothing is heard any more. */
const SILENT_ENDS: ReadonlySet<unknown> = new Set(["idle-timeout", "connection-lost"]);

interface Broken {
  readonly at: number;
  readonly who: string;
  readonly told: Told;
}

/** What is known of a soak. */
export class SoakJudge {
  readonly #violations: string[] = [];
  readonly #restarts: { readonly at: number; readonly server: number }[] = [];
  readonly #blackouts: { readonly at: number; readonly server: number }[] = [];
  readonly #brokenAtClient: Broken[] = [];
  readonly #brokenAtServers: Broken[] = [];
  /** Deals that did not come to a good end at the client. */
  readonly #spoilt = new Set<number>();
  readonly #stalls: { readonly at: number; readonly length: number }[] = [];

  /** What must not have happened, in words. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** What broke at the client, and how often. */
  get broken(): string {
    const codes = new Map<string, number>();
    for (const { told: { code } } of this.#brokenAtClient) {
      codes.set(String(code), (codes.get(String(code)) ?? 0) + 1);
    }
    const parts = [...codes].sort().map(([code, count]) => `${count} ${code}`);
    return parts.length === 0 ? "nothing" : parts.join(", ");
  }

  /** How often processes stood still because the machine was elsewhere, and the longest, ms. */
  get stalls(): { readonly count: number; readonly longest: number } {
    const longest = this.#stalls.reduce((most, { length }) => Math.max(most, length), 0);
    return { count: this.#stalls.length, longest };
  }

  /** A process stood still, until now. */
  onStall(at: number, who: string, { length, isOwn }: Stall): void {
    if (isOwn) this.onViolation(`${who} has computed for ${Math.round(length)} ms on end`);
    else this.#stalls.push({ at, length });
  }

  /** Something must not have happened. */
  onViolation(text: string): void {
    this.#violations.push(text);
  }

  /** A server was restarted, or has come back. */
  onRestart(at: number, server: number): void {
    this.#restarts.push({ at, server });
  }

  /** Nothing reaches a server, or nothing leaves it, from now on. */
  onBlackout(at: number, server: number): void {
    this.#blackouts.push({ at, server });
  }

  /** An end has told something. */
  onTold(at: number, who: string, told: Told): void {
    if (told.event === "violation") this.onViolation(`${who}: ${told.text}`);
    if (told.event !== "broken") return;
    if (told.side === "server") return void this.#brokenAtServers.push({ at, who, told });
    if (typeof told.deal === "number") this.#spoilt.add(told.deal);
    if (told.isOurs !== true) this.#brokenAtClient.push({ at, who, told });
  }

  /** At the end: only now all reasons are known, for a process tells of a stall when it is over. */
  finish(): void {
    for (const { at, told } of this.#brokenAtClient) {
      if (!this.#hasReason(at, told.server)) {
        this.onViolation(`without a reason ${describe(at, told)}`);
      }
    }
    for (const broken of this.#brokenAtServers) {
      const { at, told } = broken;
      if (typeof told.deal === "number" && this.#spoilt.has(told.deal)) continue;
      if (!this.#isUnheardEnd(broken)) this.onViolation(`at one end alone ${describe(at, told)}`);
    }
  }

  /**
   * Whether all of a stream had passed, and only the last word of a client that then went was lost in a
   * blackout: nobody can know that the other end knows.
   */
  #isUnheardEnd({ at, who, told: { isWhole, code } }: Broken): boolean {
    return isWhole === true && SILENT_ENDS.has(code) &&
      this.#blackouts.some((blackout) =>
        who === `server ${blackout.server}` && at >= blackout.at && at < blackout.at + SILENT_REACH
      );
  }

  #hasReason(at: number, server: unknown): boolean {
    const isWithin = (from: number, until: number) => at >= from && at < until + REACH;
    return this.#restarts.some((restart) =>
      restart.server === server && isWithin(restart.at, restart.at)
    ) || this.#stalls.some((stall) =>
      stall.length >= DEADLY_STALL && isWithin(stall.at - stall.length, stall.at)
    );
  }
}

function describe(at: number, { what, server, code, message }: Told): string {
  const where = server === undefined ? "" : ` with server ${server}`;
  return `${what} broke at ${Math.round(at / 1000)} s${where}: ${code}, ${message}`;
}

/** How memory has gone. */
export interface MemoryCourse {
  /** Median of the first minutes that count, bytes. */
  readonly before: number;
  /** Median of the last ones, bytes. */
  readonly after: number;
  /** Whether it was flat. */
  readonly isFlat: boolean;
}

/**
 * Compares the memory of the last minutes with that of the tenth.
 *
 * @returns `undefined` where it was too short to tell.
 */
export function memoryCourse(
  reports: readonly TimedReport[],
  pick: (report: EndReport) => number,
): MemoryCourse | undefined {
  const last = reports.at(-1)?.at ?? 0;
  if (last < WARM_AT + 2 * MEMORY_SPAN) return undefined;
  const span = (from: number) =>
    medianOf(reports.filter(({ at }) => at >= from && at < from + MEMORY_SPAN).map(pick));
  const before = span(WARM_AT - MEMORY_SPAN / 2);
  const after = span(last - MEMORY_SPAN + 1);
  return { before, after, isFlat: after <= before * GROWTH + SLACK };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/**
 * Objects of a kind that may be left. Bun looks for references in its stack as in any numbers, and so
 * takes for alive what a dead frame has left there.
 */
const MOST_LEFT: Readonly<Record<RuntimeWord, number>> = { deno: 0, bun: 2, node: 0 };

/** What the last report of an end, after all was closed, must not show. */
export function leaksOf(who: string, report: EndReport, runtime: RuntimeWord): string[] {
  const { waits, ledger, resources, survivors } = report;
  const leaks: string[] = [];
  if (waits.length > 0) leaks.push(`${who} still waits for ${waits.join(", ")}`);
  if (ledger.sockets > 0) leaks.push(`${who} has left ${ledger.sockets} sockets open`);
  if (ledger.alarms > 0) leaks.push(`${who} has left ${ledger.alarms} alarms set`);
  if (resources.length > 0) leaks.push(`${who} is kept alive by ${resources.join(", ")}`);
  for (const [kind, count] of Object.entries(survivors)) {
    if (count > MOST_LEFT[runtime]) leaks.push(`${who} still holds ${count} of ${kind}`);
  }
  return leaks;
}
