import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:tls";
import type { ByteStream, Host } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import { isError, readAll, readSome, withStreams, writeAll, writeOnce } from "./byte_streams.ts";
import { RUNTIME } from "./current_host.ts";
import { delay } from "./delay.ts";
import { saltedBytes } from "./salted_bytes.ts";
import { IDENTITY } from "./tls_identities.ts";
import { assertEchoes, ended, secureOf } from "./tls_traffic.ts";

/** What a stream may be to `secureStream`: a socket of the host, or anything else with its members. */
const KINDS: readonly (readonly [string, (stream: ByteStream) => ByteStream])[] = [
  ["a socket", (stream) => stream],
  ["a stream of any other make", (stream) => ({
    readable: stream.readable.pipeThrough(new TransformStream<Uint8Array, Uint8Array>()),
    writable: stream.writable,
    close: () => stream.close(),
  })],
];

/** The cases of TLS as a client. */
export function tlsClientCases(makeHost: () => Host): AdapterCase[] {
  const secure = secureOf(makeHost);
  return [
    ...KINDS.flatMap(([kind, make]): AdapterCase[] => [
      {
        name: `secureStream() speaks TLS over ${kind}, and carries megabytes both ways at once`,
        run: () =>
          withStreams(makeHost(), async ({ listen, connect, keep }) => {
            const listener = await listen({ tls: IDENTITY });
            const near = keep(await secure(make(await connect(listener.addr))));
            const far = await listener.accept();
            assert.equal(far.isSecure, true);
            await assertEchoes(near, far, 2_000_000);
          }),
      },
      {
        name: `secureStream() over ${kind}: closing the writable closes that half alone`,
        ...RUNTIME === "bun" ? { skip: "Bun's TLS closes both halves" } : {},
        run: () =>
          withStreams(makeHost(), async ({ listen, connect, keep }) => {
            const listener = await listen({ tls: IDENTITY });
            const near = keep(await secure(make(await connect(listener.addr))));
            const far = await listener.accept();
            await writeAll(near, saltedBytes(0, 300_000, 1));
            assert.deepEqual(await readAll(far), saltedBytes(0, 300_000, 1));
            await delay(20);
            await writeAll(far, saltedBytes(0, 300_000, 2));
            // Both ends have closed what they write, and still nothing is lost.
            await delay(50);
            assert.deepEqual(await readAll(near), saltedBytes(0, 300_000, 2));
          }),
      },
      {
        name: `secureStream() over ${kind}: who reads late reads all, and the end`,
        run: () =>
          withStreams(makeHost(), async ({ listen, connect, keep }) => {
            const listener = await listen({ tls: IDENTITY });
            for (const isUp of [true, false]) {
              const near = keep(await secure(make(await connect(listener.addr))));
              const far = await listener.accept();
              const [from, to] = isUp ? [near, far] : [far, near];
              await writeOnce(from, saltedBytes(0, 300_000, 3));
              from.close();
              await delay(30);
              assert.deepEqual(await readAll(to), saltedBytes(0, 300_000, 3));
            }
          }),
      },
      {
        name: `secureStream() over ${kind}: a writer waits when nobody reads, both ways`,
        run: () =>
          withStreams(makeHost(), async ({ listen, connect, keep }) => {
            const listener = await listen({ tls: IDENTITY });
            const near = keep(await secure(make(await connect(listener.addr))));
            const far = await listener.accept();
            await assertWaits(near, far);
            await assertWaits(far, near);
          }),
      },
      {
        name: `secureStream() over ${kind}: close() lets what was written go out`,
        run: () =>
          withStreams(makeHost(), async ({ listen, connect }) => {
            const listener = await listen({ tls: IDENTITY });
            const near = await secure(make(await connect(listener.addr)));
            const far = await listener.accept();
            void near.writable.getWriter().write(saltedBytes(0, 500_000, 2));
            near.close();
            assert.deepEqual(await readAll(far), saltedBytes(0, 500_000, 2));
          }),
      },
      {
        name: `secureStream() over ${kind}: aborting the writable cuts`,
        run: () =>
          withStreams(makeHost(), async ({ listen, connect, keep }) => {
            const listener = await listen({ tls: IDENTITY });
            const near = keep(await secure(make(await connect(listener.addr))));
            const far = await listener.accept();
            await near.writable.abort();
            await assert.rejects(readAll(far), isError("reset", "connection-lost"));
            await assert.rejects(readAll(near), isError("closed"));
          }),
      },
      {
        name: `secureStream() over ${kind} rejects with the signal's reason, and cuts the stream`,
        run: () =>
          withStreams(makeHost(), async ({ pair }) => {
            const { near, far } = await pair();
            const reason = new Error("enough");
            const controller = new AbortController();
            const securing = secure(make(near), { signal: controller.signal });
            await readSome(far, 1);
            controller.abort(reason);
            await assert.rejects(securing, reason);
            await ended(far);
          }),
      },
      {
        name: `secureStream() over ${kind} rejects when the other end does not speak TLS`,
        run: () =>
          withStreams(makeHost(), async ({ pair }) => {
            const { near, far } = await pair();
            const securing = secure(make(near));
            await writeOnce(far, new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
            await assert.rejects(securing, isError("connection-lost"));
          }),
      },
      {
        name: `secureStream() over ${kind} rejects with reset when the other end closes`,
        run: () =>
          withStreams(makeHost(), async ({ pair }) => {
            const { near, far } = await pair();
            const securing = secure(make(near));
            await readSome(far, 1);
            far.close();
            await assert.rejects(securing, isError("reset"));
          }),
      },
    ]),
    {
      name: "secureStream() sends the name that it was given, and none by default",
      run: () =>
        withNodeServer({}, async (port, names) => {
          await withStreams(makeHost(), async ({ connect, keep }) => {
            for (const options of [{ serverName: "some.example" }, {}, { serverName: "" }]) {
              const stream = await connect({ hostname: "127.0.0.1", port });
              await assertEchoes(keep(await secure(stream, options)));
            }
          });
          assert.deepEqual(names, ["some.example", "", ""]);
        }),
    },
    {
      name: "secureStream() talks to a server that speaks TLS 1.2 only",
      run: () =>
        withNodeServer(
          { maxVersion: "TLSv1.2" },
          (port) =>
            withStreams(makeHost(), async ({ connect, keep }) => {
              const stream = await connect({ hostname: "127.0.0.1", port });
              await assertEchoes(keep(await secure(stream)));
            }),
        ),
    },
    {
      name: "secureStream() refuses a name that cannot stand in a hello, and closes the stream",
      run: () =>
        withStreams(makeHost(), async ({ pair }) => {
          for (
            const serverName of ["127.0.0.1", "::1", "two words", "a\r\nb", "ü.example", "a..b"]
          ) {
            const { near, far } = await pair();
            await assert.rejects(secure(near, { serverName }), TypeError);
            assert.deepEqual(await readAll(far), new Uint8Array(0));
          }
        }),
    },
  ];
}

/** Much more is written than buffers hold, and not before somebody reads. */
async function assertWaits(from: ByteStream, to: ByteStream): Promise<void> {
  const total = 30_000_000;
  let written = 0;
  const writing = (async () => {
    const writer = from.writable.getWriter();
    for (const chunk = new Uint8Array(100_000); written < total; written += chunk.length) {
      await writer.write(chunk);
    }
    writer.releaseLock();
  })();
  for (let before = -1; written !== before;) {
    before = written;
    await delay(150);
  }
  assert.ok(written < 15_000_000, `${written}`);
  assert.equal((await readSome(to, total)).length, total);
  await writing;
}

/** An echo server of the runtime itself. */
async function withNodeServer(
  options: { readonly maxVersion?: "TLSv1.2" },
  use: (port: number, names: string[]) => Promise<void>,
): Promise<void> {
  const names: string[] = [];
  const { certificate: cert, key } = IDENTITY;
  const server = createServer({ cert, key, ...options, allowHalfOpen: true }, (socket) => {
    names.push("servername" in socket && socket.servername ? String(socket.servername) : "");
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  try {
    await use(address.port, names);
  } finally {
    server.close();
  }
}
