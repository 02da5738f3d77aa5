import { test } from "node:test";
import assert from "node:assert/strict";
import {
  type NetworkOptions,
  type PacketLogEntry,
  simulatedNetwork,
} from "../../src/adapters/sim.ts";
import { connect, listen } from "../../mod.ts";

/** A stream of three segments, and what is told of it. */
async function run(options: NetworkOptions): Promise<{ lines: PacketLogEntry[]; hash: string }> {
  const lines: PacketLogEntry[] = [];
  const log = (line: string) => void lines.push(JSON.parse(line));
  const conditions = { delay: 10 };
  const network = simulatedNetwork({ conditions, timers: "exact", log, ...options });
  const [server, client] = [network.addNode("server"), network.addNode("client")];
  const listener = await listen(server, {
    port: 1,
    secretKey: new Uint8Array(32).fill(1),
    freshKey: true,
  });
  const { publicKey: serverKey } = listener;
  const session = await network.run(connect(client, { hostname: "server", port: 1, serverKey }));
  const accepting = listener.accept().then((far) => far.multiplex().acceptConn());
  const conn = await network.run(session.multiplex().openConn(""));
  await accepting;
  await network.run(conn.write(new Uint8Array(3_000)));
  await network.pass(500);
  await network.run(session.close());
  await network.pass(50);
  await network.run(listener.close());
  return { lines, hash: network.traceHash };
}

for (const crypto of ["real", "none"] as const) {
  test(`log is given a line for each datagram, sent and received, crypto ${crypto}`, async () => {
    const { lines } = await run({ crypto });
    const of = (node: string, direction: string) =>
      lines.filter((line) => line.node === node && line.direction === direction);
    const strip = (list: PacketLogEntry[]) =>
      list.map(({ size, kind, frame }) => ({ size, kind, frame }));
    assert.deepEqual(strip(of("client", "sent")), strip(of("server", "received")));
    assert.ok(of("client", "sent").length >= 6);
    assert.ok(lines.every(({ time }, i) => time >= (lines[i - 1]?.time ?? 0)));
    const hello = lines[0]!;
    assert.deepEqual(
      { ...hello, size: 0 },
      {
        time: 0,
        node: "client",
        direction: "sent",
        peer: "10.0.0.1:1",
        size: 0,
        kind: "other",
      },
    );
  });

  test(`log tells what sessions send: kind, numbers, window and rtt, crypto ${crypto}`, async () => {
    const { lines } = await run({ crypto });
    const segments = lines.filter(({ message }) => message === "data");
    const sent = segments.filter(({ direction }) => direction === "sent");
    assert.deepEqual(sent.map(({ sequence }) => sequence), [0, 1, 2]);
    assert.equal(new Set(sent.map(({ stream }) => stream)).size, 1);
    for (const { kind, frame, rtt, window } of sent) {
      assert.equal(kind, "data");
      assert.ok(frame !== undefined && frame > 0);
      assert.ok(rtt !== undefined && rtt > 15 && rtt < 40, `${rtt}`);
      assert.ok(window !== undefined && window >= 4, `${window}`);
    }
    const received = segments.filter(({ direction }) => direction === "received");
    assert.deepEqual(
      received.map(({ sequence, frame }) => [sequence, frame]),
      sent.map(({ sequence, frame }) => [sequence, frame]),
    );
    assert.ok(received.every(({ node, rtt }) => node === "server" && rtt === undefined));
  });
}

test("log tells of what a datagram caused after it", async () => {
  const { lines } = await run({});
  const ack = lines.findIndex(({ message, direction }) =>
    message === "dataAck" && direction === "sent"
  );
  const before = lines[ack - 1]!;
  assert.deepEqual([before.node, before.direction], ["server", "received"]);
});

test("log tells no window where there is no multiplex", async () => {
  const lines: PacketLogEntry[] = [];
  const network = simulatedNetwork({ log: (line) => void lines.push(JSON.parse(line)) });
  const listener = await listen(network.addNode("server"), {
    secretKey: new Uint8Array(32).fill(1),
    freshKey: true,
  });
  const { hostname, port } = listener.addr;
  const target = { hostname, port, serverKey: listener.publicKey };
  const session = await network.run(connect(network.addNode("client"), target));
  session.send(new Uint8Array(10));
  const { kind, rtt, window } = lines.filter(({ kind }) => kind === "data")[0]!;
  assert.deepEqual([kind, typeof rtt, window], ["data", "number", undefined]);
  await network.run(session.close());
  await network.run(listener.close());
});

test("log leaves the run as it is", async () => {
  assert.equal((await run({ log: undefined })).hash, (await run({})).hash);
});
