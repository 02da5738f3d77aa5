import assert from "node:assert/strict";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type { Host, StreamHandler } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import { isError, readAll, readSome, withStreams, writeAll, writeOnce } from "./byte_streams.ts";
import { collectUncaught } from "./collect_uncaught.ts";
import { delay } from "./delay.ts";
import { LOOPBACK } from "./mailbox.ts";

/** The cases of opening byte streams, and of listening for them. */
export function streamOpenCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...connectCases(makeHost),
    ...listenCases(makeHost),
    ...familyCases(makeHost),
  ];
}

function connectCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "connectStream() opens a stream whose ends know each other's addresses",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          const { near, far } = await pair();
          assert.deepEqual(near.localAddr, far.remoteAddr);
          assert.deepEqual(near.remoteAddr, far.localAddr);
          assert.equal(near.localAddr.hostname, "127.0.0.1");
          assert.ok(!near.isSecure && !far.isSecure);
        }),
    },
    {
      name: "connectStream() rejects with reset when it was refused, and says where",
      run: () =>
        withStreams(makeHost(), async ({ connect }) => {
          const port = await freeStreamPort();
          await assert.rejects(connect({ ...LOOPBACK, port }), isError("reset"));
          await assert.rejects(connect({ ...LOOPBACK, port }), {
            message: `cannot connect to 127.0.0.1:${port}: it was refused`,
          });
        }),
    },
    {
      name: "connectStream() refuses a host name, and a port that is none",
      run: () =>
        withStreams(makeHost(), async ({ connect }) => {
          for (const hostname of ["localhost", "", "[::1]"]) {
            await assert.rejects(connect({ hostname, port: 1 }), RangeError);
          }
          for (const port of [0, -1, 65_536, 0.5, NaN]) {
            await assert.rejects(connect({ ...LOOPBACK, port }), RangeError);
          }
        }),
    },
    {
      name: "connectStream() rejects with the signal's reason, before and during the wait",
      run: () =>
        withStreams(makeHost(), async ({ connect, listen }) => {
          const { addr } = await listen();
          const reason = new Error("enough");
          await assert.rejects(connect(addr, AbortSignal.abort(reason)), reason);
          const controller = new AbortController();
          // A documentation address: where it is not refused at once, nobody answers.
          const connecting = connect({ hostname: "192.0.2.1", port: 9 }, controller.signal);
          controller.abort(reason);
          await assert.rejects(connecting, reason);
        }),
    },
    {
      name: "connectStream() leaves a stream that is connected alone when its signal ends",
      run: () =>
        withStreams(makeHost(), async ({ connect, listen }) => {
          const listener = await listen();
          const controller = new AbortController();
          const near = await connect(listener.addr, controller.signal);
          controller.abort();
          await delay(10);
          await writeOnce(near, Uint8Array.of(7));
          assert.deepEqual(await readSome(await listener.accept(), 1), Uint8Array.of(7));
        }),
    },
  ];
}

function listenCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "listenStream() takes port 0 for any, and addr has the real one",
      run: () =>
        withStreams(makeHost(), async ({ listen }) => {
          const [one, other] = [await listen(), await listen()];
          assert.equal(one.addr.hostname, "127.0.0.1");
          assert.ok(one.addr.port > 0);
          assert.notEqual(one.addr.port, other.addr.port);
        }),
    },
    {
      name: "listenStream() rejects with address-in-use, and says which address",
      run: () =>
        withStreams(makeHost(), async ({ listen }) => {
          const { addr } = await listen();
          await assert.rejects(listen({}, addr), isError("address-in-use"));
          await assert.rejects(listen({}, addr), {
            message: `cannot bind 127.0.0.1:${addr.port}: the address is in use`,
          });
        }),
    },
    {
      name: "listenStream() rejects with socket-failed for an address that is not this machine's",
      run: () =>
        withStreams(makeHost(), ({ listen }) =>
          assert.rejects(
            listen({}, { hostname: "192.0.2.1", port: 0 }),
            isError("socket-failed"),
          )),
    },
    {
      name: "listenStream() refuses a host name, and a port that is none",
      run: () =>
        withStreams(makeHost(), async ({ listen }) => {
          for (const hostname of ["localhost", "", "[::1]"]) {
            await assert.rejects(listen({}, { hostname, port: 0 }), RangeError);
          }
          for (const port of [-1, 65_536, 0.5, NaN]) {
            await assert.rejects(listen({}, { ...LOOPBACK, port }), RangeError);
          }
        }),
    },
    {
      name: "listenStream() gives the port back when closed, twice too; its streams stay open",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect }) => {
          const listener = await listen();
          const near = await connect(listener.addr);
          const far = await listener.accept();
          listener.close();
          listener.close();
          await assert.rejects(connect(listener.addr), isError("reset"));
          const again = await listen({}, listener.addr);
          assert.deepEqual(again.addr, listener.addr);
          await writeAll(near, Uint8Array.of(1));
          assert.deepEqual(await readAll(far), Uint8Array.of(1));
        }),
    },
    {
      name: "listenStream() goes on when its handler throws, whose error is uncaught",
      run: () =>
        withStreams(makeHost(), async ({ keep, connect }) => {
          const host = makeHost();
          assert.ok(host.listenStream);
          const mistake = new Error("a mistake of the program");
          let calls = 0;
          const handler: StreamHandler = {
            onStream(stream) {
              keep(stream);
              if (calls++ === 0) throw mistake;
            },
          };
          const listener = keep(await host.listenStream(LOOPBACK, handler));
          const uncaught = await collectUncaught(async () => {
            for (let i = 0; i < 2; i++) await connect(listener.addr);
            for (let waited = 0; calls < 2 && waited < 200; waited++) await delay(5);
          });
          assert.equal(calls, 2);
          assert.deepEqual(uncaught, [mistake]);
        }),
    },
  ];
}

function familyCases(makeHost: () => Host): AdapterCase[] {
  const hasIpv6 = Object.values(networkInterfaces()).flat()
    .some((entry) => entry?.address === "::1");
  const skip = hasIpv6 ? {} : { skip: "no IPv6 on this machine" };
  return [
    {
      name: "connectStream() and listenStream() take IPv6",
      ...skip,
      run: () =>
        withStreams(makeHost(), async ({ listen, connect }) => {
          const listener = await listen({}, { hostname: "::1", port: 0 });
          assert.equal(listener.addr.hostname, "::1");
          const near = await connect(listener.addr);
          const far = await listener.accept();
          assert.equal(far.remoteAddr.hostname, "::1");
          await writeAll(near, Uint8Array.of(6));
          assert.deepEqual(await readAll(far), Uint8Array.of(6));
        }),
    },
    {
      name: "listenStream() binds :: to both families, where IPv4 has its plain spelling",
      ...skip,
      run: () =>
        withStreams(makeHost(), async ({ listen, connect }) => {
          const listener = await listen({}, { hostname: "::", port: 0 });
          for (const hostname of ["127.0.0.1", "::1"]) {
            const near = await connect({ hostname, port: listener.addr.port });
            const far = await listener.accept();
            assert.deepEqual(far.remoteAddr, near.localAddr);
            assert.deepEqual(far.localAddr, near.remoteAddr);
          }
        }),
    },
    {
      name: "listenStream() binds 0.0.0.0 to IPv4 alone",
      ...skip,
      run: () =>
        withStreams(makeHost(), async ({ listen, connect }) => {
          const { addr: { port } } = await listen({}, { hostname: "0.0.0.0", port: 0 });
          await connect({ ...LOOPBACK, port });
          await assert.rejects(connect({ hostname: "::1", port }), isError("reset"));
        }),
    },
  ];
}

/** A TCP port of 127.0.0.1 that nobody has. */
export function freeStreamPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
