import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { shellWord } from "../../src/cli/shell_word.ts";

test("shellWord() leaves plain words as they are", () => {
  for (const text of [":4000", "127.0.0.1:4000", "/home/me/key", "home.example"]) {
    assert.equal(shellWord(text), text);
  }
  assert.equal(shellWord("[::1]:4000"), "'[::1]:4000'");
});

test("shellWord() writes a word that a shell reads as it was", () => {
  const words = fc.sample(fc.string({ minLength: 1, unit: "grapheme-ascii" }), 200);
  const script = `printf '%s\\n' ${words.map(shellWord).join(" ")}`;
  const { stdout } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  assert.deepEqual(stdout.split("\n").slice(0, -1), words);
});
