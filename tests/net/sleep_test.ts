import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/adapters/sim.ts";
import { SosistabError } from "../../src/errors.ts";
import type { ConnectOptions, Multiplex } from "../../src/net/contract.ts";
import { FaultFlow } from "../support/fault_flow.ts";
import { SleepyHost } from "../support/sleepy_host.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** A laptop's lid is closed, with a stream open. Times in ms. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** How soon the session is back when the server still has it, beyond a round trip. */
const MOST_WAIT = 100;
const ROUND_TRIPS = [40, 300];

/** Who has sent and heard nothing for a while looks at the clocks once a second. */
const MOST_WAIT_QUIET = SECOND + 50;

/** After so long the server has forgotten the session, and a new one may take so long. */
const IDLE_TIMEOUT = 10 * MINUTE;
const MOST_WAIT_NEW = 3 * SECOND;

/** A server that is more patient than the sleep is long. */
const PATIENT = 15 * MINUTE;

const CLOCKS = { "goes on": true, "stands still": false };

const isLost = (error: unknown) => error instanceof SosistabError && error.code === "session-lost";

async function echo(mux: Multiplex): Promise<void> {
  for await (const conn of mux) void conn.readable.pipeTo(conn.writable).catch(() => {});
}

interface Nap {
  readonly clockGoesOn: boolean;
  readonly rtt?: number;
  readonly serverPatience?: number;
  readonly options?: Partial<ConnectOptions>;
}

/** A session of a client that may sleep. */
async function connectSleepy(
  { clockGoesOn, rtt = 40, serverPatience = IDLE_TIMEOUT, options = {} }: Nap,
) {
  const pair = new VirtualPair({ delay: rtt / 2 }, 1, { timers: "coarse" });
  const listener = await pair.listen({ idleTimeout: serverPatience, tcp: true });
  const sleepy = new SleepyHost(pair.clientHost);
  const host = clockGoesOn ? pair.clientHost : sleepy.host;
  const serverKey = listener.publicKey;
  const session = await pair.run(
    connect(host, { hostname: "server", port: PORT, serverKey, ...options }),
  );
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
  return { pair, listener, session, sleep };
}

/** A client that may sleep, and an echo server. */
async function open(nap: Nap) {
  const { session, ...rest } = await connectSleepy(nap);
  const { pair, listener } = rest;
  const mux = session.multiplex();
  void listener.accept().then((far) => echo(far.multiplex()));
  const conn = await pair.run(mux.openConn());
  const ask = async () => {
    await conn.write(Uint8Array.of(7));
    return await conn.read(new Uint8Array(1));
  };
  await pair.run(ask());
  await pair.pass(SECOND);
  return { ...rest, mux, conn, ask };
}

