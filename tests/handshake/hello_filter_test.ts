import { test } from "node:test";
import assert from "node:assert/strict";
import { HelloFilter } from "../../src/handshake/hello_filter.ts";
import { liveBytes } from "../support/live_bytes.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);
const MINUTE = 29_000_000;
/** A clock in the middle of that minute. */
const EPOCH_SECONDS = MINUTE * 60 + 30;

/** Hellos of one minute that are remembered: 3/4 of 2^19. */
const MOST_HELLOS = 393_216;

/** What a hello is told from others by. */
function idOf(number: number): Uint8Array {
  const id = new Uint8Array(16).fill(9);
  new DataView(id.buffer).setUint32(4, number);
  return id;
}

/** A filter, and a clock that shows the minute of each hello unless `skew` says otherwise. */
class Filtering {
  readonly filter = new HelloFilter(SECRET_KEY);

  takes(number: number, minute = MINUTE, now = 0, skew = 0): boolean {
    const epochSeconds = (minute - skew) * 60 + 30;
    return this.filter.accept(idOf(number), minute, now, epochSeconds) !== undefined;
  }

  /** Many hellos of a minute: digests in no order, each once. */
  flood(count: number, minute: number, first = 0): void {
    for (let number = first + 1; number <= first + count; number++) {
      this.filter.restore({ minute, digest: Math.imul(number, 0x9e3779b1) >>> 0 });
    }
  }
}

