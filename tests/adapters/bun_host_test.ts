import { test } from "node:test";
import { bunHost } from "../../src/adapters/bun_host.ts";
import { adapterCases } from "../support/adapter_cases.ts";

if (!("Bun" in globalThis)) {
  test("bunHost(): for Bun only", { skip: true }, () => {});
} else {
  for (const { name, skip, run } of adapterCases(bunHost)) {
    test(`bunHost() ${name}`, { skip: skip ?? false }, () => run());
  }
}
