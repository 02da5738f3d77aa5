import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldsOfPicture, summarize } from "../../src/cli/comparison_summary.ts";
import {
  drawPicture,
  formatExtra,
  formatPercent,
  formatPicture,
  type Picture,
} from "../../src/cli/comparison_text.ts";
import { drawOver } from "../../src/cli/terminal.ts";

const PICTURE: Picture = {
  seconds: 7.04,
  of: 10,
  rtt: 51.6,
  repair: "The path loses 9.8 % of 700 frames.",
  plain: {
    name: "plain UDP",
    wireLoss: 0.102,
    messages: 750,
    lost: 77,
    delay: 29.4,
    rate: 2.05,
    fates: "a".repeat(99) + "l",
  },
  sosistab: {
    name: "sosistab",
    wireLoss: 0.099,
    messages: 750,
    lost: 2,
    delay: 47.1,
    rate: 2.87,
    fates: "aaral",
  },
};

test("drawPicture() shows both flows on lines that fit a terminal of 80 columns", () => {
  const lines = drawPicture({ ...PICTURE, sosistab: { ...PICTURE.sosistab, rate: 12.21 } });
  for (const line of lines) assert.ok(line.length < 80, `${line.length}: ${line}`);
  const text = drawPicture(PICTURE).join("\n");
  assert.match(text, /^ {2}7\.0 of 10 s {3}round trip 52 ms\n/);
  assert.match(text, /\n {2}plain UDP +10\.2 % +10\.3 % +29 ms +2\.05 Mbit\/s\n/);
  assert.match(text, /\n {2}sosistab +9\.9 % +0\.3 % +47 ms +2\.87 Mbit\/s {2}\+40 %\n/);
  assert.match(text, /\n {2}plain UDP +▁{63}█\n {2}sosistab +▁▁▄▁█\n/);
});

test("drawPicture() says - where nothing is known", () => {
  const nothing = { ...PICTURE.plain, wireLoss: undefined, messages: 0, lost: 0, rate: 0 };
  const lines = drawPicture({ ...PICTURE, plain: nothing });
  assert.match(lines[3]!, /plain UDP +- +- /);
  assert.doesNotMatch(lines.join("\n"), /NaN|Infinity/);
});

test("formatPicture() says it all on one line", () => {
  assert.equal(
    formatPicture(PICTURE),
    "   7 s   plain UDP lost 10.3 %   sosistab lost  0.3 % of 9.9 % on the wire, " +
      "2.9 Mbit/s (+40 %)   RTT 52 ms",
  );
});

test("formatPercent() and formatExtra() keep to what can be read at a glance", () => {
  assert.deepEqual([0, 0.0039, 0.5, undefined].map(formatPercent), [
    "0.0 %",
    "0.4 %",
    "50.0 %",
    "-",
  ]);
  assert.deepEqual([1, 1.42, 0.9, 2.5].map(formatExtra), ["+0 %", "+42 %", "-10 %", "+150 %"]);
});

test("fieldsOfPicture() gives programs numbers, or null where nothing is known", () => {
  const { plain, sosistab, ...rest } = fieldsOfPicture({
    ...PICTURE,
    plain: { ...PICTURE.plain, wireLoss: undefined, rate: 0 },
  });
  assert.deepEqual(rest, { seconds: 7.04, rtt_ms: 51.6, repair: PICTURE.repair, overhead: null });
  assert.deepEqual(plain, {
    wire_loss: null,
    messages: 750,
    messages_lost: 77,
    delay_p99_ms: 29.4,
    mbit_s: 0,
  });
  assert.deepEqual(sosistab, {
    wire_loss: 0.099,
    messages: 750,
    messages_lost: 2,
    delay_p99_ms: 47.1,
    mbit_s: 2.87,
  });
});

test("summarize() names what each lost, and why sosistab does what it does", () => {
  const text = summarize(PICTURE, { ...PICTURE.sosistab, lost: 1, messages: 500 });
  assert.match(text, /\nplain UDP {2}lost 77 of 750 messages \(10\.3 %\)/);
  assert.match(text, /\nsosistab {3}lost 2 of 750 messages \(0\.3 %, at last 0\.2 %\); its link/);
  assert.match(text, /\+40 % traffic\.\nIn its own words: The path loses 9\.8 % of 700 frames\.\n/);
  assert.doesNotMatch(
    summarize({ ...PICTURE, repair: undefined }, PICTURE.sosistab),
    /In its own words/,
  );
});

test("drawOver() draws the same lines at the same place again", () => {
  let written = "";
  const draw = drawOver({ isTTY: true, write: (text) => written += text });
  draw!(["one", "two"]);
  assert.equal(written, "\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
  written = "";
  draw!(["three"]);
  assert.equal(written, "\x1b[2A\rthree\x1b[K\n\x1b[J");
});

test("drawOver() gives nothing where there is no terminal", () => {
  assert.equal(drawOver({ write: () => {} }), undefined);
});
