import assert from "node:assert/strict";
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { ReplayFile } from "../../src/adapters/replay_file.ts";
import { JOURNAL_HEAD } from "../../src/handshake/hello_journal.ts";
import { listen } from "../../src/net/listener.ts";
import { withWorkbench } from "../support/cli_program.ts";
import { currentHost } from "../support/current_host.ts";

const WHOLE = Uint8Array.of(...JOURNAL_HEAD, 1, 2);
const MORE = Uint8Array.of(3, 4);

test(
  "ReplayFile gives back what was appended, in its order, and what replaced it",
  withWorkbench(async (bench) => {
    const file = new ReplayFile(bench.path("hellos"));
    assert.equal(await file.load(), undefined, "there is none yet");
    await file.replace(WHOLE);
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    await file.append(MORE);
    await file.append(MORE);
    assert.deepEqual(await file.load(), Uint8Array.of(...WHOLE, 3, 4, 3, 4));
    await file.replace(JOURNAL_HEAD);
    assert.deepEqual(await file.load(), JOURNAL_HEAD);
    assert.deepEqual(bench.files(), ["hellos"]);
  }),
);

test(
  "ReplayFile has appended when the call returns, and two share a file",
  withWorkbench(async (bench) => {
    const [one, other] = [1, 2].map(() => new ReplayFile(bench.path("hellos")));
    assert.ok(one && other);
    void one.replace(WHOLE);
    void other.append(MORE);
    assert.deepEqual([...readFileSync(one.path)], [...WHOLE, 3, 4]);
    void one.append(MORE);
    assert.deepEqual(await other.load(), Uint8Array.of(...WHOLE, 3, 4, 3, 4));
  }),
);

test(
  "ReplayFile tells once that it cannot write, does not begin a file in the middle, and recovers",
  withWorkbench(async (bench) => {
    const told: unknown[] = [];
    const file = new ReplayFile(bench.path("hellos"), { onError: (error) => told.push(error) });
    await assert.rejects(file.append(MORE), { code: "ENOENT" });
    await assert.rejects(file.append(MORE), { code: "ENOENT" });
    assert.equal(await file.load(), undefined);
    assert.equal(told.length, 1);
    await file.replace(WHOLE);
    mkdirSync(`${file.path}.${process.pid}`);
    await assert.rejects(file.replace(JOURNAL_HEAD), { code: "EEXIST" });
    assert.deepEqual(await file.load(), WHOLE, "what was there is there still");
    assert.equal(told.length, 2);
  }),
);

test(
  "ReplayFile writes through no link that somebody has put where it makes its new file",
  withWorkbench(async (bench) => {
    const file = new ReplayFile(bench.path("hellos"));
    const theirs = bench.path("theirs");
    writeFileSync(theirs, "somebody's");
    symlinkSync(theirs, `${file.path}.${process.pid}`);
    await file.replace(WHOLE);
    assert.equal(readFileSync(theirs, "utf8"), "somebody's");
    assert.deepEqual(await file.load(), WHOLE);
    assert.ok(lstatSync(file.path).isFile());
  }),
);

test(
  "ReplayFile leaves a file alone that is somebody else's: listen() rejects with a TypeError",
  withWorkbench(async (bench) => {
    const path = bench.path("hellos");
    writeFileSync(path, "somebody's");
    const host = await currentHost();
    const options = { hostname: "127.0.0.1", secretKey: new Uint8Array(32).fill(7) };
    await assert.rejects(listen(host, { ...options, replayStore: new ReplayFile(path) }), {
      name: "TypeError",
      message: `${path} is not a file of answered hellos`,
    });
    assert.equal(readFileSync(path, "utf8"), "somebody's");
    rmSync(path);
  }),
);

test(
  "ReplayFile is begun by the first listener, and lets the next one know all",
  withWorkbench(async (bench) => {
    const host = await currentHost();
    const options = { hostname: "127.0.0.1", secretKey: new Uint8Array(32).fill(7) };
    const known: string[] = [];
    for (const freshKey of [true, false]) {
      const replayStore = new ReplayFile(bench.path("hellos"));
      const listener = await listen(host, { ...options, freshKey, replayStore });
      known.push(listener.stats().hellos.past);
      await listener.close();
    }
    assert.deepEqual(known, ["all", "all"]);
  }),
);
