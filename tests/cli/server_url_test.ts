import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/cli/failure.ts";
import { findServerUrl } from "../../src/cli/server_url.ts";
import { withWorkbench } from "../support/cli_program.ts";
import { writeFileSync } from "node:fs";

const URL_TEXT = `sosistab://${"a".repeat(52)}@h.example:4000#home`;
const SERVER = { hostname: "h.example", port: 4000, serverKey: new Uint8Array(32), label: "home" };

function noStdin(): Promise<string> {
  return Promise.reject(new Error("stdin was read"));
}

test("findServerUrl() takes the argument before the environment", async () => {
  const expected = { server: SERVER, isFromStdin: false };
  assert.deepEqual(await findServerUrl(URL_TEXT, "nonsense", noStdin), expected);
  assert.deepEqual(await findServerUrl(undefined, URL_TEXT, noStdin), expected);
});

test("findServerUrl() reads stdin for -, and says that it is used up", async () => {
  const readStdin = () => Promise.resolve(`\n${URL_TEXT}\n`);
  assert.deepEqual(await findServerUrl("-", undefined, readStdin), {
    server: SERVER,
    isFromStdin: true,
  });
});

test(
  "findServerUrl() reads a file for @FILE",
  withWorkbench(async (bench) => {
    writeFileSync(bench.path("url"), `${URL_TEXT}\n`);
    const { server } = await findServerUrl(`@${bench.path("url")}`, undefined, noStdin);
    assert.deepEqual(server, SERVER);
    await assert.rejects(findServerUrl(`@${bench.path("no")}`, undefined, noStdin), {
      kind: "local",
    });
  }),
);

test("findServerUrl() refuses what is no URL without repeating it", async () => {
  for (const text of ["", "http://h/", URL_TEXT.replace("aa", ""), URL_TEXT.replace(":4000", "")]) {
    await assert.rejects(findServerUrl(text, undefined, noStdin), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.kind, "usage");
      assert.doesNotMatch(error.message, /aaaa/);
      return true;
    });
  }
});
