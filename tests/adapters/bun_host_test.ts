import { test } from "node:test";
import { bunHost } from "../../src/adapters/bun_host.ts";
import { adapterCases } from "../support/adapter_cases.ts";

if (!("Bun" in globalThis)) {
  test("bunHost() keeps the contract of Host", { skip: "for Bun only" }, () => {});
} else {
  for (const { name, skip, run } of adapterCases(bunHost)) {
    test(`bunHost() ${name}`, { skip: skip ?? false }, () => run());
  }
}
