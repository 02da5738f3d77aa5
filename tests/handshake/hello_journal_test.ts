import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { CLOSED, HelloFilter, type HelloRecord } from "../../src/handshake/hello_filter.ts";
import { HelloJournal, JOURNAL_HEAD } from "../../src/handshake/hello_journal.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);
const MINUTE = 29_000_000;

/** Bytes that one hello takes which is added. */
const ADDED = 42;

const journalOf = (secretKey: Uint8Array = SECRET_KEY) =>
  new HelloJournal(secretKey, new Random(seededSource(3)));

const filterOf = (records: readonly HelloRecord[], floor = 0) => {
  const filter = new HelloFilter(SECRET_KEY);
  filter.restoreFloor(floor);
  for (const record of records) filter.restore(record);
  return filter;
};

const joined = (...parts: readonly Uint8Array[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

/** What a filter knows, in an order that does not tell in which it learnt it. */
const sorted = (filter: HelloFilter) =>
  [...filter.records()].sort((a, b) => a.minute - b.minute || a.digest - b.digest);

/** What a filter knows after it was given a journal, and whether that was all of the journal. */
const readFrom = (bytes: Uint8Array, secretKey = SECRET_KEY) => {
  const filter = new HelloFilter(SECRET_KEY);
  const isWhole = journalOf(secretKey).read(bytes, filter);
  return { isWhole, floor: filter.floor, records: sorted(filter) };
};

const RECORDS: readonly HelloRecord[] = [
  { minute: MINUTE - 1, digest: CLOSED },
  { minute: MINUTE, digest: 1 },
  { minute: MINUTE, digest: 2 ** 32 - 1 },
];

test("read() gives back what write() was given, and what add() was", () => {
  const record = fc.record({
    minute: fc.integer({ min: MINUTE, max: MINUTE + 5 }),
    digest: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  });
  const records = fc.array(record, { maxLength: 2_500, size: "max" });
  fc.assert(
    fc.property(records, fc.array(record), fc.nat(MINUTE + 3), (written, added, floor) => {
      const journal = journalOf();
      const before = filterOf(written, floor);
      const bytes = joined(
        journal.write(before),
        ...added.map((record) => {
          const bytes = journal.add([record]);
          assert.equal(bytes.length, ADDED);
          return bytes;
        }),
      );
      for (const record of added) before.restore(record);
      const { isWhole, ...known } = readFrom(bytes);
      assert.ok(isWhole);
      assert.deepEqual(known, { floor: before.floor, records: sorted(before) });
    }),
    { numRuns: 20 },
  );
});

test("read() takes a journal that is nothing but its head: nobody was answered", () => {
  assert.equal(new TextDecoder().decode(JOURNAL_HEAD), "sosistab hellos\n\n");
  assert.deepEqual(readFrom(JOURNAL_HEAD), { isWhole: true, floor: 0, records: [] });
});

test("read() leaves the journal as it is", () => {
  const bytes = journalOf().write(filterOf(RECORDS));
  const copy = bytes.slice();
  readFrom(bytes);
  assert.deepEqual(bytes, copy);
});

test("read() returns false for a journal with any bit turned over, and takes the parts that are whole", () => {
  const journal = journalOf();
  const bytes = joined(
    journal.write(filterOf(RECORDS)),
    journal.add([{ minute: MINUTE, digest: 9 }]),
  );
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >>> 3]! ^= 1 << (bit & 7);
    const { isWhole, records } = readFrom(damaged);
    assert.equal(isWhole, false, `bit ${bit}`);
    const known = new Set([...RECORDS, { minute: MINUTE, digest: 9 }].map((each) => each.digest));
    for (const { digest } of records) assert.ok(known.has(digest));
    if (bit >>> 3 >= bytes.length - ADDED) assert.deepEqual(records, RECORDS);
  }
});

test("read() returns false for a journal that ends in the middle of a part", () => {
  const journal = journalOf();
  const head = journal.write(filterOf(RECORDS));
  const bytes = joined(head, journal.add([{ minute: MINUTE, digest: 9 }]));
  for (let length = 0; length < bytes.length; length++) {
    const { isWhole, records } = readFrom(bytes.subarray(0, length));
    assert.equal(isWhole, length === JOURNAL_HEAD.length || length === head.length, `${length}`);
    assert.equal(records.length, length < head.length ? 0 : 3);
  }
});

test("read() returns false for another server's journal, and takes nothing of it", () => {
  const bytes = journalOf().write(filterOf(RECORDS));
  const { isWhole, records } = readFrom(bytes, new Uint8Array(32).fill(8));
  assert.deepEqual({ isWhole, records }, { isWhole: false, records: [] });
});

test("read() survives any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { isWhole, records } = readFrom(joined(JOURNAL_HEAD, bytes));
      assert.deepEqual({ isWhole, records }, { isWhole: bytes.length === 0, records: [] });
    }),
  );
});

test("the same hello is never written in the same bytes: nobody can look for one", () => {
  const journal = journalOf();
  const written = new Set<string>();
  for (let i = 0; i < 100; i++) written.add(journal.add([{ minute: MINUTE, digest: 5 }]).join());
  assert.equal(written.size, 100);
});
