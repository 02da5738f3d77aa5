import { test } from "node:test";
import assert from "node:assert/strict";
import { denoHost } from "../../src/adapters/deno_host.ts";
import { SosistabError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import { adapterCases } from "../support/adapter_cases.ts";
import { LOOPBACK, Mailbox } from "../support/mailbox.ts";

if (!("Deno" in globalThis)) {
  test("denoHost() keeps the contract of Host", { skip: "for Deno only" }, () => {});
} else {
  registerCases("denoHost()", () => denoHost());
  registerCases("denoHost({ native: false })", () => denoHost({ native: false }));
}

function registerCases(label: string, makeHost: () => Host): void {
  for (const { name, skip, run } of adapterCases(makeHost)) {
    Deno.test({ name: `${label} ${name}`, ignore: skip !== undefined, fn: run });
  }

  Deno.test({
    name: `${label} rejects with permission-denied where Deno was not given --allow-net`,
    permissions: { net: false },
    async fn() {
      const host = makeHost();
      const denied = (error: unknown): boolean =>
        error instanceof SosistabError && error.code === "permission-denied";
      await assert.rejects(host.bindDatagram(LOOPBACK, new Mailbox()), denied);
      await assert.rejects(host.resolve("localhost"), denied);
      const handler = { onStream: () => {} };
      assert.ok(host.connectStream && host.listenStream);
      await assert.rejects(host.connectStream({ ...LOOPBACK, port: 9 }), denied);
      await assert.rejects(host.listenStream(LOOPBACK, handler), denied);
    },
  });
}
