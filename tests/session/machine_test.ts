import { test } from "node:test";
import assert from "node:assert/strict";
import { Random } from "../../src/random.ts";
import { MOST_DATAGRAM, type PacketOutcome, SessionMachine } from "../../src/session/machine.ts";
import { SessionForger, type Trailer } from "../support/session_forger.ts";
import { seededFraction, seededSource } from "../support/seeded_random.ts";
import { parseHex, vectors } from "../support/vectors.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const memory = new Uint8Array(2048);

/** One end of a session. */
class End {
  readonly machine: SessionMachine;

  constructor(role: "client" | "server", seed = 1, secret = SECRET) {
    this.machine = new SessionMachine({ role, secret, random: new Random(seededSource(seed)) });
  }

  encode(body: Uint8Array, now = 0): Uint8Array {
    return memory.slice(0, this.machine.encode(body, memory, now));
  }

  /** Hands over a copy of a packet, and takes the bodies out. */
  handle(packet: Uint8Array, now = 0): { outcome: PacketOutcome; bodies: Uint8Array[] } {
    const outcome = this.machine.handleDatagram(packet.slice(), now);
    const bodies: Uint8Array[] = [];
    for (let next = this.machine.pollBody(); next; next = this.machine.pollBody()) {
      bodies.push(next.body.slice());
    }
    return { outcome, bodies };
  }
}

/** A server, and a client that keeps no rule. */
function forged(): { server: End; forger: SessionForger } {
  return { server: new End("server"), forger: new SessionForger("client", SECRET) };
}

const body = (number: number) => Uint8Array.of(number, 1, 2, 3);

test("a body that one end makes a packet of comes out at the other, both ways, of any length", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  for (const length of [0, 1, 250, 251, 1_000, MOST_DATAGRAM, client.machine.mostBody]) {
    for (const [from, to] of [[client, server], [server, client]] as const) {
      const sent = new Uint8Array(length).fill(length);
      assert.deepEqual(to.handle(from.encode(sent)), { outcome: "newest", bodies: [sent] });
    }
  }
});

test("encode() borrows the body until it returns, and leaves it as it was", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  const sent = body(7);
  const packet = client.encode(sent);
  assert.deepEqual(sent, body(7));
  sent.fill(0);
  assert.deepEqual(server.handle(packet).bodies, [body(7)]);
});

test("a packet that the other side did not make is foreign, and is left as it was", () => {
  const client = new End("client");
  const stranger = new End("server", 2, new Uint8Array(32).fill(9));
  const good = new End("server", 3).encode(body(1));
  const packets = [
    client.encode(body(1)),
    stranger.encode(body(1)),
    ...Array.from(good, (_, length) => good.subarray(0, length)),
    ...Array.from(good, (_, at) => good.map((byte, i) => i === at ? byte ^ 1 : byte)),
    new Uint8Array([...good, 0]),
  ];
  for (const packet of packets) {
    const copy = packet.slice();
    assert.equal(client.machine.handleDatagram(copy, 0), "foreign");
    assert.deepEqual(copy, packet);
    assert.equal(client.machine.pollBody(), undefined);
  }
  assert.equal(client.machine.counts.framesReceived, 0);
  assert.equal(client.machine.counts.bytesReceived, 0);
  assert.equal(client.handle(good).outcome, "newest");
});

test("a packet of up to 2,048 bytes is accepted, a longer one is foreign", () => {
  const { server, forger } = forged();
  const room = 2_048 - forger.data(0, new Uint8Array(1_400)).length;
  const longest = forger.data(0, new Uint8Array(1_400 + room).fill(3));
  assert.equal(longest.length, 2_048);
  assert.deepEqual(server.handle(longest).bodies[0]?.length, 1_400 + room);
  assert.equal(server.handle(forger.data(1, new Uint8Array(1_401 + room))).outcome, "foreign");
});

test("each frame has a number of its own, from 0, and says what has been received so far", () => {
  const server = new End("server");
  const forger = new SessionForger("client", SECRET);
  const expected = [[0, 0], [5, 1], [5, 2], [9, 3], [9, 3]] as const;
  const arrivals = [5, 2, 9, 9];
  expected.forEach(([highReceived, totalReceived], frameNumber) => {
    const { frame } = forger.open(server.encode(body(1)))!;
    const counters = { frameNumber, highReceived, totalReceived };
    assert.deepEqual(frame, { kind: "data", ...counters, body: body(1) });
    assert.equal(server.machine.lastFrame, frameNumber);
    const arrival = arrivals[frameNumber];
    if (arrival !== undefined) server.handle(forger.data(arrival, body(1)));
  });
});

test("lastFrame is -1 before the first frame", () => {
  assert.equal(new End("client").machine.lastFrame, -1);
});

test("a packet is sealed under a nonce that was not used before", () => {
  const client = new End("client");
  const nonces = new Set<string>();
  for (let i = 0; i < 2_000; i++) nonces.add(client.encode(body(1)).subarray(-12).join());
  assert.equal(nonces.size, 2_000);
});

