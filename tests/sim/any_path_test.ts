import { test } from "node:test";
import assert from "node:assert/strict";
import {
  connect,
  type LinkConditions,
  listen,
  type Multiplex,
  type Session,
  type SimulatedNetwork,
  simulatedNetwork,
} from "../../src/adapters/sim.ts";
import { chosenSeeds, repeatCommand, testEachSeed } from "../support/each_seed.ts";
import { saltedBytes } from "../support/salted_bytes.ts";
import { seededFraction } from "../support/seeded_random.ts";
import { readAll } from "../support/virtual_pair.ts";

/** How long things go wrong, ms. */
const TROUBLE = 8_000;

testEachSeed({
  name: "a session carries streams whole whatever the path and the nodes do",
  file: import.meta.url,
  seeds: 12,
  run: async (seed) => {
    const next = seededFraction(seed);
    const network = simulatedNetwork({ seed, crypto: "none", conditions: drawConditions(next) });
    const [server, client] = [network.addNode("server"), network.addNode("client")];
    const listener = await listen(server, {
      port: 1,
      secretKey: new Uint8Array(32).fill(1),
      freshKey: true,
    });
    const target = { hostname: "server", port: 1, serverKey: listener.publicKey };
    const session = await network.run(connect(client, target));
    const near = session.multiplex();
    const far = (await network.run(listener.accept())).multiplex();
    for (let i = 0; i < 10; i++) plan(network, session, next);
    await network.run(
      Promise.all([carry(near, far, 1, 150_000), carry(far, near, 2, 100_000)]),
      600_000,
    );
    await network.run(session.close());
    await network.run(listener.close());
    assert.equal(network.openSockets, 0);
  },
});

/** Some path that is bad, but not hopeless. */
function drawConditions(next: () => number): LinkConditions {
  const often = (value: number) => next() < 0.5 ? 0 : next() * value;
  return {
    delay: often(200),
    jitter: often(50),
    keepsOrder: next() < 0.5,
    loss: often(0.3),
    burst: 1 + often(5),
    reorder: often(0.3),
    reorderDelay: often(100),
    duplicate: often(0.2),
    corrupt: often(0.05),
    rate: next() < 0.3 ? Infinity : 1 + 20 * next(),
    queue: 10 + Math.floor(100 * next()),
    discipline: next() < 0.5 ? "codel" : "drop-tail",
    clump: often(20),
  };
}

/** Lets something go wrong at some time. */
function plan(network: SimulatedNetwork, session: Session, next: () => number): void {
  const [server, client] = ["server", "client"].map((name) => network.node(name));
  const troubles: readonly (() => void)[] = [
    // A client that only reads does not notice by itself that nobody can reach it any more.
    () => {
      client!.roam();
      session.refresh();
    },
    () => {
      client!.rebind();
      session.refresh();
    },
    () => client!.stall(300),
    () => server!.stall(300),
    () => client!.stepWallClock(10),
    () => server!.stepWallClock(-10),
    () => network.path("client", "server").change(drawConditions(next)),
    () => network.path("server", "client").change(drawConditions(next)),
  ];
  const trouble = troubles[Math.floor(next() * troubles.length)]!;
  network.at(network.now + next() * TROUBLE, trouble);
}

/** Carries so many bytes through a stream, and checks each of them. */
async function carry(from: Multiplex, to: Multiplex, salt: number, length: number): Promise<void> {
  const [out, back] = await Promise.all([from.openConn(), to.acceptConn()]);
  const bytes = saltedBytes(0, length, salt);
  const sending = out.write(bytes).then(() => out.closeWrite());
  assert.deepEqual(await readAll(back), bytes);
  await sending;
}

test("chosenSeeds() tries all seeds, or the one that was asked for", () => {
  assert.deepEqual(chosenSeeds(3, undefined), [1, 2, 3]);
  assert.deepEqual(chosenSeeds(3, ""), [1, 2, 3]);
  assert.deepEqual(chosenSeeds(3, "17"), [17]);
});

test("repeatCommand() is what to type in the project's folder", () => {
  const file = import.meta.url;
  const command = "SOSISTAB_SEED=5 deno test -A tests/sim/any_path_test.ts";
  assert.equal(repeatCommand(file, 5, "deno"), command);
  assert.match(repeatCommand(file, 5, "bun"), /^SOSISTAB_SEED=5 bun test tests\/sim\/any_path/);
  assert.match(repeatCommand(file, 5, "node"), /^SOSISTAB_SEED=5 node --test tests\/sim\/any_path/);
});
