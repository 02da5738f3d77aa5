import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectNode } from "node:net";
import type { Host } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import { readAll, readSome, withStreams, writeAll, writeOnce } from "./byte_streams.ts";
import { RUNTIME } from "./current_host.ts";
import { delay } from "./delay.ts";
import { saltedBytes } from "./salted_bytes.ts";
import { ENCRYPTED_KEY, IDENTITY, OTHER_KEY } from "./tls_identities.ts";
import { assertEchoes, ended, secureOf } from "./tls_traffic.ts";

/** The cases of TLS as a server, beside plain streams on one port. */
export function tlsServerCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...serverCases(makeHost),
    ...strangerCases(makeHost),
    ...identityCases(makeHost),
  ];
}

function serverCases(makeHost: () => Host): AdapterCase[] {
  const secure = secureOf(makeHost);
  return [
    {
      name: "listenStream() with a certificate tells TLS from plain on one port",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect, keep }) => {
          const listener = await listen({ tls: IDENTITY });
          for (const isSecure of [true, false, true, false]) {
            const stream = await connect(listener.addr);
            const near = isSecure ? keep(await secure(stream)) : stream;
            const sending = writeOnce(near, saltedBytes(0, 1_000, 5));
            const far = await listener.accept();
            assert.equal(far.isSecure ?? false, isSecure);
            assert.deepEqual(far.remoteAddr, stream.localAddr);
            assert.deepEqual(far.localAddr, stream.remoteAddr);
            assert.deepEqual(await readSome(far, 1_000), saltedBytes(0, 1_000, 5));
            await sending;
          }
        }),
    },
    {
      name: "listenStream() with a certificate waits for nine bytes in pieces, or for the end",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect }) => {
          const listener = await listen({ tls: IDENTITY });
          const bytes = saltedBytes(0, 20, 6);
          const near = await connect(listener.addr);
          for (let at = 0; at < 8; at++) {
            await writeOnce(near, bytes.subarray(at, at + 1));
            await delay(2);
          }
          await delay(20);
          assert.equal(listener.waiting, 0);
          await writeOnce(near, bytes.subarray(8));
          assert.deepEqual(await readSome(await listener.accept(), 20), bytes);
          for (const length of [0, 1, 8]) {
            await writeAll(await connect(listener.addr), bytes.subarray(0, length));
            const far = await listener.accept();
            assert.deepEqual(await readAll(far), bytes.subarray(0, length));
          }
        }),
    },
    {
      name: "listenStream() with a certificate takes a TLS hello in pieces of one byte",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect, keep }) => {
          const listener = await listen({ tls: IDENTITY });
          const stream = await connect(listener.addr);
          const slow = new TransformStream<Uint8Array, Uint8Array>({
            async transform(chunk, controller) {
              for (let at = 0; at < chunk.length; at++) {
                controller.enqueue(chunk.slice(at, at + 1));
                if (at < 12) await delay(1);
              }
            },
          });
          void slow.readable.pipeTo(stream.writable).catch(() => {});
          const near = keep(
            await secure({
              readable: stream.readable,
              writable: slow.writable,
              close: () => stream.close(),
            }),
          );
          await assertEchoes(near, await listener.accept());
        }),
    },
    {
      name: "listenStream() without a certificate looks at nobody's bytes",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect }) => {
          const listener = await listen();
          const near = await connect(listener.addr);
          const far = await listener.accept();
          await writeOnce(near, HELLO_START);
          assert.deepEqual(await readSome(far, HELLO_START.length), HELLO_START);
          assert.ok(!far.isSecure);
        }),
    },
  ];
}

/** A record that begins a TLS hello and keeps the rest of it. */
const HELLO_START = Uint8Array.of(22, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3);

function strangerCases(makeHost: () => Host): AdapterCase[] {
  const secure = secureOf(makeHost);
  return [
    {
      name: "listenStream() with a certificate survives hellos that fail, in every way",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect, keep }) => {
          const listener = await listen({ tls: IDENTITY });
          const garbage = new Uint8Array(105).fill(7);
          garbage.set(HELLO_START.subarray(0, 9));
          const broken = await connect(listener.addr);
          await writeOnce(broken, garbage);
          // An alert, as every TLS server sends it, and the end; on Deno the end alone.
          const answer = await readAll(broken);
          assert.deepEqual(
            [answer.length, answer[0]],
            RUNTIME === "deno" ? [0, undefined] : [7, 21],
          );
          const cut = await connect(listener.addr);
          await writeOnce(cut, HELLO_START);
          await cut.writable.abort();
          await writeAll(await connect(listener.addr), HELLO_START);
          const stalled = await connect(listener.addr);
          await writeOnce(stalled, HELLO_START);
          await delay(30);
          assert.equal(listener.waiting, 0);
          const near = keep(await secure(await connect(listener.addr)));
          await assertEchoes(near, await listener.accept());
          // Who is undecided goes with the listener.
          listener.close();
          await ended(stalled);
        }),
    },
    {
      name: "listenStream() with a certificate holds 1,024 undecided, and then drops the oldest",
      run: () =>
        withStreams(makeHost(), async ({ listen, connect, keep }) => {
          const listener = await listen({ tls: IDENTITY });
          const clients = [];
          for (let i = 0; i < 1_025; i++) {
            const client = connectNode({ host: "127.0.0.1", port: listener.addr.port });
            keep({ close: () => client.destroy() });
            const index = i;
            const gone = once(client.resume().on("error", () => {}), "close").then(() => index);
            clients.push(gone);
            if (i % 50 === 0) await once(client, "connect");
          }
          assert.equal(await Promise.race(clients), 0);
          const near = keep(await secure(await connect(listener.addr)));
          await assertEchoes(near, await listener.accept());
        }),
    },
  ];
}

function identityCases(makeHost: () => Host): AdapterCase[] {
  const { certificate, key } = IDENTITY;
  const damaged = certificate.replace(/[a-z]/g, "A");
  const wrong: readonly (readonly [string, string, string])[] = [
    ["", "", "the certificate holds no PEM certificate"],
    ["no certificate", key, "the certificate holds no PEM certificate"],
    [key, certificate, "the certificate holds no PEM certificate"],
    [damaged, key, "the certificate cannot be read"],
    [certificate + damaged, key, "the certificate cannot be read"],
    [certificate, "no key", "the key holds no PEM private key"],
    [certificate, certificate, "the key holds no PEM private key"],
    [certificate, key.replace(/[a-z]/g, "A"), "the key cannot be read"],
    [certificate, OTHER_KEY, "the key is not the one of the certificate"],
    [
      certificate,
      ENCRYPTED_KEY,
      "the key is encrypted, and must be given without a passphrase",
    ],
  ];
  return [{
    name: "listenStream() refuses a wrong certificate or key at once, and says what is wrong",
    run: () =>
      withStreams(makeHost(), async ({ listen }) => {
        for (const [certificate, key, message] of wrong) {
          await assert.rejects(listen({ tls: { certificate, key } }), {
            name: "TypeError",
            message,
          });
        }
        await listen({ tls: { certificate: certificate + certificate, key } });
      }),
  }];
}
