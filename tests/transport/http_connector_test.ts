import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { SosistabError } from "../../src/errors.ts";
import { httpConnector } from "../../src/transport/http_connector.ts";
import {
  assertCarries,
  assertFails,
  connectThrough,
  type Exchange,
  PROXY,
  withProxy,
} from "../support/scripted_proxy.ts";

const WHERE = "server.example:443";
const ASK = `CONNECT ${WHERE} HTTP/1.1\r\nHost: ${WHERE}\r\n\r\n`;
const DONE = "HTTP/1.1 200 Connection established\r\n\r\n";
const LOGIN = { username: "me", password: "secret" };

test("httpConnector() has the proxy resolve the name, and gives a stream in both directions", async () => {
  const setting = await withProxy([[ASK, DONE]]);
  const stream = await connectThrough(setting, httpConnector(setting.client, PROXY));
  await assertCarries(setting, stream);
});

test("httpConnector() reads heads of any make, in pieces of any size, to the byte", async () => {
  const heads = [
    DONE,
    "HTTP/1.0 200 OK\r\nProxy-agent: some/1.0\r\nContent-Length: 12\r\n\r\n",
    "HTTP/1.1 204 \r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 299 \r\r\n\n\rX: y\n\n\r\n\r\n",
    "HTTP/1.1 200\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
  ];
  for (const head of heads) {
    for (const piece of [1, 2, 3, 7, Infinity]) {
      for (const begins of ["", "\r\n", "the server speaks first\r\n\r\n"]) {
        const setting = await withProxy([[ASK, head + begins]], { piece });
        const stream = await connectThrough(setting, httpConnector(setting.client, PROXY));
        await assertCarries(setting, stream, begins);
      }
    }
  }
});

test("httpConnector() puts an IPv6 address in brackets", async () => {
  const where = "[2001:db8::7]:443";
  const ask = `CONNECT ${where} HTTP/1.1\r\nHost: ${where}\r\n\r\n`;
  const setting = await withProxy([[ask, DONE]]);
  await connectThrough(setting, httpConnector(setting.client, PROXY), "2001:db8::7");
});

test("httpConnector() sends its login as UTF-8, in base64", async () => {
  const cases = [
    [LOGIN, "bWU6c2VjcmV0"],
    [{ username: "me" }, "bWU6"],
    [{ username: "mé", password: "a:b€" }, "bcOpOmE6YuKCrA=="],
  ] as const;
  for (const [login, encoded] of cases) {
    const ask =
      `CONNECT ${WHERE} HTTP/1.1\r\nHost: ${WHERE}\r\nProxy-Authorization: Basic ${encoded}\r\n\r\n`;
    const setting = await withProxy([[ask, DONE]]);
    await connectThrough(setting, httpConnector(setting.client, { ...PROXY, ...login }));
  }
});

test("httpConnector() rejects with proxy-login-refused", async () => {
  for (const status of [401, 407]) {
    const answer = `HTTP/1.1 ${status} Login\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n<html>`;
    const setting = await withProxy([[ASK, answer]]);
    await assertFails(setting, httpConnector(setting.client, PROXY), "proxy-login-refused");
  }
});

test("httpConnector() rejects with proxy-refused, and the status", async () => {
  for (const status of [300, 302, 400, 403, 404, 500, 502, 503, 504, 599]) {
    const setting = await withProxy([[ASK, `HTTP/1.1 ${status} No\r\n\r\nwhy not`]], {
      then: "close",
    });
    const message = new RegExp(`to server.example:443: HTTP status ${status}$`);
    await assertFails(setting, httpConnector(setting.client, PROXY), "proxy-refused", message);
  }
});

test("httpConnector() rejects with proxy-failed when the answer is none of HTTP", async () => {
  const answers = [
    "\r\n\r\n",
    "SSH-2.0-x\r\n\r\n",
    "HTTP/2 200 OK\r\n\r\n",
    "HTTP/1.1 20\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 000 OK\r\n\r\n",
    " HTTP/1.1 200 OK\r\n\r\n",
  ];
  for (const answer of answers) {
    const setting = await withProxy([[ASK, answer]]);
    const connector = httpConnector(setting.client, PROXY);
    await assertFails(setting, connector, "proxy-failed", /does not speak HTTP/);
  }
});

