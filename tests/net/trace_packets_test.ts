import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connect,
  type Host,
  listen,
  type PacketLogEntry,
  simulatedNetwork,
  tracePackets,
} from "../../src/adapters/sim.ts";
import { testWithoutLeaks } from "../support/leak_checked.ts";
import { pattern } from "../support/pattern.ts";
import { readAll } from "../support/virtual_pair.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);
const LENGTH = 5_000;

/** What is told of the packets of an echoed stream, at both ends. */
async function traceEcho(host: Host, protocol: "udp" | "tcp") {
  const lines: { client: PacketLogEntry[]; server: PacketLogEntry[] } = { client: [], server: [] };
  const ends = {
    client: tracePackets(host, (line) => void lines.client.push(JSON.parse(line))),
    server: tracePackets(host, (line) => void lines.server.push(JSON.parse(line))),
  };
  const carriers = { udp: protocol === "udp", tcp: protocol === "tcp" };
  const options = { hostname: "127.0.0.1", secretKey: SECRET_KEY, freshKey: true, ...carriers };
  const listener = await listen(ends.server, options);
  const serving = (async () => {
    const conn = await (await listener.accept()).multiplex().acceptConn();
    await conn.readable.pipeTo(conn.writable);
    await conn.closed;
  })();
  const { addr, publicKey: serverKey } = listener;
  const session = await connect(ends.client, { ...addr, serverKey, protocol });
  const conn = await session.multiplex().openConn("echo");
  const reading = readAll(conn);
  await conn.write(pattern(LENGTH));
  conn.closeWrite();
  assert.deepEqual(await reading, pattern(LENGTH));
  await serving;
  await session.close();
  await listener.close();
  return { ...lines, peer: `${addr.hostname}:${addr.port}` };
}

/** Data segments of a direction, each once: the first time that it went. */
function segments(lines: readonly PacketLogEntry[], direction: "sent" | "received"): number[] {
  const found = lines.filter((line) => line.message === "data" && line.direction === direction);
  return [...new Set(found.map(({ sequence }) => sequence ?? -1))].sort((a, b) => a - b);
}

for (const protocol of ["udp", "tcp"] as const) {
  testWithoutLeaks(
    `tracePackets() tells what real sockets send and are given, over ${protocol}`,
    async (host) => {
      const { client, server, peer } = await traceEcho(host, protocol);
      const sent = segments(client, "sent");
      assert.ok(sent.length >= LENGTH / 2_000, `${sent.length} segments`);
      assert.deepEqual(sent, sent.map((_, i) => i));
      assert.deepEqual(segments(server, "received"), sent);
      assert.deepEqual(segments(client, "received"), segments(server, "sent"));
      for (const line of client.filter(({ message }) => message === "data")) {
        const { direction, size, kind, frame, stream, rtt, window, node } = line;
        assert.deepEqual([kind, typeof frame, typeof stream, node], [
          "data",
          "number",
          "number",
          undefined,
        ]);
        assert.ok(size > 40 && size < 2_048, `${size}`);
        const isSent = direction === "sent";
        assert.deepEqual([typeof rtt, typeof window], [
          isSent ? "number" : "undefined",
          isSent ? "number" : "undefined",
        ]);
        // What comes through a stream has no address of its own.
        assert.equal(line.peer, isSent || protocol === "udp" ? peer : undefined);
      }
      for (const lines of [client, server]) {
        assert.ok(lines.every(({ time }, i) => time >= (lines[i - 1]?.time ?? 0)));
      }
      assert.equal(client[0]?.kind, protocol === "udp" ? "other" : "data");
    },
  );
}

test("tracePackets() tells what the log of a simulated network tells, and leaves the run as it is", async () => {
  const run = async (isTraced: boolean) => {
    const logged: PacketLogEntry[] = [];
    const traced: PacketLogEntry[] = [];
    const network = simulatedNetwork({
      conditions: { delay: 10, loss: 0.05 },
      log: (line) => void logged.push(JSON.parse(line)),
    });
    const node = network.addNode("client");
    const client = isTraced
      ? tracePackets(node, (line) => void traced.push(JSON.parse(line)))
      : node;
    const listener = await listen(network.addNode("server"), {
      secretKey: SECRET_KEY,
      freshKey: true,
    });
    const { addr, publicKey: serverKey } = listener;
    const session = await network.run(connect(client, { ...addr, serverKey }));
    const accepting = listener.accept().then((far) => far.multiplex().acceptConn());
    const conn = await network.run(session.multiplex().openConn());
    await network.run(accepting);
    await network.run(conn.write(pattern(200_000)).then(() => conn.closeWrite()));
    await network.pass(2_000);
    await network.run(session.close());
    await network.run(listener.close());
    const ofClient = logged.filter(({ node }) => node === "client")
      .map(({ node: _, ...entry }) => entry);
    return { traced, ofClient, hash: network.traceHash };
  };
  const { traced, ofClient, hash } = await run(true);
  assert.ok(traced.length > 150, `${traced.length} lines`);
  assert.deepEqual(traced, ofClient);
  assert.equal((await run(false)).hash, hash);
});
