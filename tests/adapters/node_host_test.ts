import { test } from "node:test";
import { nodeHost } from "../../src/adapters/node_host.ts";
import { adapterCases } from "../support/adapter_cases.ts";

if ("Deno" in globalThis || "Bun" in globalThis) {
  test("nodeHost() keeps the contract of Host", { skip: "for Node only" }, () => {});
} else {
  for (const { name, skip, run } of adapterCases(nodeHost)) {
    test(`nodeHost() ${name}`, { skip: skip ?? false }, () => run());
  }
}