test("data is newest, or late when newer data has overtaken it", () => {
  const { server, forger } = forged();
  const outcomes = [4, 1, 5, 2, 3].map((n) => server.handle(forger.data(n, body(n))).outcome);
  assert.deepEqual(outcomes, ["newest", "late", "newest", "late", "late"]);
});

test("a frame number is taken once: replays are dropped and counted, whatever they carry", () => {
  const { server, forger } = forged();
  const packets = Array.from({ length: 20 }, (_, n) => forger.data(n, body(n)));
  for (const packet of packets) server.handle(packet);
  for (const packet of packets) {
    assert.deepEqual(server.handle(packet), { outcome: "replayed", bodies: [] });
  }
  assert.equal(server.handle(forger.data(7, body(99))).outcome, "replayed");
  assert.equal(server.machine.counts.replayed, 21);
  assert.equal(server.machine.counts.framesReceived, 20);
});

test("data exactly 10,000 below the highest is taken, what is older is too old to tell", () => {
  const { server, forger } = forged();
  server.handle(forger.data(30_000, body(1)));
  assert.equal(server.handle(forger.data(20_000, body(1))).outcome, "late");
  assert.equal(server.handle(forger.data(19_999, body(1))).outcome, "replayed");
});

test("a frame number up to 2^24 above the highest is taken, a higher one is malformed", () => {
  const { server, forger } = forged();
  assert.equal(server.handle(forger.data(2 ** 24, body(1))).outcome, "malformed");
  assert.equal(server.handle(forger.data(2 ** 24 - 1, body(1))).outcome, "newest");
  assert.equal(server.handle(forger.data(2 ** 25, body(1))).outcome, "malformed");
  assert.equal(server.handle(forger.data(2 ** 25 - 1, body(1))).outcome, "newest");
  for (const far of [2 ** 40, 2 ** 52, Number.MAX_SAFE_INTEGER]) {
    assert.deepEqual(server.handle(forger.data(far, body(1))), {
      outcome: "malformed",
      bodies: [],
    });
  }
  assert.equal(server.machine.counts.framesMalformed, 5);
  assert.equal(server.machine.counts.receiveLoss, 0, "an outage");
  assert.equal(server.handle(forger.data(2 ** 25, body(1))).outcome, "newest");
});

test("numbers of 2^53 and above, and the varint markers 254 and 255, are malformed in each field", () => {
  const { server, forger } = forged();
  const heads = [[253, 0, 0, 0, 0, 0, 0, 0x20, 0], [253, ...new Array(8).fill(255)], [254], [255]];
  let count = 0;
  for (const head of heads) {
    for (let field = 0; field <= 4; field++) {
      const plaintext = [...new Array(field).fill(0), ...head, ...new Uint8Array(40)];
      assert.equal(server.handle(forger.seal(Uint8Array.from(plaintext))).outcome, "malformed");
      assert.equal(server.machine.counts.framesMalformed, ++count);
    }
  }
  assert.equal(server.handle(forger.data(0, body(1))).outcome, "newest");
});

test("what is no frame is malformed: empty, cut off, of an unknown kind", () => {
  const { server, forger } = forged();
  for (const plaintext of [[], [0], [2], [7, 7, 7], [0, 0, 0, 0, 9], [1, 0, 1, 1, 0, 4, 2, 0, 0]]) {
    const { outcome } = server.handle(forger.seal(Uint8Array.from(plaintext)));
    assert.equal(outcome, "malformed", `${plaintext}`);
  }
});

test("counters that lie are not handed on: nobody can have received more than was sent", () => {
  const server = new End("server");
  const forger = new SessionForger("client", SECRET);
  for (let i = 0; i < 10; i++) server.encode(body(i));
  const cases = [
    [0, 0, true],
    [9, 10, true],
    [9, 1, true],
    [3, 4, true],
    [3, 5, false],
    [0, 10, false],
    [7, 0, true],
  ] as const;
  for (const [i, [highReceived, totalReceived, isBelieved]] of cases.entries()) {
    const packet = forger.data(i, body(1), { highReceived, totalReceived });
    assert.equal(server.machine.handleDatagram(packet, 0), "newest");
    const received = server.machine.pollBody();
    assert.equal(received?.highReceived, isBelieved ? highReceived : 0, `case ${i}`);
    assert.equal(received?.totalReceived, isBelieved ? totalReceived : 0, `case ${i}`);
  }
});

test("H12: a frame that acknowledges what was never sent is malformed, and nothing of it is taken", () => {
  const server = new End("server");
  const forger = new SessionForger("client", SECRET);
  for (let i = 0; i < 10; i++) server.encode(body(i));
  const { machine } = server;
  const most = Number.MAX_SAFE_INTEGER;
  const lies = [[10, 1], [10, 10], [9, 11], [0, 11], [most, 1], [5, most], [most, most]] as const;
  for (const [highReceived, totalReceived] of lies) {
    const packet = forger.data(3, body(1), { highReceived, totalReceived });
    assert.equal(
      machine.handleDatagram(packet, 0),
      "malformed",
      `${highReceived} ${totalReceived}`,
    );
    assert.equal(machine.pollBody(), undefined);
  }
  assert.equal(machine.counts.frameDrops.counters, lies.length);
  assert.deepEqual([machine.toldHighest, machine.toldTotal], [-1, 0]);
  const honest = forger.data(3, body(1), { highReceived: 9, totalReceived: 10 });
  assert.equal(machine.handleDatagram(honest, 0), "newest", "its number was not used up");
});

