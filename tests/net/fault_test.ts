import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen, type Session } from "../../mod.ts";
import type { Host } from "../../src/host.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { ReplayWindow } from "../../src/session/replay_window.ts";
import { ServerRecordMachine } from "../../src/records/server_machine.ts";
import { StreamMachine } from "../../src/mux/stream_machine.ts";
import { collectUncaught } from "../support/collect_uncaught.ts";
import { currentHost, plainHost } from "../support/current_host.ts";
import { againstServer, openSocket, shakeHands } from "../support/forged_peer.ts";
import { SECRET_KEY, VirtualPair } from "../support/virtual_pair.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** The mistake that is planted. */
const MISTAKE = new Error("planted");

/** Replaces a method for as long as something runs. */
async function planted<T extends object>(
  type: { readonly prototype: T },
  name: keyof T & string,
  isDue: (...args: unknown[]) => boolean,
  run: () => Promise<void>,
): Promise<void> {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, name);
  assert.ok(typeof descriptor?.value === "function");
  Object.defineProperty(type.prototype, name, {
    ...descriptor,
    value(...args: unknown[]) {
      if (isDue(...args)) throw MISTAKE;
      return descriptor.value.apply(this, args);
    },
  });
  try {
    await run();
  } finally {
    Object.defineProperty(type.prototype, name, descriptor);
  }
}

/** How a session ended that a fault has ended. */
async function assertFaulted(session: Session): Promise<void> {
  const { by, error } = await session.closed;
  assert.equal(by, "error");
  assert.equal(error?.code, "internal-fault");
  assert.equal(error?.cause, MISTAKE);
}

/** A frame number that nobody uses by chance. */
const CURSED = 77_777;
const isCursed = (frameNumber: unknown) => frameNumber === CURSED;

test("a fault by a datagram ends its session at a server, is counted and reported, and the others go on", async () => {
  const pair = new VirtualPair();
  const faults: unknown[] = [];
  const host = Object.assign(Object.create(pair.serverHost), {
    onFault: (error: unknown) => void faults.push(error),
  });
  const listener = await listen(host, { port: 4000, secretKey: SECRET_KEY, freshKey: true });
  const peer = await againstServer(pair, listener);
  const other = await pair.connect(listener);
  const otherServer = await pair.run(listener.accept());
  await planted(ReplayWindow, "accept", isCursed, async () => {
    peer.send(peer.forger.data(CURSED, text("boom")));
    await pair.pass(100);
  });
  await assertFaulted(peer.session);
  assert.deepEqual(faults, [MISTAKE]);
  const { faults: counted, sessionsOpen } = listener.stats();
  assert.deepEqual([counted, sessionsOpen], [1, 1]);
  other.send(text("still here"));
  assert.deepEqual(await pair.run(otherServer.receive()), text("still here"));
  await pair.run(listener.close());
});

test("a fault by the first packet of a candidate begins no session, and leaves the candidate as it was", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const client = await shakeHands(pair, listener);
  client.socket.send(client.resume());
  const uncaught = await collectUncaught(() =>
    planted(ReplayWindow, "accept", isCursed, async () => {
      client.socket.send(client.forger.data(CURSED, text("boom")));
      await pair.pass(100);
    })
  );
  assert.deepEqual(uncaught, [MISTAKE]);
  assert.equal(listener.stats().sessionsOpen, 0);
  client.socket.send(client.forger.data(0, text("again")));
  await pair.pass(100);
  const { faults, sessionsOpen, packetsFailed } = listener.stats();
  assert.deepEqual([faults, sessionsOpen, packetsFailed], [1, 1, 0]);
});

test("a fault by a datagram ends a client's session, and every wait of it", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  const mux = client.multiplex();
  const far = server.multiplex();
  const opening = mux.openConn("a");
  const conn = await pair.run(opening);
  const waits = [mux.acceptConn(), mux.receiveUrel(), conn.read(new Uint8Array(9))];
  const failed = Promise.all(waits.map((wait) => assert.rejects(wait)));
  const uncaught = await collectUncaught(() =>
    planted(StreamMachine, "onData", () => true, async () => {
      const other = await pair.run(far.acceptConn());
      void other.write(text("boom")).catch(() => {});
      await pair.pass(100);
    })
  );
  assert.deepEqual(uncaught, [MISTAKE]);
  await failed;
  await assertFaulted(client);
  assert.equal((await conn.closed).by, "error");
});

test("a fault by an alarm ends its session", async () => {
  const pair = new VirtualPair();
  const { client } = await pair.sessions();
  const mux = client.multiplex();
  const opening = assert.rejects(mux.openConn("a"));
  pair.blackout(true);
  const uncaught = await collectUncaught(() =>
    planted(StreamMachine, "handleTimeout", () => true, () => pair.pass(10_000))
  );
  assert.deepEqual(uncaught, [MISTAKE]);
  await opening;
  await assertFaulted(client);
});

