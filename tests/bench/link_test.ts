import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions } from "../../bench/link/options.ts";
import { formatFloors, formatTable, median, type Row } from "../../bench/link/table.ts";
import { bytesAt, type Outcome } from "../../bench/link/transfer.ts";

function outcome(goodput: number): Outcome {
  return {
    goodput,
    fromStart: goodput,
    course: [],
    senderCpu: undefined,
    receiverCpu: undefined,
    senderStats: undefined,
    link: { seen: 1, lost: 0, dropped: 0 },
  };
}

const ROWS: readonly Row[] = [
  { name: "ours", floors: "own", cells: [[outcome(91)], [outcome(70), outcome(80), outcome(88)]] },
  { name: "to the original", floors: "original", cells: [[], [outcome(65)]] },
  { name: "another", floors: undefined, cells: [[outcome(50)], [outcome(40)]] },
];

test("parseOptions() knows the link of the floors", () => {
  const { losses, rate, delay, queue, burst, seconds, link } = parseOptions([]);
  assert.deepEqual({ losses, rate, delay, queue, burst, seconds, link }, {
    losses: [0, 0.01, 0.05, 0.1],
    rate: 100,
    delay: 25,
    queue: 400,
    burst: 0,
    seconds: 10,
    link: "auto",
  });
  const few = parseOptions(["--loss", "2.5", "--peers", "none", "--runtimes", "bun,node"]);
  assert.deepEqual([few.losses, few.peers, few.runtimes], [[0.025], [], ["bun", "node"]]);
});

test("parseOptions() takes a carrier, its kernel and numbers of shards; UDP over one socket else", () => {
  const chosen = (args: readonly string[]) => {
    const { carrier, kernel, shards } = parseOptions(args);
    return { carrier, kernel, shards };
  };
  assert.deepEqual(chosen([]), { carrier: "udp", kernel: "default", shards: [1] });
  assert.deepEqual(chosen(["--carrier", "tcp", "--kernel", "reno", "--shards", "1,16"]), {
    carrier: "tcp",
    kernel: "reno",
    shards: [1, 16],
  });
});

test("parseOptions() says what is wrong", () => {
  const wrong = [
    [["--loss", "0,x"], '--loss must be a number from 0 to 90, got "x"'],
    [["--rate", "0"], '--rate must be a number from 0.1 to 1000, got "0"'],
    [["--delay", ""], '--delay must be a number from 0 to 1000, got ""'],
    [["--link", "wire"], '--link must be one of auto, tun, relay, got "wire"'],
    [["--carrier", "pigeon"], '--carrier must be one of udp, tcp, got "pigeon"'],
    [["--kernel", "hope"], '--kernel must be one of default, bbr, cubic, reno, got "hope"'],
    [["--shards", "17"], '--shards must be a number from 1 to 16, got "17"'],
    [["--shards", "1.5"], '--shards must be a whole number, got "1.5"'],
    [["--runtimes", "perl"], '--runtimes must be one of deno, bun, node, got "perl"'],
  ] as const;
  for (const [args, message] of wrong) assert.throws(() => parseOptions(args), { message });
  assert.throws(() => parseOptions(["--fast"]));
});

test("bytesAt() is in proportion between two reports, and no more after the last", () => {
  const course = [{ bytes: 100, seconds: 1 }, { bytes: 300, seconds: 2 }];
  assert.deepEqual([0, 0.5, 1, 1.5, 2, 9].map((at) => bytesAt(course, at)), [
    0,
    50,
    100,
    200,
    300,
    300,
  ]);
  assert.equal(bytesAt([], 5), 0);
});

test("median() is the middle one, or between the two", () => {
  assert.deepEqual([[3, 1, 2], [4, 1, 2, 3], [7], []].map(median), [2, 2.5, 7, undefined]);
});

test("formatTable() has a column for each loss, and what the link lets through at all", () => {
  const options = parseOptions(["--loss", "0,10"]);
  assert.equal(
    formatTable(options, ROWS, ({ goodput }) => goodput),
    [
      "| loss              |   0 % | 10 % |",
      "| ----------------- | ----: | ---: |",
      "| link x (1 - loss) | 100.0 | 90.0 |",
      "| ours              |  91.0 | 80.0 |",
      "| to the original   |     - | 65.0 |",
      "| another           |  50.0 | 40.0 |",
    ].join("\n"),
  );
});

test("formatFloors() tells what was met and what was missed, where floors are known", () => {
  const text = formatFloors(parseOptions(["--loss", "0,10"]), ROWS);
  assert.match(text, /\| ours +\| +met \(90\) \| +met \(79\) \|/);
  assert.match(text, /\| to the original \| +- \| +met \(65\) \|/);
  assert.doesNotMatch(text, /another/);
  const slower = [{ ...ROWS[0]!, cells: [[outcome(89.9)], [outcome(78)]] }];
  assert.match(
    formatFloors(parseOptions(["--loss", "0,10"]), slower),
    /\| ours +\| +MISSED \(90\) \| +MISSED \(79\) \|/,
  );
  const elsewhere = formatFloors(parseOptions(["--loss", "0,10", "--rate", "20"]), ROWS);
  assert.match(elsewhere, /^Floors are known for 100 Mbit\/s/);
});