test("H12: a session that has sent nothing takes what was received of a question about the path", () => {
  const server = new End("server");
  const forger = new SessionForger("client", SECRET);
  const packet = forger.data(0, body(1), { highReceived: 0, totalReceived: 1 });
  assert.equal(server.machine.handleDatagram(packet, 0), "newest");
});

test("each end learns from the loss byte what the other sees of its own loss", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  const next = seededFraction(3);
  assert.equal(client.machine.counts.sendLoss, undefined);
  for (let i = 0; i < 3_000; i++) {
    const up = client.encode(body(i));
    if (next() >= 0.2) server.handle(up);
    const down = server.encode(body(i));
    if (next() >= 0.05) client.handle(down);
  }
  for (const [from, to, rate] of [[client, server, 0.2], [server, client, 0.05]] as const) {
    const { receiveLoss } = to.machine.counts;
    assert.ok(Math.abs(receiveLoss - rate) < 0.07, `${receiveLoss}`);
    from.handle(to.encode(body(0)));
    assert.equal(from.machine.counts.sendLoss, Math.floor(254 * receiveLoss) / 255);
  }
});

test("the loss byte is 0 when there is no loss, and 254 is taken as almost all", () => {
  const { server, forger } = forged();
  assert.equal(forger.open(server.encode(body(1)))?.lossByte, 0);
  server.handle(forger.data(0, body(1), {}, { lossByte: 254 }));
  assert.equal(server.machine.counts.sendLoss, 254 / 255);
});

test("a loss that is unknown or absent changes nothing", () => {
  const { server, forger } = forged();
  const bare = new Uint8Array([0, 1, 0, 0, 1, 9]);
  server.handle(forger.data(0, body(1), {}, { lossByte: undefined }));
  server.handle(forger.seal(bare));
  assert.equal(server.machine.counts.sendLoss, undefined);
  server.handle(forger.data(2, body(1), {}, { lossByte: 51 }));
  server.handle(forger.data(3, body(1), {}, { lossByte: undefined }));
  bare[1] = 4;
  assert.equal(server.handle(forger.seal(bare)).outcome, "newest");
  assert.equal(server.machine.counts.sendLoss, 0.2);
});

test("a replay teaches nothing: neither loss nor acquaintance", () => {
  const { server, forger } = forged();
  const trailer: Trailer = { lossByte: 200, extension: { bits: 0x81 } };
  server.handle(forger.data(0, body(1)));
  server.handle(forger.data(0, body(1), {}, trailer));
  assert.equal(server.machine.counts.sendLoss, 0);
  assert.equal(server.machine.isOwnKind, false);
});

test("padding of any length and content is accepted, and none at all too", () => {
  const { server, forger } = forged();
  const paddings = [0, 1, 31, 700].flatMap((length) =>
    [0, 0xff, 0x73].map((fill) => new Uint8Array(length).fill(fill))
  );
  for (const [i, padding] of paddings.entries()) {
    const packet = forger.data(i, body(i), {}, { lossByte: 0, padding });
    assert.deepEqual(server.handle(packet).bodies, [body(i)]);
  }
});

test("packets of the original are understood", () => {
  let understood = 0;
  for (const { frame, padded, lossByte } of vectors.sessionFrames) {
    if (frame.kind !== "data" || Number(frame.frameNumber) >= 2 ** 24) continue;
    const { server, forger } = forged();
    const sent = 1 + Math.max(Number(frame.highReceived), Number(frame.totalReceived));
    const hasSent = sent < 1_000;
    for (let i = 0; i < sent && hasSent; i++) server.encode(body(i));
    const { outcome, bodies } = server.handle(forger.seal(parseHex(padded)));
    if (!hasSent) {
      assert.equal(outcome, "malformed", "nobody has sent that much");
      continue;
    }
    assert.deepEqual({ outcome, bodies }, { outcome: "newest", bodies: [parseHex(frame.body)] });
    understood++;
    assert.equal(server.machine.counts.sendLoss, lossByte === 255 ? undefined : lossByte / 255);
  }
  assert.ok(understood > 3, `${understood}`);
});

test("bytes are counted of all packets that were sent, and of those that were taken", () => {
  const [client, server] = [new End("client", 1), new End("server", 2)];
  let bytes = 0;
  for (let i = 0; i < 10; i++) {
    const packet = client.encode(new Uint8Array(i * 100));
    bytes += packet.length;
    server.handle(packet);
    server.handle(packet);
  }
  assert.equal(client.machine.counts.bytesSent, bytes);
  assert.equal(client.machine.counts.framesSent, 10);
  assert.equal(server.machine.counts.bytesReceived, bytes);
  assert.equal(server.machine.counts.framesReceived, 10);
});
