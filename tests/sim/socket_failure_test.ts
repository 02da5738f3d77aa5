import { test } from "node:test";
import assert from "node:assert/strict";
import { simulatedNetwork, type SocketFailure } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";

const ANY = { hostname: "0.0.0.0", port: 0 };
const at = (port: number) => ({ hostname: "0.0.0.0", port });

/** Two nodes; what the first one's socket is told, and what the second one's gets. */
async function setUp() {
  const network = simulatedNetwork({ conditions: { delay: 10 }, timers: "exact" });
  const [a, b] = [network.addNode("a"), network.addNode("b")];
  const [errors, received]: [unknown[], number[]] = [[], []];
  const socket = await a.bindDatagram(ANY, {
    onDatagram: () => {},
    onError: (error) => errors.push(error),
  });
  const { addr } = await b.bindDatagram(at(5), {
    onDatagram: ([first]) => received.push(first!),
    onError: () => {},
  });
  return { network, a, b, socket, addr, errors, received };
}

/** The code that an attempt rejects with. */
async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SosistabError);
    return error.code;
  }
}

const ROWS: readonly (readonly [
  failure: SocketFailure,
  isSent: boolean,
  isTold: boolean,
  ...codes: (string | undefined)[],
])[] = [
  ["EMFILE", true, false, "socket-failed", "socket-failed", "socket-failed"],
  ["ENOBUFS", false, false, undefined, undefined, undefined],
  ["EPERM", true, true, undefined, "permission-denied", "permission-denied"],
  ["ECONNREFUSED", true, true, undefined, "reset", undefined],
];

for (const [failure, isSent, isTold, ...codes] of ROWS) {
  test(`SimulatedNode.failSockets() does with ${failure} what a system does, until it is taken back`, async () => {
    const { network, a, b, socket, addr, errors, received } = await setUp();
    await b.listenStream(at(5), { onStream: (stream) => stream.close() });
    a.failSockets(failure);
    assert.equal(socket.send(Uint8Array.of(1), addr), isSent);
    assert.deepEqual(errors, [], "told later");
    await network.pass(100);
    assert.equal(errors.length, isTold ? 1 : 0);
    assert.deepEqual(received, failure === "EMFILE" ? [1] : []);
    const handler = { onDatagram: () => {}, onError: () => {} };
    const attempts = [
      () => a.bindDatagram(ANY, handler),
      () => network.run(a.connectStream({ hostname: b.address, port: 5 })),
      () => a.listenStream(at(7), { onStream: () => {} }),
    ];
    for (const [i, attempt] of attempts.entries()) assert.equal(await codeOf(attempt()), codes[i]);
    a.failSockets();
    assert.equal(socket.send(Uint8Array.of(2), addr), true);
    await network.pass(100);
    assert.equal(received.at(-1), 2);
  });
}

test("SimulatedNode.failSockets(): who connects to a node without file descriptors waits until it has some", async () => {
  const { network, a, b } = await setUp();
  const accepted: number[] = [];
  await b.listenStream(at(5), { onStream: () => void accepted.push(network.now) });
  b.failSockets("EMFILE");
  const connecting = a.connectStream({ hostname: b.address, port: 5 });
  await network.pass(2_500);
  assert.deepEqual(accepted, []);
  b.failSockets();
  await network.run(connecting);
  await network.pass(100);
  assert.equal(accepted.length, 1);
});

test("a node listens again for streams where connections of an earlier listener linger", async () => {
  const { network, a, b } = await setUp();
  const listener = await b.listenStream(at(5), { onStream: () => {} });
  await network.run(a.connectStream({ hostname: b.address, port: 5 }));
  listener.close();
  assert.ok(b.openSockets > 0);
  await b.listenStream(at(5), { onStream: () => {} });
});

test("a connection that was asked for and never confirmed is forgotten", async () => {
  const { network, a, b } = await setUp();
  await b.listenStream(at(5), { onStream: () => assert.fail("nobody has connected") });
  const before = b.openSockets;
  void a.connectStream({ hostname: b.address, port: 5 }).catch(() => {});
  await network.pass(15);
  assert.equal(b.openSockets, before + 1);
  // The answer goes to where nobody is any more.
  a.roam();
  await network.pass(120_000);
  assert.equal(b.openSockets, before);
});
