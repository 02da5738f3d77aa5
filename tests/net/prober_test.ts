/**
 * What a stranger sees of the TCP port, on real sockets of whatever runtime runs this: nothing. That is
 * watched for as long as most probers wait, all probes at once.
 *
 * @module
 */
import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { connect, type Host, listen, type Listener } from "../../mod.ts";
import { currentHost } from "../support/current_host.ts";
import {
  allProbes,
  captureTlsHello,
  type Probe,
  probe,
  probeInTls,
  type Reaction,
} from "../support/prober.ts";
import { tampered, untouched } from "../support/tampered_stream.ts";
import { IDENTITY } from "../support/tls_identities.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);

/** How long nothing must happen, ms. */
const WATCH = 30_000;

/** How long after its own end a prober may wait for the other one, ms: the machine may be busy. */
const END_TIMEOUT = 5_000;

/** All probes come from one network, and at once: how many may is of no interest here. */
const LIMITS = { silentStreamsPerNetwork: 1_000 };

interface Seen {
  readonly probe: Probe;
  readonly reaction: Reaction;
}

/** What all saw at a listener without a certificate, and at one with. Both are watched at once. */
let watched: Promise<readonly [readonly Seen[], readonly Seen[]]> | undefined;

function watchAll(): Promise<readonly [readonly Seen[], readonly Seen[]]> {
  return watched ??= Promise.all([watch(false, [41, 51, 61]), watch(true, [42, 52, 62])]);
}

async function watch(isSecure: boolean, seeds: readonly number[]): Promise<readonly Seen[]> {
  const host = await currentHost();
  const listener = await listen(host, {
    hostname: "127.0.0.1",
    secretKey: SECRET_KEY,
    freshKey: true,
    udp: false,
    tcp: true,
    limits: LIMITS,
    ...(isSecure ? { tls: IDENTITY } : {}),
  });
  const known = { ...await captureHello(host, listener), "a TLS hello": await captureTlsHello() };
  const seen = await Promise.all(
    seeds.flatMap((seed, i) => allProbes(i === 0 ? known : {}, seed)).map(async (each) => ({
      probe: each,
      reaction: await probe(listener.addr, each, WATCH),
    })),
  );
  await listener.close();
  return seen;
}

/** Watches a client of the listener, and makes of what it said what a prober might. */
async function captureHello(
  host: Host,
  listener: Listener,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const writes: Uint8Array[] = [];
  const { hostname, port } = listener.addr;
  const session = await connect(host, {
    hostname,
    port,
    serverKey: listener.publicKey,
    protocol: "tcp",
    connector: async (address, options) => {
      assert.ok(host.connectStream);
      const record = (bytes: Uint8Array) => (writes.push(bytes.slice()), [bytes]);
      return tampered(await host.connectStream(address, options), record, untouched);
    },
  });
  await session.close();
  const [hello, ...rest] = writes;
  assert.ok(hello && rest.length > 0);
  const damaged = hello.slice();
  damaged[damaged.length - 1]! ^= 1;
  return {
    "a hello again": hello,
    "a hello again with all that followed": Uint8Array.from(writes.flatMap((part) => [...part])),
    "a hello with one bit turned over": damaged,
    "a hello without its last byte": hello.subarray(0, hello.length - 1),
  };
}

/** No byte came out, and the end only as an answer to one. */
function assertSilence(t: TestContext, seen: readonly Seen[]): void {
  let last = 0;
  for (const { probe, reaction: { endedAfter, ...reaction } } of seen) {
    const end = probe.isHalfClosed ? "closed" : "open";
    assert.deepEqual(reaction, { bytes: 0, end, isTaken: true }, probe.name);
    if (!probe.isHalfClosed) continue;
    assert.ok(endedAfter < END_TIMEOUT, `${probe.name}: ended after ${endedAfter} ms`);
    last = Math.max(last, endedAfter);
  }
  t.diagnostic(`${seen.length} probes; an end was answered within ${last.toFixed(0)} ms`);
}

const isTlsHello = ({ probe: { name } }: Seen): boolean => name.startsWith("a TLS hello");

test("listen() shows a prober nothing over TCP: no byte, no end before his own", async (t) => {
  const [plain] = await watchAll();
  assertSilence(t, plain);
});

test("listen() with a certificate shows him TLS alone, and everything else as without", async (t) => {
  const [, secure] = await watchAll();
  assertSilence(t, secure.filter((each) => !isTlsHello(each)));
  for (const { probe, reaction } of secure.filter(isTlsHello)) {
    assert.ok(reaction.bytes > 100, `${probe.name}: ${reaction.bytes} bytes`);
  }
});

test("listen() with a certificate is as silent within TLS", async () => {
  const listener = await listen(await currentHost(), {
    hostname: "127.0.0.1",
    secretKey: SECRET_KEY,
    freshKey: true,
    udp: false,
    tcp: true,
    tls: IDENTITY,
    limits: LIMITS,
  });
  const leftOpen = allProbes({}, 43).filter(({ isHalfClosed, isByteByByte }) =>
    !isHalfClosed && !isByteByByte
  );
  await Promise.all(leftOpen.map(async (each) => {
    const { bytes, end } = await probeInTls(listener.addr, each, 3_000);
    assert.deepEqual({ bytes, end }, { bytes: 0, end: "open" }, each.name);
  }));
  await listener.close();
});
