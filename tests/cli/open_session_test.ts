import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/cli/failure.ts";
import {
  type CarrierFlags,
  chooseTransport,
  TRANSPORTS,
  withProxy,
} from "../../src/cli/open_session.ts";

const PROXY = { kind: "socks5", hostname: "h", port: 1080 } as const;

test("chooseTransport() takes what was asked for, and TCP through a proxy", () => {
  for (const transport of TRANSPORTS) assert.equal(chooseTransport({ transport }), transport);
  assert.equal(chooseTransport({ transport: "auto", proxy: PROXY }), "tcp");
  assert.equal(chooseTransport({ transport: "tcp", proxy: PROXY }), "tcp");
  assert.equal(chooseTransport({ transport: "tls", proxy: PROXY, sni: "a.example" }), "tls");
});

test("chooseTransport() throws for what does not go together", () => {
  const all: CarrierFlags[] = [
    { transport: "udp", proxy: PROXY },
    { transport: "auto", sni: "a.example" },
    { transport: "tcp", sni: "a.example" },
  ];
  for (const flags of all) {
    assert.throws(() => chooseTransport(flags), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.kind, "usage");
      return true;
    });
  }
});

test("withProxy() adds the proxy of the environment, unless one is named or UDP asked for", () => {
  const environment = "socks5://h";
  const proxyOf = (flags: CarrierFlags, text?: string) => withProxy(flags, text).proxy;
  assert.deepEqual(withProxy({ transport: "auto" }, environment), {
    transport: "auto",
    proxy: PROXY,
  });
  const other = { ...PROXY, hostname: "other" };
  assert.equal(proxyOf({ transport: "tcp", proxy: other }, environment), other);
  assert.equal(proxyOf({ transport: "udp" }, environment), undefined);
  for (const nothing of [undefined, ""]) {
    assert.equal(proxyOf({ transport: "tls" }, nothing), undefined);
  }
});
