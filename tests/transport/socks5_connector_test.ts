import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { SosistabError } from "../../src/errors.ts";
import { socks5Connector } from "../../src/transport/socks5_connector.ts";
import { readAll } from "../support/byte_streams.ts";
import {
  assertCarries,
  assertFails,
  connectThrough,
  type Exchange,
  PROXY,
  withProxy,
} from "../support/scripted_proxy.ts";

const HELLO: Exchange = ["\x05\x01\x00", "\x05\x00"];
const NAME = "\x05\x01\x00\x03\x0eserver.example\x01\xbb";
const DONE = "\x05\x00\x00\x01\x0a\x00\x00\x02\x12\x34";
const LOGIN = { username: "me", password: "secret" };
const HELLO_WITH_LOGIN = "\x05\x02\x00\x02";
const LOGIN_BYTES = "\x01\x02me\x06secret";

test("socks5Connector() has the proxy resolve the name, and gives a stream in both directions", async () => {
  const setting = await withProxy([HELLO, [NAME, DONE]]);
  const stream = await connectThrough(setting, socks5Connector(setting.client, PROXY));
  await assertCarries(setting, stream);
});

test("socks5Connector() reads answers of every kind of address, in pieces of any size, to the byte", async () => {
  const answers = [
    DONE,
    `\x05\x00\x00\x03\x05proxy\x00\x50`,
    `\x05\x00\x00\x03\x00\x00\x50`,
    `\x05\x00\x00\x04${"\xfe".repeat(16)}\x00\x50`,
  ];
  for (const answer of answers) {
    for (const piece of [1, 2, 3, 5, Infinity]) {
      for (const begins of ["", "S", "the server speaks first"]) {
        const setting = await withProxy([HELLO, [NAME, answer + begins]], { piece });
        const stream = await connectThrough(setting, socks5Connector(setting.client, PROXY));
        await assertCarries(setting, stream, begins);
      }
    }
  }
});

test("socks5Connector() asks for IPv4 and IPv6 addresses as what they are", async () => {
  const cases = [
    ["192.0.2.7", "\x01\xc0\x00\x02\x07"],
    ["2001:db8::7", `\x04\x20\x01\x0d\xb8${"\0".repeat(11)}\x07`],
    ["::ffff:192.0.2.7", `\x04${"\0".repeat(10)}\xff\xff\xc0\x00\x02\x07`],
    ["a".repeat(255), `\x03\xff${"a".repeat(255)}`],
  ] as const;
  for (const [hostname, encoded] of cases) {
    const setting = await withProxy([HELLO, [`\x05\x01\x00${encoded}\x01\xbb`, DONE]]);
    await connectThrough(setting, socks5Connector(setting.client, PROXY), hostname);
  }
});

test("socks5Connector() logs in when the proxy wants it, and not when it does not", async () => {
  for (const piece of [1, Infinity]) {
    const script: Exchange[] = [
      [HELLO_WITH_LOGIN, "\x05\x02"],
      [LOGIN_BYTES, "\x01\x00"],
      [NAME, DONE],
    ];
    const setting = await withProxy(script, { piece });
    const connector = socks5Connector(setting.client, { ...PROXY, ...LOGIN });
    await assertCarries(setting, await connectThrough(setting, connector));
  }
  const open = await withProxy([[HELLO_WITH_LOGIN, "\x05\x00"], [NAME, DONE]]);
  await connectThrough(open, socks5Connector(open.client, { ...PROXY, ...LOGIN }));
});

test("socks5Connector() rejects with proxy-login-refused", async () => {
  const refused = await withProxy([[HELLO_WITH_LOGIN, "\x05\x02"], [LOGIN_BYTES, "\x01\x01"]]);
  const connector = socks5Connector(refused.client, { ...PROXY, ...LOGIN });
  await assertFails(refused, connector, "proxy-login-refused", /it does not take this one/);
  const other = await withProxy([[HELLO_WITH_LOGIN, "\x05\xff"]]);
  await assertFails(
    other,
    socks5Connector(other.client, { ...PROXY, ...LOGIN }),
    "proxy-login-refused",
    /it wants another kind/,
  );
  const wanted = await withProxy([["\x05\x01\x00", "\x05\xff"]]);
  await assertFails(
    wanted,
    socks5Connector(wanted.client, PROXY),
    "proxy-login-refused",
    /it wants one/,
  );
});

