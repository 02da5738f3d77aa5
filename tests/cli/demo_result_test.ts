import assert from "node:assert/strict";
import { test } from "node:test";
import { sayResult } from "../../src/cli/demo.ts";
import { EXIT_CODES, Failure } from "../../src/cli/failure.ts";
import { Reporter } from "../../src/cli/reporter.ts";
import { madeUpData } from "../../src/cli/sample_data.ts";

function recording(): { reporter: Reporter; written: string[] } {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  return { reporter: new Reporter({ write, json: false, color: false, now: () => 0 }), written };
}

test("sayResult() fails with 1 when what arrived is not what was sent", () => {
  const sent = { bytes: 3, sha256: "aa" };
  for (const received of [{ bytes: 3, sha256: "ab" }, { bytes: 2, sha256: "aa" }]) {
    const { reporter, written } = recording();
    assert.throws(() => sayResult(reporter, sent, received, 1), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(EXIT_CODES[error.kind], 1);
      assert.match(error.message, /^what arrived is not what was sent: /);
      return true;
    });
    assert.doesNotMatch(written.join(""), /the same at both ends/);
  }
});

test("sayResult() says that both ends have the same", () => {
  const { reporter, written } = recording();
  sayResult(reporter, { bytes: 3, sha256: "aa" }, { bytes: 3, sha256: "aa" }, 2);
  assert.match(
    written.join(""),
    /^received {2}3 B in 2\.00 s, 0\.0 Mbit\/s\nSHA-256 {3}aa\n +the same/,
  );
});

test("madeUpData() gives as many bytes as it says, and few of them repeat", () => {
  const { size, chunks } = madeUpData(4 * 65_536);
  const seen = new Set<number>();
  let length = 0;
  assert.ok(Symbol.iterator in chunks);
  for (const chunk of chunks) {
    length += chunk.length;
    for (const word of new Uint32Array(chunk.buffer, 0, chunk.length / 4)) seen.add(word);
  }
  assert.equal(length, size);
  assert.ok(seen.size > 65_000, `${seen.size} different words of 65,536`);
});
