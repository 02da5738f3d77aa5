import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  filesAreShort,
  importsPointDown,
  machinesArePure,
  namesAreGood,
  noBarrels,
  numbersAreExact,
  type Rule,
  runtimesStayOutside,
  type SourceFile,
  topLevelIsComplete,
} from "./support/layering_rules.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const IGNORED = readFileSync(join(ROOT, ".gitignore"), "utf8").split("\n");

const ENTRY_POINTS: readonly string[] = Object.values<string>(
  JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8")).exports,
).map((path) => path.replace(/^\.\//, ""));

/** All text files of the source, the tests and the benchmarks. */
const TREE: readonly SourceFile[] = ["src", "tests", "bench"]
  .filter((folder) => existsSync(join(ROOT, folder)))
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
  )
  .concat(existsSync(join(ROOT, "mod.ts")) ? ["mod.ts"] : [])
  .filter((path) => /\.(?:ts|js|rs|c|md|toml|json|html|sh|py)$/.test(path))
  .filter((path) => !path.split("/").some((part) => IGNORED.includes(`${part}/`)))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));

/** A rule, and files that keep it and break it: each alone, as path and text. */
interface Sample {
  readonly name: string;
  readonly rule: Rule;
  readonly good: readonly (readonly [string, string])[];
  readonly bad: readonly (readonly [string, string])[];
}