test("socks5Connector() rejects with proxy-refused, and says what the proxy said", async () => {
  const cases = [
    [1, /it failed/],
    [2, /rules/],
    [3, /network is unr/],
    [4, /host is unr/],
    [5, /was refused/],
    [6, /hops/],
    [7, /anybody/],
    [8, /kind of/],
    [9, /reply is 9/],
    [255, /reply is 255/],
  ] as const;
  for (const [reply, message] of cases) {
    // Some proxies close without the rest of the answer.
    for (const rest of ["\0\x01\0\0\0\0\0\0", ""]) {
      const answer = `\x05${String.fromCharCode(reply)}${rest}`;
      const setting = await withProxy([HELLO, [NAME, answer]], { then: "close" });
      await assertFails(setting, socks5Connector(setting.client, PROXY), "proxy-refused", message);
    }
  }
});

test("socks5Connector() rejects with proxy-failed when the answers are none of SOCKS5", async () => {
  const scripts: Exchange[][] = [
    [["\x05\x01\x00", "HTTP/1.1 400 Bad Request\r\n\r\n"]],
    [["\x05\x01\x00", "\x04\x00"]],
    [["\x05\x01\x00", "\x05\x01"]],
    [["\x05\x01\x00", "\x05\x02"]],
    [HELLO, [NAME, "\x04\x00\x00\x01"]],
    [HELLO, [NAME, "\x05\x00\x00\x02\x00\x00"]],
  ];
  for (const script of scripts) {
    const setting = await withProxy(script);
    const connector = socks5Connector(setting.client, PROXY);
    await assertFails(setting, connector, "proxy-failed", /does not speak SOCKS5/);
  }
  const login = await withProxy([[HELLO_WITH_LOGIN, "\x05\x02"], [LOGIN_BYTES, "\x05\x00"]]);
  await assertFails(login, socks5Connector(login.client, { ...PROXY, ...LOGIN }), "proxy-failed");
});

test("socks5Connector() rejects with proxy-failed when the proxy ends, is cut off or falls silent in the middle", async () => {
  const answers = [["\x05\x00", "\x01\x00", DONE], ["\x05\x02", "\x01\x00", DONE]];
  for (const [method = "", login = "", done = ""] of answers) {
    const script: [string, string][] = method === "\x05\x00"
      ? [[HELLO_WITH_LOGIN, method], [NAME, done]]
      : [[HELLO_WITH_LOGIN, method], [LOGIN_BYTES, login], [NAME, done]];
    for (const [index, [expected, answer]] of script.entries()) {
      for (let length = 0; length < answer.length; length++) {
        const cutShort: Exchange[] = [
          ...script.slice(0, index),
          [expected, answer.slice(0, length)],
        ];
        for (const then of ["close", "cut", "silence"] as const) {
          const setting = await withProxy(cutShort, { then });
          const connector = socks5Connector(setting.client, { ...PROXY, ...LOGIN });
          await assertFails(setting, connector, "proxy-failed");
          if (then === "silence") assert.ok(setting.network.now >= 30_000);
        }
      }
    }
  }
});

test("socks5Connector() rejects with proxy-failed when the proxy is dead, or has no address", async () => {
  const setting = await withProxy([]);
  for (const hostname of ["proxy", "10.0.0.2", "no-such-name"]) {
    const connector = socks5Connector(setting.client, { hostname, port: 9 });
    await assertFails(setting, connector, "proxy-failed", /cannot be reached/);
  }
  const lonely = socks5Connector(setting.client, { hostname: "192.0.2.1", port: 9 });
  await assertFails(setting, lonely, "proxy-failed", /has not answered in time/);
});

