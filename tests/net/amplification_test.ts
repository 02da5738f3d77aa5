/**
 * Nobody can use a server against somebody else: it sends an address that has proved nothing no more
 * than a multiple of what came from there.
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { Initiator } from "../../src/handshake/initiator.ts";
import { portableX25519 } from "../../src/crypto/keys.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../support/seeded_random.ts";
import { PORT, VirtualPair } from "../support/virtual_pair.ts";

/** What may be sent for each byte that came: to a hello, and to a session's new address. */
const MOST_OF_HELLO = 1;
const MOST_OF_SESSION = 3;

/** Bytes that came from each host, and went there. */
class Ledger {
  readonly #came = new Map<string, number>();
  readonly #went = new Map<string, number>();
  /** The most that went to a host for each byte from there, at any moment. */
  readonly worst = new Map<string, number>();

  onReceive(length: number, hostname: string): void {
    this.#came.set(hostname, (this.#came.get(hostname) ?? 0) + length);
  }

  onSend(length: number, hostname: string): void {
    const went = (this.#went.get(hostname) ?? 0) + length;
    this.#went.set(hostname, went);
    const share = went / (this.#came.get(hostname) ?? 0);
    this.worst.set(hostname, Math.max(share, this.worst.get(hostname) ?? 0));
  }
}

/** A pair whose server keeps a ledger. */
async function open(seed: number) {
  const pair = new VirtualPair({ delay: 20, rate: 20, queue: 100 }, seed);
  const ledger = new Ledger();
  const listener = await pair.listen({
    onReceive: (length, { hostname }) => ledger.onReceive(length, hostname),
    onSend: (length, { hostname }) => ledger.onSend(length, hostname),
  });
  return { pair, ledger, listener };
}

test("a server answers a hello by no more bytes than the hello has, of whatever length", async (context) => {
  const { pair, ledger, listener } = await open(1);
  const source = seededSource(1);
  const random = new Random(source);
  const x25519 = portableX25519(source);
  const into = new Uint8Array(2_048);
  let worst = 0;
  for (let i = 0; i < 300; i++) {
    const hostname = `192.0.2.${i % 250}`;
    const { now } = pair;
    const initiator = new Initiator({
      serverKey: listener.publicKey,
      x25519,
      random,
      giveUpAt: Infinity,
      mostHello: 180 + 4 * i,
    }, now);
    const length = initiator.pollTransmit(into, now, pair.serverHost.epochSeconds());
    const from = { hostname, port: 1_000 + i };
    pair.network.inject(into.slice(0, length), from, {
      hostname: pair.serverHost.address,
      port: PORT,
    });
    // Slowly enough for the server to answer.
    await pair.pass(200);
    worst = Math.max(worst, ledger.worst.get(hostname) ?? 0);
  }
  const answers = listener.stats().handshakes;
  context.diagnostic(`${answers} answers, ${worst.toFixed(2)} bytes for a byte at the most`);
  assert.ok(answers > 200, `${answers}`);
  assert.ok(worst <= MOST_OF_HELLO, `${worst}`);
  await pair.run(listener.close());
});

test("a session's packets that come from a host which hears nothing bring it three times as much at the most", async (context) => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { pair, ledger, listener } = await open(seed);
    const [client, server] = [await pair.connect(listener), await pair.run(listener.accept())]
      .map((session) => session.multiplex());
    const [, far] = await pair.run(Promise.all([client!.openConn(), server!.acceptConn()]));
    void far.write(new Uint8Array(20_000_000)).catch(() => {});
    await pair.pass(1_000);
    // Everything comes from the victim from now on, and nothing gets there.
    pair.down.change({ isDown: true });
    pair.clientHost.roam();
    const victim = pair.clientHost.address;
    await pair.pass(20_000);
    const worst = ledger.worst.get(victim) ?? 0;
    context.diagnostic(`seed ${seed}: ${worst.toFixed(2)} bytes for each that came`);
    assert.ok(worst > 0, "the server has tried");
    assert.ok(worst <= MOST_OF_SESSION, `${worst}`);
    await pair.run(listener.close());
  }
});
