/**
 * The picture of a bad link: plain UDP beside sosistab, for people.
 *
 * @module
 */
import { formatRate } from "./units.ts";

// Tuning.

/** Messages that the strip shows: with its name it fits a terminal of 80 columns. */
const STRIP_LENGTH = 64;

/** One way through the link, over some time. */
export interface FlowPicture {
  /** What it is called. */
  readonly name: string;
  /** Packets that the link lost, 0 to 1; `undefined`: none was sent. */
  readonly wireLoss: number | undefined;
  /** Messages whose fate is known. */
  readonly messages: number;
  /** Those of them that never came. */
  readonly lost: number;
  /** The time that 99 of 100 messages did not exceed, ms. */
  readonly delay: number;
  /** On the wire in both directions, Mbit/s. */
  readonly rate: number;
  /** What became of the last messages: `a` arrived, `r` rebuilt, `l` lost. */
  readonly fates: string;
}

/** The state of things. */
export interface Picture {
  /** Since the first message. */
  readonly seconds: number;
  /** How long it will take. */
  readonly of: number;
  /** What sosistab measures, ms. */
  readonly rtt: number;
  /** What sosistab does against the loss, and why, in its own words. */
  readonly repair: string | undefined;
  readonly plain: FlowPicture;
  readonly sosistab: FlowPicture;
}

const HEAD = ["", "lost on the wire", "lost for good", "99 % within", "traffic"];
const WIDTHS = [10, 18, 15, 13, 13];

const BARS: Readonly<Record<string, string>> = { a: "▁", r: "▄", l: "█" };

/** Draws it, for a terminal. */
export function drawPicture(picture: Picture): string[] {
  const { seconds, of, rtt, plain, sosistab } = picture;
  const extra = plain.rate > 0 ? `  ${formatExtra(sosistab.rate / plain.rate)}` : "";
  return [
    `  ${seconds.toFixed(1)} of ${of} s   round trip ${Math.round(rtt)} ms`,
    "",
    formatRow(HEAD),
    formatRow(cells(plain)),
    formatRow(cells(sosistab)) + extra,
    "",
    `  ${plain.name.padEnd(WIDTHS[0]!)} ${drawStrip(plain.fates)}`,
    `  ${sosistab.name.padEnd(WIDTHS[0]!)} ${drawStrip(sosistab.fates)}`,
    `  ${"".padEnd(WIDTHS[0]!)} the last messages:  ▁ arrived  ▄ rebuilt  █ lost`,
  ];
}

/** Writes it on one line, for everything that is no terminal. */
export function formatPicture({ seconds, rtt, plain, sosistab }: Picture): string {
  const extra = plain.rate > 0 ? ` (${formatExtra(sosistab.rate / plain.rate)})` : "";
  return [
    `${seconds.toFixed(0).padStart(4)} s`,
    `plain UDP lost ${formatLoss(plain).padStart(6)}`,
    `sosistab lost ${formatLoss(sosistab).padStart(6)} of ${
      formatPercent(sosistab.wireLoss)
    } on the wire, ${formatRate(sosistab.rate)}${extra}`,
    `RTT ${Math.round(rtt)} ms`,
  ].join("   ");
}

/** Writes a part as percent: `9.8 %`; `-` where there is none. */
export function formatPercent(part: number | undefined): string {
  return part === undefined ? "-" : `${(part * 100).toFixed(1)} %`;
}

/** Writes a ratio of traffic as what is added: `+42 %`. */
export function formatExtra(ratio: number): string {
  const percent = Math.round((ratio - 1) * 100);
  return `${percent < 0 ? "-" : "+"}${Math.abs(percent)} %`;
}

/** Writes which part of the messages never came. */
export function formatLoss({ messages, lost }: FlowPicture): string {
  return formatPercent(messages > 0 ? lost / messages : undefined);
}

function cells(flow: FlowPicture): string[] {
  const { name, wireLoss, delay, rate } = flow;
  return [
    name,
    formatPercent(wireLoss),
    formatLoss(flow),
    `${Math.round(delay)} ms`,
    `${rate.toFixed(2)} Mbit/s`,
  ];
}

function formatRow(row: readonly string[]): string {
  return "  " +
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(WIDTHS[0]!) : cell.padStart(WIDTHS[column]!)
    ).join("");
}

function drawStrip(fates: string): string {
  return Array.from(fates.slice(-STRIP_LENGTH), (fate) => BARS[fate] ?? " ").join("");
}