test("a fault that ends a session in which nothing works any more ends its waits all the same", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.sessions();
  const conn = pair.run(client.multiplex().openConn("a"));
  const far = server.multiplex();
  const other = await pair.run(far.acceptConn());
  const reading = assert.rejects((await conn).read(new Uint8Array(9)));
  let calls = 0;
  const uncaught = await collectUncaught(() =>
    planted(StreamMachine, "onData", () => true, () =>
      // The first one would be told by the lane, the second one is the way around it.
      planted(StreamMachine, "abandon", () => ++calls === 1, async () => {
        void other.write(text("boom")).catch(() => {});
        await pair.pass(100);
      }))
  );
  assert.deepEqual(uncaught, [MISTAKE, MISTAKE]);
  await reading;
  await assertFaulted(client);
});

test("a fault in a client's goodbye leaves no socket behind", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  let open = 0;
  const host: Host = {
    ...pair.clientHost,
    bindDatagram: async (address, handler) => {
      const socket = await pair.clientHost.bindDatagram(address, handler);
      open++;
      const close = () => {
        open--;
        socket.close();
      };
      return { addr: socket.addr, send: (...packet) => socket.send(...packet), close };
    },
  };
  const { publicKey: serverKey } = listener;
  const client = await pair.run(
    connect(host, { hostname: "server", port: 4000, serverKey }),
  );
  let calls = 0;
  const uncaught = await collectUncaught(() =>
    planted(SessionMachine, "encodeReport", () => ++calls === 1, async () => {
      void client.close();
      await pair.pass(10_000);
    })
  );
  assert.deepEqual(uncaught, [MISTAKE]);
  assert.equal(open, 0);
  await pair.run(client.closed);
  await pair.run(listener.close());
});

test("a fault by the bytes of a stranger's stream is counted, and shows him nothing", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen({ tcp: true });
  const { port } = listener.addr;
  const hostname = pair.serverHost.address;
  const stream = await pair.run(pair.clientHost.connectStream({ hostname, port }));
  const writer = stream.writable.getWriter();
  let hasEnded = false;
  void stream.readable.pipeTo(new WritableStream()).finally(() => hasEnded = true);
  const uncaught = await collectUncaught(() =>
    planted(ServerRecordMachine, "handleBytes", () => true, async () => {
      void writer.write(new Uint8Array(50));
      await pair.pass(1_000);
    })
  );
  assert.deepEqual(uncaught, [MISTAKE]);
  void writer.write(new Uint8Array(5_000));
  await pair.pass(60_000);
  assert.equal(hasEnded, false);
  const { faults, strangers, proven, drainedBytes } = listener.stats().streams!;
  assert.deepEqual([faults, strangers, proven, drainedBytes], [1, 0, 0, 5_000]);
});

test("a fault of a datagram that belongs to nobody is counted", async () => {
  const pair = new VirtualPair();
  const listener = await pair.listen();
  const { Responder } = await import("../../src/handshake/responder.ts");
  const stranger = await openSocket(pair);
  const uncaught = await collectUncaught(() =>
    planted(Responder, "handleDatagram", () => true, async () => {
      stranger.send(new Uint8Array(200));
      await pair.pass(100);
    })
  );
  assert.deepEqual(uncaught, [MISTAKE]);
  assert.equal(listener.stats().faults, 1);
  await pair.connect(listener);
});

test("a fault does not end the process: on a real host it is a warning", async () => {
  const host = await plainHost();
  const { default: process } = await import("node:process");
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on("warning", onWarning);
  try {
    await faultOn(host);
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.off("warning", onWarning);
  }
  assert.deepEqual(warnings.map(({ name }) => name), ["SosistabFault"]);
  assert.match(warnings[0]!.message, /planted/);
});

test("a fault on the hosts of these tests is an uncaught error, so that it fails them", async () => {
  const host = await currentHost();
  assert.deepEqual(await collectUncaught(() => faultOn(host)), [MISTAKE]);
});

/** A session over real sockets, and a fault in it. */
async function faultOn(host: Awaited<ReturnType<typeof plainHost>>): Promise<void> {
  const secretKey = SECRET_KEY;
  const listener = await listen(host, { hostname: "127.0.0.1", secretKey, freshKey: true });
  const client = await connect(host, {
    hostname: "127.0.0.1",
    port: listener.addr.port,
    serverKey: listener.publicKey,
  });
  const server = await listener.accept();
  let calls = 0;
  await planted(ReplayWindow, "accept", () => ++calls === 1, async () => {
    client.send(text("boom"));
    await assertFaulted(server);
  });
  await client.close();
  await listener.close();
}
