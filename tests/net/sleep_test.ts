import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import type { Multiplex } from "../../src/net/contract.ts";
import { SleepyHost } from "../support/sleepy_host.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** A laptop's lid is closed, with a stream open. Times in ms. */
const RTT = 40;
const MOST_WAIT = RTT + 100;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The same in another network while no clock of ours has noticed: doubt comes with the silence. */
const MOST_WAIT_UNNOTICED = 500;

/** After so long the server has forgotten the session, and a new one may take so long. */
const IDLE_TIMEOUT = 10 * MINUTE;
const MOST_WAIT_NEW = 3 * SECOND;

const CLOCKS = { "goes on": true, "stands still": false };

const isLost = (error: unknown) => error instanceof SosistabError && error.code === "session-lost";

async function echo(mux: Multiplex): Promise<void> {
  for await (const conn of mux) void conn.readable.pipeTo(conn.writable).catch(() => {});
}

/** A client that may sleep, and an echo server. */
async function open(clockGoesOn: boolean) {
  const pair = new VirtualPair({ delay: RTT / 2 }, 1, { timers: "coarse" });
  const listener = await pair.listen();
  const sleepy = new SleepyHost(pair.clientHost);
  const host = clockGoesOn ? pair.clientHost : sleepy.host;
  const serverKey = listener.publicKey;
  const session = await pair.run(connect(host, { hostname: "server", port: PORT, serverKey }));
  const mux = session.multiplex();
  void listener.accept().then((far) => echo(far.multiplex()));
  const conn = await pair.run(mux.openConn());
  const ask = async () => {
    await conn.write(Uint8Array.of(7));
    return await conn.read(new Uint8Array(1));
  };
  await pair.run(ask());
  await pair.pass(SECOND);
  /** Nothing comes to a machine that sleeps, and nothing leaves it. */
  const sleep = async (time: number, roams = false) => {
    pair.blackout(true);
    if (clockGoesOn) pair.clientHost.stall(time);
    else sleepy.sleep(time);
    await pair.pass(time - 1);
    if (roams) pair.clientHost.roam();
    pair.blackout(false);
    await pair.pass(1);
    return pair.now;
  };
  return { pair, listener, mux, conn, ask, sleep };
}

for (const [what, clockGoesOn] of Object.entries(CLOCKS)) {
  for (const time of [10 * SECOND, MINUTE, 9 * MINUTE]) {
    for (const roams of [false, true]) {
      const where = roams ? ", and wakes in another network" : "";
      test(`a client whose clock ${what} while it sleeps for ${time / SECOND} s${where}: its stream goes on`, async (context) => {
        const { pair, listener, mux, ask, sleep } = await open(clockGoesOn);
        const wokeAt = await sleep(time, roams);
        assert.equal(await pair.run(ask(), 10 * SECOND), 1);
        const wait = pair.now - wokeAt;
        context.diagnostic(`an answer ${wait.toFixed(0)} ms after it woke`);
        assert.ok(wait <= (roams && !clockGoesOn ? MOST_WAIT_UNNOTICED : MOST_WAIT), `${wait} ms`);
        assert.equal(listener.stats().handshakes, 1);
        await mux.close();
        await listener.close();
      });
    }
  }

  test(`a client whose clock ${what} while it sleeps for ${IDLE_TIMEOUT / MINUTE + 1} min goes on in a new session`, async (context) => {
    const { pair, listener, mux, ask, sleep } = await open(clockGoesOn);
    const wokeAt = await sleep(IDLE_TIMEOUT + MINUTE);
    assert.equal(listener.stats().sessionsOpen, 0);
    await assert.rejects(pair.run(ask(), 10 * SECOND), isLost);
    context.diagnostic(`its stream ended ${(pair.now - wokeAt).toFixed(0)} ms after it woke`);
    void listener.accept().then((far) => echo(far.multiplex()));
    const conn = await pair.run(mux.openConn());
    await pair.run(conn.write(Uint8Array.of(8)));
    assert.equal(await pair.run(conn.read(new Uint8Array(1))), 1);
    const wait = pair.now - wokeAt;
    context.diagnostic(`a new one answered ${wait.toFixed(0)} ms after it woke`);
    assert.ok(wait <= MOST_WAIT_NEW, `${wait} ms`);
    await mux.close();
    await listener.close();
  });

  test(`a client whose clock ${what} while it sleeps for 20 s with an answer outstanding is not taken for dead by itself`, async () => {
    const { pair, listener, mux, ask, sleep } = await open(clockGoesOn);
    const pending = ask();
    await sleep(20 * SECOND);
    assert.equal(await pair.run(pending, SECOND), 1);
    // The server waits for 30 s, as it knows of no sleep.
    const again = ask();
    await sleep(9 * MINUTE);
    await assert.rejects(pair.run(again, 10 * SECOND), isLost);
    void listener.accept().then((far) => echo(far.multiplex()));
    await pair.run(mux.openConn());
    await mux.close();
    await listener.close();
  });
}
