import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, listen, type Multiplex, simulatedNetwork } from "../../src/adapters/sim.ts";
import { TraceHash } from "../../src/sim/trace_hash.ts";
import { RUNTIME } from "../support/current_host.ts";
import { readAll } from "../support/virtual_pair.ts";

/**
 * The hash of the run below, whose packets are those of the whole stack: it changes with everything
 * that changes what is sent, and when. Then put the new ones here, if all runtimes agree on them.
 */
const HASHES = { real: "ab670ab9e84c298a", none: "08b265427b5605fa" };

/** The hash of a run of bare datagrams, which changes only with the simulator. */
const DATAGRAMS_HASH = "734958e4d90fd43e";

/** Streams and datagrams in both directions, over a bad path, and a client that roams. */
async function runStack(crypto: "real" | "none"): Promise<string> {
  const network = simulatedNetwork({
    seed: 42,
    crypto,
    conditions: {
      delay: 20,
      jitter: 5,
      loss: 0.05,
      burst: 2,
      reorder: 0.05,
      duplicate: 0.02,
      corrupt: 0.01,
      rate: 10,
      queue: 50,
    },
  });
  const [server, client] = [network.addNode("server"), network.addNode("client")];
  const listener = await listen(server, {
    port: 1,
    secretKey: new Uint8Array(32).fill(1),
    freshKey: true,
  });
  const { publicKey: serverKey } = listener;
  const session = await network.run(connect(client, { hostname: "server", port: 1, serverKey }));
  const near = session.multiplex();
  const far = (await network.run(listener.accept())).multiplex();
  network.at(1_500, () => client.roam());
  network.at(2_500, () => client.rebind());
  network.at(3_000, () => server.stall(150));
  const got = await network.run(Promise.all([
    transfer(near, far, 300_000),
    transfer(far, near, 200_000),
    exchange(near, far, () => network.pass(17)),
  ]));
  assert.deepEqual(got.slice(0, 2), [300_000, 200_000]);
  assert.ok(got[2] > 150 && got[2] <= 200, `${got[2]}`);
  await network.run(session.close());
  await network.run(listener.close());
  await network.pass(1_000);
  return network.traceHash;
}

/** Sends so many bytes through a stream; returns how many come. */
async function transfer(from: Multiplex, to: Multiplex, length: number): Promise<number> {
  const [out, back] = await Promise.all([from.openConn(), to.acceptConn()]);
  const sending = out.write(new Uint8Array(length).fill(7)).then(() => out.closeWrite());
  const bytes = await readAll(back);
  await sending;
  return bytes.length;
}

/** Sends 200 messages that nobody repeats; returns how many come. */
async function exchange(
  from: Multiplex,
  to: Multiplex,
  pause: () => Promise<void>,
): Promise<number> {
  let count = 0;
  const aborting = new AbortController();
  const receiving = (async () => {
    for (;; count++) await to.receiveUrel(aborting);
  })().catch(() => {});
  for (let i = 0; i < 200; i++) {
    from.sendUrel(new Uint8Array(160).fill(i));
    await pause();
  }
  aborting.abort();
  await receiving;
  return count;
}

for (const crypto of ["real", "none"] as const) {
  test(`a run of the whole stack is the same to the byte on every runtime, crypto ${crypto}`, async () => {
    const hash = await runStack(crypto);
    assert.equal(await runStack(crypto), hash, "not even the same twice");
    assert.equal(hash, HASHES[crypto], `on ${RUNTIME} the run has become ${hash}`);
  });
}

test("a run of bare datagrams is the same to the byte on every runtime", async () => {
  const conditions = {
    delay: 12.5,
    jitter: 7.3,
    keepsOrder: false,
    loss: 0.1,
    burst: 1.7,
    reorder: 0.1,
    duplicate: 0.1,
    corrupt: 0.1,
    rate: 3.3,
    queueTime: 40,
    discipline: "codel",
  } as const;
  const network = simulatedNetwork({ seed: -7, conditions });
  const [a, b] = [network.addNode("a"), network.addNode("b")];
  const random = new Uint8Array(1_200);
  const echo = await b.bindDatagram({ hostname: "::", port: 1 }, {
    onDatagram: (datagram, from) => void echo.send(datagram, from),
    onError: () => {},
  });
  const socket = await a.bindDatagram({ hostname: "::", port: 1 }, {
    onDatagram: () => {},
    onError: () => {},
  });
  for (let i = 0; i < 2_000; i++) {
    a.setAlarm(i * 3, () => {
      a.random(random);
      socket.send(random.subarray(0, 1 + random[0]! * 4), echo.addr);
    });
  }
  await network.pass(10_000);
  assert.equal(network.traceHash, DATAGRAMS_HASH);
});

test("TraceHash tells any two short texts and lists of numbers apart", () => {
  const hashes = new Set<string>();
  for (let length = 0; length < 9; length++) {
    for (let at = 0; at <= length; at++) {
      const hash = new TraceHash();
      const bytes = new Uint8Array(length);
      if (at < length) bytes[at] = 1;
      hash.addBytes(bytes);
      hashes.add(hash.toString());
      hash.addNumber(at / 3);
      hashes.add(hash.toString());
    }
  }
  assert.equal(hashes.size, 2 * (9 * 10 / 2));
});