const SAMPLES: readonly Sample[] = [
  {
    name: "importsPointDown: imports go down, or stay in their folder",
    rule: importsPointDown,
    good: [
      ["src/wire/frame.ts", `import { Reader } from "./reader.ts";`],
      ["src/wire/frame.ts", `import { equalBytes } from "../bytes.ts";`],
      ["src/crypto/aead.ts", `import { seal } from "../kernels/aead.ts";`],
      ["src/session/machine.ts", `import type { Frame } from "../wire/frame.ts";`],
      ["src/transport/udp.ts", `import { Machine } from "../records/machine.ts";`],
      ["src/net/deep/driver.ts", `export * from "../client.ts";`],
      ["src/adapters/deno.ts", `export * from "../../mod.ts";`],
      ["src/cli/main.ts", `const host = await import("../adapters/deno.ts");`],
      ["src/crypto/keys.ts", `import { x25519 } from "@noble/curves/ed25519.js";`],
      ["mod.ts", `export { connect } from "./src/net/client.ts";`],
      ["src/wire/frame.ts", `// import { Session } from "../session/machine.ts";`],
      ["src/wire/frame.ts", 'const text = `from "../session/machine.ts"`;'],
      ["tests/wire/frame_test.ts", `import { connect } from "../../mod.ts";`],
    ],
    bad: [
      ["src/bytes.ts", `import { Reader } from "./wire/reader.ts";`],
      ["src/wire/frame.ts", `import { seal } from "../crypto/aead.ts";`],
      ["src/kernels/aead.ts", `import { Reader } from "../wire/reader.ts";`],
      ["src/session/machine.ts", `import type { Mux } from "../mux/machine.ts";`],
      ["src/mux/machine.ts", `export { Driver } from "../net/driver.ts";`],
      ["src/transport/udp.ts", `import { Driver } from '../net/driver.ts';`],
      ["src/net/client.ts", `import { connect } from "../../mod.ts";`],
      ["src/net/client.ts", `const { host } = await import("../adapters/deno.ts");`],
      ["src/adapters/deno.ts", `import { main } from "../cli/main.ts";`],
      ["mod.ts", `export { denoHost } from "./src/adapters/deno.ts";`],
      ["src/wire/frame.ts", `import { delay } from "../../tests/support/delay.ts";`],
      ["src/crypto/keys.ts", `import { x25519 } from "npm:@noble/curves";`],
      ["src/extra/thing.ts", `export const THING = 1;`],
      ["src/fec/batcher.ts", 'const text = `${await import("../wire/frame.ts")}`;'],
    ],
  },
  {
    name: "machinesArePure: in the rings 0 to 2 there is no time, no chance and no platform",
    rule: machinesArePure,
    good: [
      ["src/wire/frame.ts", `/** Not Date.now(), not a Promise, no crypto.subtle. */ const x = 1;`],
      ["src/host.ts", `export interface Host { resolve(): Promise<string>; }`],
      ["src/mux/machine.ts", `import { seal } from "../crypto/aead.ts"; const update = 1;`],
      ["src/net/driver.ts", `export async function run() { await Promise.resolve(); }`],
    ],
    bad: [
      ["src/wire/frame.ts", `const now = Date.now();`],
      ["src/random.ts", `const value = Math.random();`],
      ["src/random.ts", `crypto.getRandomValues(into);`],
      ["src/mux/machine.ts", `console.error("no");`],
      ["src/mux/machine.ts", `setTimeout(() => {}, 1);`],
      ["src/mux/machine.ts", `queueMicrotask(run);`],
      ["src/mux/machine.ts", `const at = performance.now();`],
      ["src/records/machine.ts", `export async function read() {}`],
      ["src/records/machine.ts", `let waiting: Promise<void>;`],
      ["src/stats/ema.ts", "const text = `${await value}`;"],
      ["src/stats/ema.ts", `const value = 4 / 2; const time = Date.now() / 1000;`],
      ["src/stats/ema.ts", `import { readFileSync } from "node:fs";`],
    ],
  },
  {
    name: "numbersAreExact: in the rings 0 to 2 a number is the same on every runtime",
    rule: numbersAreExact,
    good: [
      ["src/mux/cubic.ts", `const x = Math.sqrt(2) + Math.floor(1.5) + Math.min(1, 2);`],
      ["src/mux/cubic.ts", `const x = 2 ** 32 + 10 ** -3 + 2n ** 64n + 2 ** 1_000 / 3;`],
      ["src/mux/cubic.ts", `/** Math.log(2) ** 0.5 */ const text = "2 ** 0.5, Math.exp";`],
      ["src/net/client.ts", `const x = Math.log(2) ** 0.5;`],
    ],
    bad: [
      ["src/mux/cubic.ts", `const x = Math.cbrt(2);`],
      ["src/mux/cubic.ts", `const x = Math.pow(2, 3);`],
      ["src/stats/ema.ts", `const x = Math.log2(8);`],
      ["src/fec/redundancy.ts", `const x = Math .exp(1);`],
      ["src/fec/redundancy.ts", `const { log } = Math;`],
      ["src/fec/redundancy.ts", `const x = Math["exp"](1);`],
      ["src/fec/redundancy.ts", `const x = 2 ** 0.5;`],
      ["src/fec/redundancy.ts", `const x = loss ** count;`],
      ["src/fec/redundancy.ts", `x **= 1.5;`],
      ["src/fec/redundancy.ts", "const text = `${2 ** (1 / 3)}`;"],
    ],
  },
  {
    name: "runtimesStayOutside: only adapters and the program know a runtime",
    rule: runtimesStayOutside,
    good: [
      ["src/adapters/deno.ts", `Deno.exit(0);`],
      ["src/cli/main.ts", `import process from "node:process";`],
      ["src/net/client.ts", `// As Deno does.\nconst denote = 1;`],
      ["tests/relay_test.ts", `import { test } from "node:test";`],
    ],
    bad: [
      ["src/net/client.ts", `if ("Deno" in globalThis) {}`],
      ["src/transport/udp.ts", `const socket = Bun.udpSocket({});`],
      ["src/net/driver.ts", `import { connect } from "node:net";`],
      ["src/net/driver.ts", `const net = await import('bun:ffi');`],
      ["mod.ts", `export { inspect } from "node:util";`],
      ["src/host.ts", `export type Server = Deno.Listener;`],
    ],
  },
  {
    name: "filesAreShort: no file has more than 400 lines",
    rule: filesAreShort,
    good: [
      ["src/mux/machine.ts", "x\n".repeat(400)],
      ["src/kernels/aead_wasm.ts", "x\n".repeat(4000)],
      ["tests/vectors/wire.json", "x\n".repeat(4000)],
    ],
    bad: [
      ["src/mux/machine.ts", "x\n".repeat(401)],
      ["bench/throughput.ts", "x\n".repeat(400) + "x"],
      ["tests/interop/peer/src/main.rs", "x\n".repeat(500)],
    ],
  },
  {
    name: "namesAreGood: names are in snake case, and say something",
    rule: namesAreGood,
    good: [
      ["src/wire/reed_solomon2.ts", ""],
      ["src/kernels/aead.as.ts", ""],
      ["tests/wire/reader_test.ts", ""],
      ["tests/interop/peer/Cargo.toml", ""],
    ],
    bad: [
      ["src/wire/replayWindow.ts", ""],
      ["src/wire/replay-window.ts", ""],
      ["src/Wire/reader.ts", ""],
      ["src/wire/utils.ts", ""],
      ["src/helpers/reader.ts", ""],
      ["tests/support/common.ts", ""],
      ["src/net/index.ts", ""],
      ["tests/support/relay_test.ts", ""],
      ["src/wire/reader_test.ts", ""],
    ],
  },
  {
    name: "noBarrels: only entry points do nothing but re-export",
    rule: noBarrels(["src/adapters/deno.ts"]),
    good: [
      ["src/adapters/deno.ts", `export * from "../../mod.ts";`],
      ["src/net/client.ts", `export { A } from "./a.ts";\nexport const B = 1;`],
      ["src/wire/frame.ts", `import { A } from "./a.ts";\nexport function f() {}`],
      ["tests/support/all.ts", `export * from "./delay.ts";`],
    ],
    bad: [
      ["src/wire/all.ts", `export * from "./reader.ts";\nexport * from "./writer.ts";`],
      ["src/wire/all.ts", `// All of it.\nexport { type A, B } from "./a.ts";`],
      ["src/wire/all.ts", `export type { A } from "./a.ts";`],
      ["src/wire/all.ts", `import { A } from "./a.ts";\nexport { A };`],
      ["src/wire/all.ts", `export * as reader from "./reader.ts";`],
    ],
  },
];

