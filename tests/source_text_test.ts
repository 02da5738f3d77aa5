import { test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSource } from "./support/source_text.ts";

/** Text, and what is left of it: `code`, then `bare` where it differs. A run of spaces is one. */
const SAMPLES: readonly (readonly [string, string, string?])[] = [
  [`a // "b"\nc`, `a \nc`],
  [`a /* ' \n */ b`, `a \n b`],
  [`"a // b" c`, `"a // b" c`, `" " c`],
  [`'it\\'s' c`, `'it\\'s' c`, `' ' c`],
  [
    "`a ${b + `c ${d} e`} /* f */` // g",
    "`a ${b + `c ${d} e`} /* f */` ",
    "` ${b + ` ${d} `} ` ",
  ],
  ["`\\`${{ a: 1 }.a}$` b", "`\\`${{ a: 1 }.a}$` b", "` ${{ a: 1 }.a} ` b"],
  [`x = /["'/]/g.test(y); // z`, `x = /["'/]/g.test(y); `, `x = .test(y); `],
  [`x = /[/\\]"]+\\/"/; "a"`, `x = /[/\\]"]+\\/"/; "a"`, `x = ; " "`],
  [`x = a / b / c; // d`, `x = a / b / c; `],
  [`return /"/.test(a)`, `return /"/.test(a)`, `return .test(a)`],
  [`f(a)[0] / 2 + "b" / 1`, `f(a)[0] / 2 + "b" / 1`, `f(a)[0] / 2 + " " / 1`],
  [`} // "a"\n} b`, `} \n} b`],
];

test("readSource() tells code from comments, strings, templates and regular expressions", () => {
  const squeeze = (text: string): string => text.replace(/ +/g, " ");
  for (const [text, code, bare = code] of SAMPLES) {
    const source = readSource(text);
    assert.equal(squeeze(source.code), code, text);
    assert.equal(squeeze(source.bare), bare, text);
  }
});

test("readSource() finds every import, and nothing that only looks like one", () => {
  const text = `
    import a from "./a.ts";
    import type { B } from './b.ts';
    import "./c.ts";
    export * from "./d.ts";
    export {
      e, // from "./no.ts"
    } from "./e.ts";
    const f = await import("./f.ts");
    const g = \`\${await import("./g.ts")} from "./no.ts"\`;
    const url = new URL("./no.ts", import.meta.url);
    const from = "./no.ts"; const text = 'import "./no.ts"';
    type H = typeof import("./h.ts");
  `;
  const expected = ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => `./${name}.ts`);
  assert.deepEqual(readSource(text).specifiers, expected);
});

test("readSource() leaves every character of the source at its place", () => {
  const root = fileURLToPath(new URL("../src/", import.meta.url));
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts")) continue;
    const text = readFileSync(join(root, path), "utf8");
    const { code, bare } = readSource(text);
    const lengths = (lines: string): number[] => lines.split("\n").map((line) => line.length);
    assert.deepEqual(lengths(code), lengths(text), path);
    assert.deepEqual(lengths(bare), lengths(text), path);
    // Declarations stand in code: a string that was never closed would swallow some.
    const declarations = /^export (?:async )?(?:function|class|const|interface|type)\b/gm;
    assert.equal(bare.match(declarations)?.length, text.match(declarations)?.length, path);
  }
});
