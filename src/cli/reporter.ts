/**
 * Everything that the program says besides data: text for people, or one JSON object a line for
 * programs, always on stderr.
 *
 * @module
 */
import { styleText } from "node:util";
import { EXIT_CODES, Failure, type FailureKind } from "./failure.ts";
import { formatBytes, formatRate, formatSeconds, megabitsPerSecond } from "./units.ts";

/** Where a reporter writes. */
export interface ReporterOptions {
  /** Takes whole lines, each with its line end. */
  readonly write: (text: string) => void;
  /** JSON lines instead of text. */
  readonly json: boolean;
  /** Whether the text may have colours. */
  readonly color: boolean;
  /** Milliseconds on a monotonic clock. */
  readonly now: () => number;
}

/** What JSON lines may hold. */
export type Fields = Readonly<Record<string, unknown>>;

/** Tells people or programs what happens. */
export class Reporter {
  readonly #options: ReporterOptions;
  #startedAt: number;
  #hasBegun = false;
  #sent = 0;
  #received = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Whether it writes JSON. */
  get isJson(): boolean {
    return this.#options.json;
  }

  /** Bytes of data that were sent and received so far. */
  get bytes(): { readonly sent: number; readonly received: number } {
    return { sent: this.#sent, received: this.#received };
  }

  /** Data begins to flow: time is counted from the first such call on. */
  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#startedAt = this.#options.now();
  }

  /** Seconds since data began to flow; before that, since the program began. */
  get seconds(): number {
    return (this.#options.now() - this.#startedAt) / 1000;
  }

  /** Counts data, for the last line. */
  count(direction: "sent" | "received", bytes: number): void {
    if (direction === "sent") this.#sent += bytes;
    else this.#received += bytes;
  }

  /**
   * Tells that something happened.
   *
   * @param event Its name, for programs.
   * @param fields What is known of it, for programs.
   * @param text The same for people, without a line end; without it they are not told.
   */
  event(event: string, fields: Fields, text?: string): void {
    if (this.#options.json) this.#writeJson({ event, ...fields });
    else if (text !== undefined) this.#options.write(text + "\n");
  }

  /** Tells people only. */
  say(text: string): void {
    if (!this.#options.json) this.#options.write(text + "\n");
  }

  /** Tells of something that is wrong, though the program goes on. */
  warn(message: string, remedy?: string): void {
    const way = remedy === undefined ? "" : `\n  → ${remedy}`;
    this.event(
      "warning",
      { message, ...(remedy === undefined ? {} : { advice: [{ remedy }] }) },
      `${this.#paint("yellow", "warning:")} ${message}${way}`,
    );
  }

  /** Tells why the program ends. */
  fail({ kind, message, advice }: Failure): void {
    const text = [`${this.#paint("red", "error:")} ${message}`, ...formatAdvice(kind, advice)];
    this.event("error", { kind, exit: EXIT_CODES[kind], message, advice }, text.join("\n"));
  }

  /** Tells people how much data there was. */
  sayTotal(): void {
    const { seconds } = this;
    const rate = formatRate(this.#rate(seconds));
    this.say(
      `${this.highlight("closed")}    sent ${formatBytes(this.#sent)}, received ` +
        `${formatBytes(this.#received)} in ${formatSeconds(seconds)}, ${rate}`,
    );
  }

  /** The last line, for programs. */
  done(exit: number): void {
    if (!this.#options.json) return;
    const { seconds } = this;
    this.#writeJson({
      event: "done",
      exit,
      bytes_sent: this.#sent,
      bytes_received: this.#received,
      seconds: round(seconds),
      mbit_s: round(this.#rate(seconds)),
    });
  }

  /** Sets text off, where colours may be. */
  highlight(text: string): string {
    return this.#paint("bold", text);
  }

  /** The rate of the busier direction. */
  #rate(seconds: number): number {
    return megabitsPerSecond(Math.max(this.#sent, this.#received), seconds);
  }

  #paint(format: "bold" | "red" | "yellow", text: string): string {
    return this.#options.color ? styleText(format, text, { validateStream: false }) : text;
  }

  #writeJson(value: Fields): void {
    this.#options.write(JSON.stringify(value) + "\n");
  }
}

/** Advice as it is shown below an error. */
function formatAdvice(kind: FailureKind, advice: Failure["advice"]): string[] {
  // A server is silent to strangers: nobody can know which of these it is.
  const intro = kind === "no-answer"
    ? ["  A sosistab server stays silent to strangers, so this is one of:"]
    : [];
  const width = Math.max(0, ...advice.map(({ cause = "" }) => cause.length));
  return [
    ...intro,
    ...advice.map(({ cause, remedy }) =>
      cause === undefined ? `  → ${remedy}` : `  · ${cause.padEnd(width)}  → ${remedy}`
    ),
  ];
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