for (const [what, clockGoesOn] of Object.entries(CLOCKS)) {
  for (const time of [30 * SECOND, 10 * MINUTE]) {
    for (const roams of [false, true]) {
      const where = roams ? ", and wakes in another network" : "";
      for (const rtt of ROUND_TRIPS) {
        test(`a client whose clock ${what} while it sleeps for ${time / SECOND} s${where}, RTT ${rtt} ms: its stream goes on`, async (context) => {
          const nap = { clockGoesOn, rtt, serverPatience: PATIENT };
          const { pair, listener, mux, ask, sleep } = await open(nap);
          const wokeAt = await sleep(time, roams);
          assert.equal(await pair.run(ask(), 10 * SECOND), 1);
          const wait = pair.now - wokeAt;
          context.diagnostic(`an answer ${wait.toFixed(0)} ms after it woke`);
          assert.ok(wait <= rtt + MOST_WAIT, `${wait} ms`);
          assert.equal(listener.stats().sessionsOpen, 1);
          await pair.run(mux.close());
          await pair.run(listener.close());
        });

        for (const direction of ["up", "down"] as const) {
          test(`a client whose clock ${what} while it sleeps for ${time / SECOND} s${where}, RTT ${rtt} ms, in mid-transfer ${direction}: the transfer goes on`, async (context) => {
            const nap = { clockGoesOn, rtt, serverPatience: PATIENT };
            const { pair, listener, session, sleep } = await connectSleepy(nap);
            const [near, far] = [session, await pair.run(listener.accept())]
              .map((each) => each.multiplex({ deadAfter: PATIENT }));
            const conns = await pair.run(Promise.all([near!.openConn(), far!.acceptConn()]));
            const [from, to] = direction === "up" ? conns : conns.reverse();
            pair.up.change({ rate: 20, queue: 100 });
            pair.down.change({ rate: 20, queue: 100 });
            const flow = new FaultFlow(from!, to!, 5_000_000, () => pair.now);
            await pair.pass(SECOND);
            const wokeAt = await sleep(time, roams);
            await pair.run(flow.done, MINUTE);
            const wait = flow.timeUntil(1, wokeAt);
            context.diagnostic(`data flowed ${wait.toFixed(0)} ms after it woke`);
            // A new address gets little until it is proved, which takes another round trip.
            const trips = roams && direction === "down" ? 2 : 1;
            assert.ok(wait <= trips * rtt + MOST_WAIT, `${wait} ms`);
            assert.equal(listener.stats().sessionsOpen, 1);
            await pair.run(listener.close());
          });
        }
      }

      test(`a client whose clock ${what} while it sleeps for ${time / SECOND} s${where}, and which waits for nothing, is heard by its server soon`, async (context) => {
        const rtt = 40;
        const nap = { clockGoesOn, rtt, serverPatience: PATIENT };
        const { pair, listener, mux, sleep } = await open(nap);
        await pair.pass(MINUTE);
        const wokeAt = await sleep(time, roams);
        const { packetsProcessed } = listener.stats();
        while (listener.stats().packetsProcessed === packetsProcessed) await pair.pass(1);
        const wait = pair.now - wokeAt;
        context.diagnostic(`the server heard it ${wait.toFixed(0)} ms after it woke`);
        assert.ok(wait <= rtt / 2 + MOST_WAIT_QUIET, `${wait} ms`);
        await pair.run(mux.close());
        await pair.run(listener.close());
      });
    }
  }

  for (const roams of [false, true]) {
    const where = roams ? ", and wakes in another network" : "";
    test(`a client over TCP whose clock ${what} while it sleeps for 30 s${where}: its stream goes on`, async (context) => {
      for (const rtt of ROUND_TRIPS) {
        const options = { protocol: "tcp" } as const;
        const nap = { clockGoesOn, rtt, serverPatience: PATIENT, options };
        const { pair, listener, mux, ask, sleep } = await open(nap);
        const wokeAt = await sleep(30 * SECOND, roams);
        assert.equal(await pair.run(ask(), 10 * SECOND), 1);
        const wait = pair.now - wokeAt;
        context.diagnostic(`RTT ${rtt} ms: an answer ${wait.toFixed(0)} ms after it woke`);
        // Another connection has to be opened, and needs a handshake of its own.
        assert.ok(wait <= (roams ? 3 : 1) * rtt + MOST_WAIT, `${wait} ms`);
        await pair.run(mux.close());
        await pair.run(listener.close());
      }
    });
  }

  test(`a client whose clock ${what} while it sleeps for ${IDLE_TIMEOUT / MINUTE + 1} min goes on in a new session`, async (context) => {
    const { pair, listener, mux, ask, sleep } = await open({ clockGoesOn });
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
    await pair.run(mux.close());
    await pair.run(listener.close());
  });

  for (const isMultiplex of [false, true]) {
    const whose = isMultiplex ? "of a multiplex" : "of bare datagrams";
    test(`a client whose clock ${what}: its sleep does not count towards idleTimeout, session ${whose}`, async (context) => {
      // Whatever alarm rings first after it: the limit has passed by a second or a moment, or not yet.
      for (const over of [-5, 0, 1, 20, 74, 76, 500, 999, 1_001, 3_000, 120_000]) {
        const options = { idleTimeout: 2 * MINUTE };
        const nap = { clockGoesOn, serverPatience: PATIENT, options };
        const { pair, listener, session, sleep } = await connectSleepy(nap);
        const far = await pair.run(listener.accept());
        const mux = isMultiplex ? session.multiplex() : undefined;
        if (isMultiplex) far.multiplex();
        const idleSince = pair.now;
        await pair.pass(MINUTE);
        const { packetsProcessed } = listener.stats();
        const wokeAt = await sleep(idleSince + options.idleTimeout + over - pair.now);
        let end = Infinity;
        void (mux ?? session).closed.then(() => end = pair.now);
        await pair.pass(MOST_WAIT_QUIET + SECOND);
        assert.equal(end, Infinity, `closed when it woke ${over} ms after the limit`);
        assert.ok(listener.stats().packetsProcessed > packetsProcessed, "the server was asked");
        await pair.pass(options.idleTimeout - 5 * SECOND);
        assert.equal(end, Infinity, "closed before it was idle for so long again");
        // A look once a second, the answer, and coarse alarms.
        await pair.pass(5 * SECOND);
        assert.ok(end < Infinity, "not closed after it was idle for so long again");
        if (over === 0) context.diagnostic(`closed ${(end - wokeAt) / SECOND} s after it woke`);
        await pair.run(listener.close());
      }
    });
  }

  test(`a client whose clock ${what} while it sleeps for 20 s with an answer outstanding is not taken for dead by itself`, async () => {
    const { pair, listener, mux, ask, sleep } = await open({ clockGoesOn });
    const pending = ask();
    await sleep(20 * SECOND);
    assert.equal(await pair.run(pending, SECOND), 1);
    // The server waits for 30 s, as it knows of no sleep.
    const again = ask();
    await sleep(9 * MINUTE);
    await assert.rejects(pair.run(again, 10 * SECOND), isLost);
    void listener.accept().then((far) => echo(far.multiplex()));
    await pair.run(mux.openConn());
    await pair.run(mux.close());
    await pair.run(listener.close());
  });
}