test("httpConnector() takes heads of 16,384 bytes, and none of one more", async () => {
  const start = "HTTP/1.1 200 OK\r\nX: ";
  const headOf = (length: number) => `${start}${"x".repeat(length - start.length - 4)}\r\n\r\n`;
  for (const piece of [1_000, Infinity]) {
    const good = await withProxy([[ASK, `${headOf(16_384)}rest`]], { piece });
    const stream = await connectThrough(good, httpConnector(good.client, PROXY));
    await assertCarries(good, stream, "rest");
    for (const head of [headOf(16_385), "x".repeat(100_000)]) {
      const bad = await withProxy([[ASK, head]], { piece });
      const connector = httpConnector(bad.client, PROXY);
      await assertFails(bad, connector, "proxy-failed", /more than belongs there/);
    }
  }
  const many = await withProxy([[ASK, "HTTP/1.1 100 x\r\n\r\n".repeat(2_000)]]);
  await assertFails(many, httpConnector(many.client, PROXY), "proxy-failed", /more than belongs/);
});

test("httpConnector() rejects with proxy-failed when the proxy ends, is cut off or falls silent in the middle", async () => {
  for (let length = 0; length < DONE.length; length++) {
    const script: Exchange[] = [[ASK, DONE.slice(0, length)]];
    for (const then of ["close", "cut", "silence"] as const) {
      const setting = await withProxy(script, { then });
      await assertFails(setting, httpConnector(setting.client, PROXY), "proxy-failed");
    }
  }
});

test("httpConnector() rejects with proxy-failed when the proxy is dead", async () => {
  const setting = await withProxy([]);
  const connector = httpConnector(setting.client, { ...PROXY, port: 9 });
  await assertFails(setting, connector, "proxy-failed", /^the proxy at proxy:9 cannot be reached$/);
});

test("httpConnector() rejects with the signal's reason, and leaves nothing open", async () => {
  const reason = new Error("enough");
  for (const time of [0, 5, 15, 25, 35, 1_000]) {
    const setting = await withProxy([[ASK, ""]], { then: "silence" });
    const controller = new AbortController();
    const connecting = httpConnector(setting.client, PROXY)(
      { hostname: "server.example", port: 443 },
      { signal: controller.signal },
    );
    connecting.catch(() => {});
    await setting.network.pass(time);
    controller.abort(reason);
    await assert.rejects(setting.network.run(connecting), reason);
    await setting.network.pass(20_000);
    assert.equal(setting.network.openSockets, 1);
  }
});

test("httpConnector() settles whatever a proxy says", async () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom("HTTP/1.1 ", "200", "100", "407", " ", "\r\n", "\r\n\r\n", "X: y"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
      const setting = await withProxy(parts.map((part) => ["", part]), { then: "close" });
      const connecting = httpConnector(setting.client, PROXY)(
        { hostname: "server.example", port: 443 },
        {},
      );
      const outcome = await setting.network.run(connecting).catch((error: unknown) => error);
      assert.ok(!(outcome instanceof Error) || outcome instanceof SosistabError, `${outcome}`);
    }),
    { numRuns: 100 },
  );
});

test("httpConnector() refuses options and addresses that cannot be meant, at once", async () => {
  const { client } = await withProxy([]);
  for (
    const hostname of ["", "two words", "a\r\nX: y", "a\n", "ü", "a".repeat(256), "::1]", "a/b"]
  ) {
    assert.throws(() => httpConnector(client, { hostname, port: 1 }), RangeError);
    await assert.rejects(httpConnector(client, PROXY)({ hostname, port: 1 }, {}), RangeError);
  }
  for (const port of [0, 65_536, 1.5]) {
    assert.throws(() => httpConnector(client, { ...PROXY, port }), RangeError);
  }
  assert.throws(() => httpConnector(client, { ...PROXY, username: "a:b" }), RangeError);
  assert.throws(() => httpConnector(client, { ...PROXY, username: "a".repeat(1_025) }), RangeError);
  assert.throws(() => httpConnector(client, { ...PROXY, password: "a" }), TypeError);
});
