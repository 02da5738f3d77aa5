import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/cli/failure.ts";
import { parseProxy, proxyConnector } from "../../src/cli/proxy.ts";
import { currentHost } from "../support/current_host.ts";

const SECRET = "s3cr3t";

/** Checks that it throws a failure of the kind `usage` that does not repeat the secret. */
function refuses(read: () => unknown, why: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, "usage");
    assert.match(error.message, why);
    assert.ok(!error.message.includes(SECRET));
    return true;
  });
}

test("parseProxy() takes SOCKS5 and HTTP, with and without a port and a login", () => {
  const all: [text: string, proxy: unknown][] = [
    ["socks5://h", { kind: "socks5", hostname: "h", port: 1080 }],
    ["SOCKS5h://h:1/", { kind: "socks5", hostname: "h", port: 1 }],
    ["http://[::1]", { kind: "http", hostname: "::1", port: 80 }],
    ["http://u@192.0.2.1:8080", {
      kind: "http",
      hostname: "192.0.2.1",
      port: 8080,
      username: "u",
    }],
    ["socks5://u%40:p%3A%2F:@h:9", {
      kind: "socks5",
      hostname: "h",
      port: 9,
      username: "u@",
      password: "p:/:",
    }],
  ];
  for (const [text, proxy] of all) assert.deepEqual(parseProxy(text), proxy);
});

test("parseProxy() says what is wrong, and nothing of the login", () => {
  refuses(() => parseProxy(`u:${SECRET}@h:1`), /does not look like a URL/);
  refuses(() => parseProxy(""), /does not look like a URL/);
  refuses(() => parseProxy(`https://u:${SECRET}@h:1`), /https is no kind of proxy/);
  refuses(() => parseProxy(`socks5://u:${SECRET}@`), /does not look like a URL/);
  refuses(() => parseProxy(`socks5://u:${SECRET}@:1`), /names no host, or no port/);
  refuses(() => parseProxy(`socks5://u:${SECRET}@h:0`), /names no host, or no port/);
  refuses(() => parseProxy(`socks5://u:${SECRET}@h:99999`), /names no host, or no port/);
  refuses(() => parseProxy(`socks5://u:${SECRET}%@h`), /% in its login/);
});

test("proxyConnector() refuses a login that the proxy cannot be told", async () => {
  const host = await currentHost();
  const proxy = { kind: "socks5", hostname: "h", port: 1, password: SECRET } as const;
  refuses(() => proxyConnector(host, { ...proxy, username: "" }), /username must be 1 to 255/);
  refuses(
    () => proxyConnector(host, { ...proxy, kind: "http", username: "a:b" }),
    /username must hold no colon/,
  );
});
