/**
 * What sessions cost that say nothing: thousands of them stand at a server.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { RttEstimator } from "../../src/mux/rtt.ts";
import type { Multiplex, RelConn } from "../../src/net/contract.ts";
import { SessionDriver } from "../../src/net/driver.ts";
import { DrivenSession } from "../../src/net/session.ts";
import type { SessionPath } from "../../src/net/session_path.ts";
import { Random } from "../../src/random.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { liveBytes } from "../support/live_bytes.ts";
import { seededFraction, seededSource } from "../support/seeded_random.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

/** Sessions of a run: so many that what is shared by them does not count. */
const COUNT = 150;

const KIB = 1024;

/** Two ends of one session, each with all that a program has of it, and a path between them. */
class Ends {
  readonly programs: DrivenSession[] = [];
  readonly #drivers: SessionDriver[] = [];
  readonly #inbox: [Uint8Array[], Uint8Array[]] = [[], []];
  readonly #isLost: () => boolean;

  constructor(pair: VirtualPair, seed: number, loss: number) {
    const next = seededFraction(seed);
    this.#isLost = () => next() < loss;
    const secret = new Uint8Array(32).fill(seed);
    for (const [index, role] of (["client", "server"] as const).entries()) {
      const random = pools[index]!;
      const session = new SessionMachine({ role, secret: secret.slice(), random });
      const path = new StubPath((packet) => this.#inbox[1 - index]!.push(packet.slice()));
      const rtt = new RttEstimator(20);
      const parts = { host: pair.serverHost, role, random, rtt, idleTimeout: 600_000, repair: {} };
      const driver = new SessionDriver(parts, { session, path });
      this.#drivers.push(driver);
      this.programs.push(new DrivenSession(driver));
    }
  }

  /** Delivers what is on its way, and what is answered. */
  deliver(): void {
    for (let round = 0; round < 100; round++) {
      for (const [index, driver] of this.#drivers.entries()) {
        for (const packet of this.#inbox[index]!.splice(0)) {
          if (this.#isLost()) continue;
          driver.handleDatagram(packet);
          driver.flush();
        }
      }
    }
  }
}

/** Of all sessions of one role, as at a real server. */
const pools = [new Random(seededSource(1)), new Random(seededSource(2))];

class StubPath implements SessionPath {
  readonly address = { hostname: "10.0.0.1", port: 1 };
  readonly carrier = "udp";
  readonly reason = undefined;
  readonly isFull = false;
  readonly wokeAt: number = -Infinity;
  readonly isSought = false;
  readonly deadline = Infinity;
  readonly #deliver: (packet: Uint8Array) => void;

  constructor(deliver: (packet: Uint8Array) => void) {
    this.#deliver = deliver;
  }

  send(packet: Uint8Array): boolean {
    this.#deliver(packet);
    return true;
  }

  handleTimeout(): boolean {
    return false;
  }

  prepare(): void {}
  refresh(): void {}
  retire(): void {}
  close(): void {}
}

interface Figures {
  readonly busy: number;
  readonly idle: number;
}

/** Bytes of an end, just after something was done with each, and a minute later. */
async function measure(
  loss: number,
  use: (ends: Ends, pair: VirtualPair) => void,
): Promise<Figures> {
  const pair = new VirtualPair();
  const run = (seed: number): Ends => {
    const ends = new Ends(pair, seed, loss);
    ends.deliver();
    use(ends, pair);
    return ends;
  };
  // What is made once is made.
  for (let seed = 0; seed < 20; seed++) run(seed);
  await pair.pass(60_000);
  const before = liveBytes();
  const kept = Array.from({ length: COUNT }, (_, i) => run(i + 100));
  const busy = (liveBytes() - before) / (2 * COUNT);
  await pair.pass(60_000);
  for (const ends of kept) ends.deliver();
  await pair.pass(60_000);
  const idle = (liveBytes() - before) / (2 * COUNT);
  assert.equal(kept.length, COUNT);
  return { busy, idle };
}

test("L-SESS: a session that has said nothing yet takes at most 12 KB", async () => {
  const { busy, idle } = await measure(0, () => {});
  assert.ok(busy <= 12 * KIB, `${busy} bytes at the start`);
  assert.ok(idle <= 12 * KIB, `${idle} bytes a minute later`);
});

test("L-SESS: a session with a multiplex that has said nothing yet takes at most 19 KB", async () => {
  const kept: Multiplex[] = [];
  const { idle } = await measure(0, (ends) => {
    for (const program of ends.programs) kept.push(program.multiplex());
    ends.deliver();
  });
  assert.ok(idle <= 19 * KIB, `${idle} bytes`);
});

test("L-SESS: a session that has moved much over a bad path gives its memory back when it falls silent", async () => {
  const body = new Uint8Array(1_200).fill(7);
  const { busy, idle } = await measure(0.1, (ends) => {
    const leaving = new AbortController();
    const { signal } = leaving;
    for (let i = 0; i < 60; i++) {
      for (const program of ends.programs) {
        program.send(body);
        void program.receive({ signal }).catch(() => {});
      }
      ends.deliver();
    }
    leaving.abort();
  });
  assert.ok(busy > 60 * KIB, `${busy} bytes while it was busy`);
  // Runtimes take their time with the memory of arrays: what is referred to are 15 KB.
  assert.ok(idle <= 32 * KIB, `${idle} bytes a minute later`);
});

test("L-STREAM: an open stream that has moved something and is idle takes at most 8 KB at each end", async () => {
  const pair = new VirtualPair();
  const { client, server } = await pair.multiplexes();
  const kept: RelConn[] = [];
  const open = async (count: number): Promise<void> => {
    const into = new Uint8Array(20_000);
    for (let i = 0; i < count; i++) {
      const near = await pair.run(client.openConn());
      const far = await pair.run(server.acceptConn());
      for (const [from, to] of [[near, far], [far, near]] as const) {
        void from.write(into);
        for (let left = into.length; left > 0;) left -= await pair.run(to.read(into)) ?? left;
      }
      kept.push(near, far);
    }
    await pair.pass(1_000);
  };
  await open(20);
  const before = liveBytes();
  await open(150);
  const each = (liveBytes() - before) / 300;
  assert.ok(each <= 8 * KIB, `${each} bytes`);
  assert.equal(server.stats().streams, 170);
});
