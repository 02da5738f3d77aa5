/**
 * One of a client's UDP sockets is blocked, as by a NAT that has forgotten it or a filter that dislikes
 * its port: the session lives on over the others, and a new socket takes its place.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, type SimulatedNode } from "../../src/adapters/sim.ts";
import type { DatagramSocket, Host } from "../../src/host.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

const SHARDS = 4;
const RTT = 40;
const PATH = { delay: RTT / 2, rate: 20, queue: 100 };
const RESET_INTERVAL = 5_000;
const AMOUNT = 40_000_000;

/** How long nothing may come after a socket was blocked, ms: what a rebind may take at the worst. */
const MOST_STALL = 300;

/** A machine whose sockets can be blocked one by one. */
class Filter {
  readonly host: Host;
  /** Ports that are open, each with what came in through it. */
  readonly received = new Map<number, number>();
  readonly #blocked = new Set<number>();

  constructor(node: SimulatedNode) {
    this.host = {
      ...node,
      bindDatagram: async (address, handler): Promise<DatagramSocket> => {
        const socket = await node.bindDatagram(address, {
          onDatagram: (datagram, from) => {
            const { port } = socket.addr;
            if (this.#blocked.has(port)) return;
            this.received.set(port, (this.received.get(port) ?? 0) + 1);
            handler.onDatagram(datagram, from);
          },
          onError: (error) => handler.onError(error),
        });
        const { addr, addr: { port } } = socket;
        this.received.set(port, 0);
        return {
          addr,
          send: (datagram, to) => this.#blocked.has(port) || socket.send(datagram, to),
          close: () => {
            this.received.delete(port);
            socket.close();
          },
        };
      },
    };
  }

  get ports(): readonly number[] {
    return [...this.received.keys()];
  }

  /** Lets nothing through in either direction any more. */
  block(port: number): void {
    this.#blocked.add(port);
  }
}

for (const direction of ["up", "down"] as const) {
  test(`a shard that is blocked is replaced, ${direction}: the transfer goes on, and then as before`, async (context) => {
    const pair = new VirtualPair(PATH, 1, { crypto: "none" });
    const listener = await pair.listen();
    const filter = new Filter(pair.clientHost);
    const { publicKey: serverKey } = listener;
    const options = { hostname: "server", port: PORT, serverKey, shards: SHARDS };
    const session = await pair.run(
      connect(filter.host, { ...options, resetInterval: RESET_INTERVAL }),
    );
    const [near, far] = [session, await pair.run(listener.accept())].map((each) =>
      each.multiplex()
    );
    const conns = await pair.run(Promise.all([near!.openConn(), far!.acceptConn()]));
    const [from, to] = direction === "up" ? conns : conns.reverse();
    const flow = new FaultFlow(from!, to!, AMOUNT, () => pair.now);
    await pair.pass(2_000);
    const before = filter.ports;
    assert.equal(before.length, SHARDS);
    const rateBefore = flow.total / 2;
    const [blocked] = before.slice(1);
    filter.block(blocked!);
    const blockedAt = pair.now;
    while (filter.ports.includes(blocked!) && pair.now - blockedAt < 60_000) await pair.pass(10);
    const replacedAfter = pair.now - blockedAt;
    const gap = flow.longestGap(blockedAt, pair.now);
    context.diagnostic(
      `replaced after ${(replacedAfter / 1_000).toFixed(1)} s; nothing came for ${
        gap.toFixed(0)
      } ms at the most`,
    );
    // What came before it was blocked still counts in the interval in which that happened.
    assert.ok(replacedAfter <= 2 * RESET_INTERVAL, `${replacedAfter} ms`);
    assert.ok(gap <= MOST_STALL, `${gap} ms`);
    const after = filter.ports;
    assert.equal(after.length, SHARDS);
    assert.deepEqual(after.filter((port) => !before.includes(port)).length, 1);
    assert.equal(listener.stats().handshakes, 1);
    // The server forgets the old address within ten seconds; until then a part of what it sends is lost.
    await pair.pass(2_000);
    const [total, counts] = [flow.total, new Map(filter.received)];
    await pair.pass(2_000);
    const rate = (flow.total - total) / 2;
    const shares = after.map((port) => filter.received.get(port)! - counts.get(port)!);
    context.diagnostic(
      `${(rateBefore / 125_000).toFixed(1)} Mbit/s before, ${
        (rate / 125_000).toFixed(1)
      } after; packets that came through each: ${shares.join(", ")}`,
    );
    assert.ok(rate >= 0.9 * rateBefore, `${rate} after ${rateBefore}`);
    for (const share of shares) assert.ok(share >= Math.max(...shares) / 2, `${shares}`);
    await pair.run(near!.close());
    await pair.run(listener.close());
    assert.equal(pair.network.openSockets, 0);
  });
}

test("a shard that is blocked costs an idle session nothing: it is found out when data flows", async () => {
  const pair = new VirtualPair(PATH, 1, { crypto: "none" });
  const listener = await pair.listen();
  const filter = new Filter(pair.clientHost);
  const { publicKey: serverKey } = listener;
  const session = await pair.run(
    connect(filter.host, {
      hostname: "server",
      port: PORT,
      serverKey,
      shards: SHARDS,
      resetInterval: RESET_INTERVAL,
    }),
  );
  session.multiplex();
  (await pair.run(listener.accept())).multiplex();
  await pair.pass(1_000);
  filter.block(filter.ports[1]!);
  const { ports } = filter;
  await pair.pass(60_000);
  assert.deepEqual(filter.ports, ports);
  assert.equal(listener.stats().sessionsOpen, 1);
  await pair.run(session.close());
  await pair.run(listener.close());
});