test("socks5Connector() rejects with the signal's reason, at any time, and leaves nothing open", async () => {
  const reason = new Error("enough");
  for (const time of [0, 5, 15, 25, 35, 45, 55, 1_000]) {
    const setting = await withProxy([HELLO, [NAME, ""]], { then: "silence" });
    const controller = new AbortController();
    const connector = socks5Connector(setting.client, PROXY);
    const { signal } = controller;
    const connecting = connector({ hostname: "server.example", port: 1 }, { signal });
    connecting.catch(() => {});
    await setting.network.pass(time);
    controller.abort(reason);
    await assert.rejects(setting.network.run(connecting), reason);
    await setting.network.pass(20_000);
    assert.equal(setting.network.openSockets, 1);
  }
  const setting = await withProxy([HELLO]);
  const aborted = socks5Connector(setting.client, PROXY)(
    { hostname: "server.example", port: 1 },
    { signal: AbortSignal.abort(reason) },
  );
  await assert.rejects(aborted, reason);
});

test("socks5Connector() leaves an open stream alone when its signal ends, and time passes", async () => {
  const setting = await withProxy([HELLO, [NAME, DONE]]);
  const controller = new AbortController();
  const stream = await setting.network.run(
    socks5Connector(setting.client, PROXY)(
      { hostname: "server.example", port: 443 },
      { signal: controller.signal },
    ),
  );
  controller.abort();
  await setting.network.pass(60_000);
  await assertCarries(setting, stream);
});

test("socks5Connector() settles whatever a proxy says", async () => {
  const anything = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(anything, async (answers) => {
      const setting = await withProxy(answers.map((answer) => ["", answer]), { then: "close" });
      const connector = socks5Connector(setting.client, { ...PROXY, ...LOGIN });
      const connecting = connector({ hostname: "server.example", port: 443 }, {});
      const outcome = await setting.network.run(connecting).catch((error: unknown) => error);
      assert.ok(!(outcome instanceof Error) || outcome instanceof SosistabError, `${outcome}`);
    }),
    { numRuns: 100 },
  );
});

test("socks5Connector() refuses options and addresses that cannot be meant, at once", async () => {
  const { client } = await withProxy([]);
  for (const hostname of ["", "two words", "a\r\nb", "a\0", "ü", "a".repeat(256), "1:2:3"]) {
    assert.throws(() => socks5Connector(client, { hostname, port: 1 }), RangeError);
    const connector = socks5Connector(client, PROXY);
    await assert.rejects(connector({ hostname, port: 1 }, {}), RangeError);
  }
  for (const port of [0, -1, 65_536, 1.5, NaN]) {
    assert.throws(() => socks5Connector(client, { hostname: "proxy", port }), RangeError);
    await assert.rejects(socks5Connector(client, PROXY)({ hostname: "a", port }, {}), RangeError);
  }
  assert.throws(() => socks5Connector(client, { ...PROXY, username: "" }), RangeError);
  assert.throws(() => socks5Connector(client, { ...PROXY, username: "ü".repeat(128) }), RangeError);
  assert.throws(
    () => socks5Connector(client, { ...PROXY, username: "a", password: "b".repeat(256) }),
    { name: "RangeError", message: "password must be at most 255 bytes long" },
  );
  assert.throws(() => socks5Connector(client, { ...PROXY, password: "a" }), TypeError);
  const { connectStream: _, ...poor } = client;
  assert.throws(() => socks5Connector(poor, PROXY), TypeError);
});

test("socks5Connector() gives a stream whose close() lets what was written go out", async () => {
  const setting = await withProxy([HELLO, [NAME, `${DONE}rest`]]);
  const stream = await connectThrough(setting, socks5Connector(setting.client, PROXY));
  stream.close();
  await setting.network.pass(20_000);
  assert.equal(setting.network.openSockets, 1);
  await readAll(stream).catch(() => {});
});
