/**
 * What the demo of a bad link has shown: in plain words, and for programs.
 *
 * @module
 */
import {
  type FlowPicture,
  formatExtra,
  formatLoss,
  formatPercent,
  type Picture,
} from "./comparison_text.ts";
import type { Fields } from "./reporter.ts";

/** Writes a picture for programs. */
export function fieldsOfPicture({ seconds, rtt, repair, plain, sosistab }: Picture): Fields {
  return {
    seconds: round(seconds),
    rtt_ms: round(rtt),
    repair,
    overhead: plain.rate > 0 ? round(sosistab.rate / plain.rate - 1) : null,
    plain: fieldsOf(plain),
    sosistab: fieldsOf(sosistab),
  };
}

function fieldsOf({ wireLoss, messages, lost, delay, rate }: FlowPicture): Fields {
  return {
    wire_loss: wireLoss === undefined ? null : round(wireLoss),
    messages,
    messages_lost: lost,
    delay_p99_ms: round(delay),
    mbit_s: round(rate),
  };
}

/**
 * Says what it was, when all is over.
 *
 * @param lately sosistab's last seconds: before it could repair anything it had to measure.
 */
export function summarize({ plain, sosistab, repair }: Picture, lately: FlowPicture): string {
  const extra = plain.rate > 0 ? formatExtra(sosistab.rate / plain.rate) : "no";
  return [
    "",
    describe(plain),
    describe(sosistab, `, at last ${formatLoss(lately)}`),
    "",
    "What happened: what plain UDP loses is gone. sosistab measures what the link loses, and sends",
    "parity besides, from which the far end computes the messages that are missing. With encryption",
    `and padding that took ${extra} traffic.`,
    ...(repair === undefined ? [] : [`In its own words: ${repair}`]),
    "",
    "A worse link:                           sosistab demo --loss 30 --delay 100",
    "Messages that may be late cost less:    sosistab demo --loss 10 --max-age 200",
    "A file over such a link:                sosistab demo FILE --loss 10",
  ].join("\n");
}

function describe(flow: FlowPicture, more = ""): string {
  const { name, messages, lost, wireLoss, delay } = flow;
  return `${name.padEnd(9)}  lost ${lost} of ${messages} messages (${formatLoss(flow)}${more}); ` +
    `its link lost ${formatPercent(wireLoss)}; 99 % came within ${Math.round(delay)} ms`;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
