/**
 * The public API on real sockets of whatever runtime runs this.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Address, connect, type Host, listen, SosistabError } from "../../mod.ts";
import type { DatagramHandler, DatagramSocket } from "../../src/host.ts";
import { delay } from "../support/delay.ts";
import { testWithoutLeaks } from "../support/leak_checked.ts";
import { pattern } from "../support/pattern.ts";
import { readAll } from "../support/virtual_pair.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);

/** Listens at one name, connects to another, sends over both lanes, closes everything. */
async function exchange(
  host: Host,
  listenAt: string | undefined,
  connectTo: string,
): Promise<void> {
  const listener = await listen(host, {
    ...(listenAt === undefined ? {} : { hostname: listenAt }),
    secretKey: SECRET_KEY,
    freshKey: true,
  });
  const serving = (async () => {
    const mux = (await listener.accept()).multiplex();
    const conn = await mux.acceptConn();
    await conn.readable.pipeTo(conn.writable);
    mux.sendUrel(await mux.receiveUrel());
    await conn.closed;
    return mux;
  })();
  const { port } = listener.addr;
  const serverKey = listener.publicKey;
  const session = await connect(host, { hostname: connectTo, port, serverKey, timeout: 5_000 });
  const mux = session.multiplex();
  const conn = await mux.openConn("echo");
  const sent = pattern(300_000);
  const reading = readAll(conn);
  await conn.write(sent);
  conn.closeWrite();
  assert.deepEqual(await reading, sent);
  const receiving = mux.receiveUrel({ signal: AbortSignal.timeout(5_000) });
  mux.sendUrel(pattern(1_000));
  assert.deepEqual(await receiving, pattern(1_000));
  await conn.closed;
  const far = await serving;
  await session.close();
  await listener.close();
  assert.deepEqual(await far.closed, { by: "remote" });
}

testWithoutLeaks("a session over IPv4", (host) => exchange(host, "127.0.0.1", "127.0.0.1"));

testWithoutLeaks("a session over IPv6", (host) => exchange(host, "::1", "::1"));

testWithoutLeaks("a session by a host name", (host) => exchange(host, "localhost", "localhost"));

testWithoutLeaks("a listener without a host name takes IPv4 and IPv6", async (host) => {
  await exchange(host, undefined, "127.0.0.1");
  await exchange(host, undefined, "::1");
});

testWithoutLeaks("connect() without a server leaves nothing behind", async (host) => {
  const options = { hostname: "127.0.0.1", port: 9, serverKey: SECRET_KEY, timeout: 300 };
  await assert.rejects(
    connect(host, options),
    (error) => error instanceof SosistabError && error.code === "no-answer",
  );
});

testWithoutLeaks("closing in the middle of everything leaves nothing behind", async (host) => {
  const listener = await listen(host, {
    hostname: "127.0.0.1",
    secretKey: SECRET_KEY,
    freshKey: true,
  });
  const serving = (async () => {
    const conn = await (await listener.accept()).multiplex().acceptConn();
    await conn.write(pattern(10_000_000));
  })().catch((error: unknown) => error);
  const { port } = listener.addr;
  const serverKey = listener.publicKey;
  const session = await connect(host, { hostname: "127.0.0.1", port, serverKey });
  const mux = session.multiplex();
  const conn = await mux.openConn();
  const waits = [
    conn.write(pattern(10_000_000)),
    conn.read(new Uint8Array(10)).then(() => conn.read(new Uint8Array(10_000_000))),
    mux.acceptConn(),
    mux.receiveUrel(),
  ].map((wait) => wait.then(() => "done", (error: unknown) => error));
  await delay(50);
  await session.close();
  await listener.close();
  for (const outcome of await Promise.all([...waits, serving])) {
    assert.ok(outcome === "done" || outcome instanceof SosistabError, String(outcome));
  }
});

/** A host that sends no datagrams while it is mute. */
function mutable(host: Host): { host: Host; isMute: boolean } {
  const muted = {
    isMute: false,
    host: {
      ...host,
      async bindDatagram(address: Address, handler: DatagramHandler): Promise<DatagramSocket> {
        const socket = await host.bindDatagram(address, handler);
        return {
          addr: socket.addr,
          send: (datagram, to) => muted.isMute || socket.send(datagram, to),
          close: () => socket.close(),
        };
      },
    },
  };
  return muted;
}

testWithoutLeaks("a listener survives what answers to nobody cause", async (host) => {
  const listener = await listen(host, {
    hostname: "127.0.0.1",
    secretKey: SECRET_KEY,
    freshKey: true,
  });
  const { port } = listener.addr;
  const serverKey = listener.publicKey;
  const muted = mutable(host);
  for (let i = 0; i < 3; i++) {
    const session = await connect(muted.host, { hostname: "127.0.0.1", port, serverKey });
    session.send(Uint8Array.of(i));
    const far = await listener.accept();
    await far.receive();
    muted.isMute = true;
    await session.close();
    muted.isMute = false;
    // Nobody is there any more, nor has said so: each of these earns an ICMP answer.
    for (let j = 0; j < 20; j++) far.send(new Uint8Array(100));
    await delay(20);
  }
  const session = await connect(host, { hostname: "127.0.0.1", port, serverKey });
  session.send(Uint8Array.of(42));
  const far = await listener.accept();
  assert.deepEqual(await far.receive(), Uint8Array.of(42));
  await session.close();
  await listener.close();
});
