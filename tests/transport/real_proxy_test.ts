import { test } from "node:test";
import assert from "node:assert/strict";
import type { Address } from "../../src/address.ts";
import type { Host } from "../../src/host.ts";
import type { Connector } from "../../src/transport/connector.ts";
import { httpConnector } from "../../src/transport/http_connector.ts";
import type { ProxyOptions } from "../../src/transport/proxy_dialogue.ts";
import { socks5Connector } from "../../src/transport/socks5_connector.ts";
import {
  echo,
  isError,
  readAll,
  readSome,
  withStreams,
  writeAll,
  writeOnce,
} from "../support/byte_streams.ts";
import { currentHost } from "../support/current_host.ts";
import { type Login, missing, withMicrosocks, withTinyproxy } from "../support/real_proxy.ts";
import { saltedBytes } from "../support/salted_bytes.ts";
import { freeStreamPort } from "../support/stream_open_cases.ts";
import { IDENTITY } from "../support/tls_identities.ts";

const LOGIN: Login = { username: "someone", password: "secret" };

/** A proxy of a kind, and the connector for it. */
interface Kind {
  readonly name: string;
  readonly program: string;
  readonly run: (
    host: Host,
    login: Login | undefined,
    use: (proxy: ProxyOptions) => Promise<void>,
  ) => Promise<void>;
  readonly make: (host: Host, options: ProxyOptions) => Connector;
}

const KINDS: readonly Kind[] = [
  { name: "socks5Connector()", program: "microsocks", run: withMicrosocks, make: socks5Connector },
  { name: "httpConnector()", program: "tinyproxy", run: withTinyproxy, make: httpConnector },
];

for (const { name, program, run, make } of KINDS) {
  const skip = missing(program);

  test(
    `${name} through ${program} carries megabytes, to names and addresses`,
    { skip },
    async () => {
      const host = await currentHost();
      await run(host, undefined, (proxy) =>
        withStreams(host, async ({ listen, keep }) => {
          const listener = await listen();
          for (const hostname of ["127.0.0.1", "localhost"]) {
            const where = { ...listener.addr, hostname };
            const near = keep(await make(host, proxy)(where, {}));
            const far = await listener.accept();
            const bytes = saltedBytes(0, 2_000_000, 1);
            void echo(far).catch(isError("reset", "connection-lost"));
            const [echoed] = await Promise.all([
              readSome(near, bytes.length),
              writeOnce(near, bytes),
            ]);
            assert.deepEqual(echoed, bytes);
          }
        }));
    },
  );

  test(
    `${name} through ${program}: a server that speaks first loses nothing`,
    { skip },
    async () => {
      const host = await currentHost();
      await run(host, undefined, (proxy) =>
        withStreams(host, async ({ listen, keep }) => {
          const listener = await listen();
          for (let i = 0; i < 5; i++) {
            const connecting = make(host, proxy)(listener.addr, {});
            const far = await listener.accept();
            await writeAll(far, saltedBytes(0, 5_000, i));
            assert.deepEqual(await readAll(keep(await connecting)), saltedBytes(0, 5_000, i));
          }
        }));
    },
  );

  test(
    `${name} through ${program} logs in, and rejects with proxy-login-refused`,
    { skip },
    async () => {
      const host = await currentHost();
      await run(host, LOGIN, (proxy) =>
        withStreams(host, async ({ listen, keep }) => {
          const listener = await listen();
          const near = keep(await make(host, { ...proxy, ...LOGIN })(listener.addr, {}));
          await writeOnce(near, Uint8Array.of(7));
          assert.deepEqual(await readSome(await listener.accept(), 1), Uint8Array.of(7));
          for (const login of [{}, { ...LOGIN, password: "wrong" }, { ...LOGIN, username: "x" }]) {
            await assert.rejects(
              make(host, { ...proxy, ...login })(listener.addr, {}),
              isError("proxy-login-refused"),
            );
          }
        }));
    },
  );

  test(
    `${name} through ${program} rejects with proxy-refused where nobody listens`,
    { skip },
    async () => {
      const host = await currentHost();
      const where: Address = { hostname: "127.0.0.1", port: await freeStreamPort() };
      await run(host, undefined, async (proxy) => {
        for (const address of [where, { hostname: "no-such-name.invalid", port: 80 }]) {
          await assert.rejects(make(host, proxy)(address, {}), isError("proxy-refused"));
        }
      });
    },
  );

  test(`${name} through ${program} carries TLS`, { skip }, async () => {
    const host = await currentHost();
    await run(host, undefined, (proxy) =>
      withStreams(host, async ({ listen, keep }) => {
        const listener = await listen({ tls: IDENTITY });
        const outside = await make(host, proxy)(listener.addr, {});
        const near = keep(await host.secureStream!(outside, { serverName: "server.example" }));
        const far = await listener.accept();
        assert.equal(far.isSecure, true);
        const bytes = saltedBytes(0, 1_000_000, 2);
        void echo(far).catch(isError("reset", "connection-lost"));
        const [echoed] = await Promise.all([readSome(near, bytes.length), writeOnce(near, bytes)]);
        assert.deepEqual(echoed, bytes);
      }));
  });

  test(`${name} rejects with proxy-failed where no proxy listens`, async () => {
    const host = await currentHost();
    const proxy = { hostname: "127.0.0.1", port: await freeStreamPort() };
    await assert.rejects(
      make(host, proxy)({ hostname: "server.example", port: 443 }, {}),
      isError("proxy-failed"),
    );
  });
}