test("accept() takes a hello once, and tells hellos apart by every bit of what they are known by", () => {
  const { filter } = new Filtering();
  const accept = (id: Uint8Array) => filter.accept(id, MINUTE, 0, EPOCH_SECONDS) !== undefined;
  assert.equal(accept(idOf(0)), true);
  assert.equal(accept(idOf(0)), false);
  for (let bit = 0; bit < 128; bit++) {
    const id = idOf(0);
    id[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(accept(id), true, `bit ${bit}`);
    assert.equal(accept(id), false, `bit ${bit}`);
  }
  assert.equal(filter.size, 129);
  assert.equal(filter.refused, 0);
});

test("accept() never takes a hello again: not after days, nor when the clock is set back", () => {
  const filtering = new Filtering();
  assert.equal(filtering.takes(1), true);
  // A thousand minutes with some hellos each.
  for (let minute = 1; minute <= 1_000; minute++) {
    for (let number = 0; number < 5; number++) {
      assert.equal(filtering.takes(number + 10, MINUTE + minute, minute * 60_000), true);
    }
  }
  // The hello opens again, since the clock shows its minute once more.
  for (let skew = -2; skew <= 2; skew++) {
    assert.equal(filtering.takes(1, MINUTE, 60_000_000, skew), false);
  }
  // Others of that minute are taken.
  assert.equal(filtering.takes(2, MINUTE, 60_000_000), true);
  for (let minute = 1_001; minute <= 3_000; minute++) filtering.takes(1, MINUTE + minute);
  assert.equal(filtering.takes(1), false);
  assert.equal(filtering.takes(3), false, "the minute is closed: nobody knows its hellos any more");
  assert.equal(filtering.filter.refused, 2);
});

test("digests are made with the server's key: another server has others", () => {
  const digests = [7, 8].map((byte) =>
    new HelloFilter(new Uint8Array(32).fill(byte)).accept(idOf(1), MINUTE, 0, EPOCH_SECONDS)
  );
  assert.ok(digests[0] !== undefined && digests[0] !== digests[1]);
});

test("for want of room the minutes are closed that no clock takes together with the hello, the oldest first", () => {
  const filtering = new Filtering();
  // Two fifths of the room each.
  for (const minute of [10, 0, 20]) {
    assert.equal(filtering.takes(1, MINUTE + minute), true);
    filtering.flood(150_000, MINUTE + minute);
  }
  assert.equal(filtering.takes(1, MINUTE), false);
  assert.equal(filtering.takes(2, MINUTE), false, "it is closed");
  for (const minute of [10, 20]) {
    assert.equal(filtering.takes(1, MINUTE + minute), false, "seen");
    assert.equal(filtering.takes(2, MINUTE + minute), true, "others of that minute are answered");
  }
  assert.equal(filtering.filter.size, 300_004);
});

test("a flood closes the flooded minute, and hellos of all others are answered", () => {
  const filtering = new Filtering();
  for (let skew = -2; skew <= 2; skew++) assert.equal(filtering.takes(1, MINUTE + skew), true);
  filtering.flood(MOST_HELLOS - 10, MINUTE + 2);
  assert.equal(filtering.takes(2, MINUTE + 2), true, "so many are still remembered");
  filtering.flood(10, MINUTE + 2, MOST_HELLOS);
  for (let skew = -2; skew <= 2; skew++) {
    assert.equal(filtering.takes(1, MINUTE + skew), false, `seen in ${skew}`);
    assert.equal(filtering.takes(3, MINUTE + skew), skew !== 2, `new in ${skew}`);
  }
  assert.equal(filtering.filter.refused, 2);
});

test("a flood of all minutes never opens a hello again", () => {
  const filtering = new Filtering();
  assert.equal(filtering.takes(-1), true);
  for (let round = 0; round < 5; round++) {
    for (let skew = -2; skew <= 2; skew++) filtering.flood(60_000, MINUTE + skew, round * 60_000);
    assert.equal(filtering.takes(-1), false, `round ${round}`);
  }
});

test("no more than 4 MB are held, whatever comes", (context) => {
  const empty = liveBytes();
  const filtering = new Filtering();
  let most = 0;
  const measure = () => most = Math.max(most, liveBytes() - empty);
  // A flood over many minutes, with quiet ones between.
  for (let minute = 0; minute < 2_000; minute++) {
    filtering.flood(minute % 100 === 0 ? 40_000 : 50, MINUTE + minute);
    if (minute % 250 === 0) measure();
  }
  filtering.flood(MOST_HELLOS, MINUTE + 2_001);
  measure();
  context.diagnostic(`${filtering.filter.size} hellos; ${(most / 1e6).toFixed(1)} MB at the most`);
  assert.ok(filtering.filter.size > 100_000);
  assert.ok(most <= 4e6, `${most} bytes`);
});

test("distrust(): only hellos of minutes are taken that began later, and not before they have", () => {
  for (const second of [0, 1, 30, 58]) {
    const { filter } = new Filtering();
    const start = MINUTE * 60 + second;
    filter.distrust(5_000, start);
    let number = 0;
    for (let age = 0; age < 400; age += 0.5) {
      const clock = Math.floor((start + age) / 60);
      for (let skew = -2; skew <= 2; skew++) {
        const minute = clock + skew;
        const isTaken =
          filter.accept(idOf(number++), minute, 5_000 + age * 1_000, start + age) !== undefined;
        const isYoung = minute <= MINUTE + 2;
        const expected = isYoung ? minute > MINUTE && minute <= clock : true;
        assert.equal(isTaken, expected, `${second} s, after ${age} s, ${minute - MINUTE}`);
      }
    }
  }
});

test("distrust() goes by the clock that takes a hello: one that is set meanwhile shuts nobody out", () => {
  for (const step of [-3_600, 3_600]) {
    const { filter } = new Filtering();
    filter.distrust(0, EPOCH_SECONDS);
    const set = EPOCH_SECONDS + 10 + step;
    const minute = Math.floor(set / 60);
    const accept = (minute: number, number: number, now: number) =>
      filter.accept(idOf(number), minute, now, set + now / 1000 - 10) !== undefined;
    for (let skew = -2; skew <= 0; skew++) assert.equal(accept(minute + skew, 1, 10_000), false);
    assert.equal(accept(minute + 1, 1, 70_000), true);
    assert.equal(accept(minute, 1, 70_000), false);
  }
});

test("distrust() is handed on: who restores the records is as careful about those minutes", () => {
  const { filter } = new Filtering();
  filter.distrust(0, EPOCH_SECONDS);
  const next = new Filtering();
  for (const record of filter.records()) next.filter.restore(record);
  for (let skew = -2; skew <= 2; skew++) {
    assert.equal(next.takes(1, MINUTE + skew), skew > 0, `${skew}`);
  }
});

test("restore() of what is known changes nothing, and takes no room", () => {
  const filtering = new Filtering();
  // As many as fit before a set grows.
  filtering.flood(48, MINUTE);
  for (let i = 0; i < 10_000; i++) filtering.flood(48, MINUTE);
  assert.equal(filtering.filter.size, 48);
  assert.equal(filtering.takes(1, MINUTE + 1), true);
  assert.equal(filtering.takes(1, MINUTE), true, "the minute is not closed");
});

test("records() and floor are all that another filter needs to know as much", () => {
  const filtering = new Filtering();
  for (let minute = 0; minute < 1_100; minute++) filtering.takes(0, MINUTE + minute);
  filtering.flood(MOST_HELLOS + 1, MINUTE + 1_101);
  const { filter } = filtering;
  const next = new Filtering();
  next.filter.restoreFloor(filter.floor);
  for (const record of filter.records()) next.filter.restore(record);
  assert.equal(next.filter.size, filter.size);
  assert.equal(next.filter.floor, filter.floor);
  for (let minute = 0; minute < 1_102; minute++) {
    for (const number of [0, 3]) {
      const expected = filtering.takes(number, MINUTE + minute);
      assert.equal(next.takes(number, MINUTE + minute), expected, `${minute}, ${number}`);
    }
  }
});