for (const { name, rule, good, bad } of SAMPLES) {
  test(`${name}: finds every bad sample, and no good one`, () => {
    for (const [path, text] of good) {
      assert.deepEqual(rule([{ path, text }]), [], `${path}: ${text.slice(0, 80)}`);
    }
    for (const [path, text] of bad) {
      const violations = rule([{ path, text }]);
      assert.ok(violations.length > 0, `nothing found in ${path}: ${text.slice(0, 80)}`);
      assert.ok(violations.every((violation) => violation.startsWith(`${path}: `)));
    }
  });
}

for (const { name, rule } of SAMPLES) {
  const isBarrelRule = name.startsWith("noBarrels");
  test(`${name}: the tree keeps the rule`, () => {
    assert.deepEqual((isBarrelRule ? noBarrels(ENTRY_POINTS) : rule)(TREE), []);
  });
}

test("topLevelIsComplete() finds what is missing and what is too much", () => {
  const complete = ["deno.json", "mod.ts", "src", "tests", "bench", "README.md"];
  const ignored = ["# built", "coverage/", "/target", ""];
  assert.deepEqual(topLevelIsComplete(complete, []), []);
  const tools = ["deno.lock", ".gitignore", ".ci", "LICENSE", ".git", "node_modules"];
  assert.deepEqual(topLevelIsComplete([...complete, ...tools], []), []);
  assert.deepEqual(topLevelIsComplete([...complete, "coverage", "target"], ignored), []);
  for (const extra of ["package.json", "docs", "coverage2", "lib", "Cargo.lock"]) {
    assert.deepEqual(topLevelIsComplete([...complete, extra], ignored), [`${extra}: is not known`]);
  }
  for (const [n, entry] of complete.entries()) {
    assert.deepEqual(topLevelIsComplete(complete.toSpliced(n, 1), ignored), [
      `${entry}: is missing`,
    ]);
  }
});

test("the top level holds what the architecture lists, no more and no less", () => {
  assert.deepEqual(topLevelIsComplete(readdirSync(ROOT), IGNORED), []);
});

test("the tree that the rules are asked about is not empty", () => {
  assert.ok(TREE.some(({ path }) => path === "src/host.ts"));
  assert.ok(TREE.some(({ path }) => path === "tests/layering_test.ts"));
});
