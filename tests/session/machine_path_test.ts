import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeParity } from "../../src/fec/reed_solomon.ts";
import { Random } from "../../src/random.ts";
import {
  type PacketOutcome,
  type ReceivedBody,
  SessionMachine,
} from "../../src/session/machine.ts";
import { deriveOwnTag, encodeOwnBody, type OwnBody } from "../../src/session/own_body.ts";
import { SessionForger } from "../support/session_forger.ts";
import { seededSource } from "../support/seeded_random.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const memory = new Uint8Array(2048);

function machineOf(role: "client" | "server"): SessionMachine {
  const random = new Random(seededSource(role === "client" ? 1 : 2));
  return new SessionMachine({ role, secret: SECRET, random });
}

/** All packets that a body becomes. */
function packetsOf(from: SessionMachine, body: Uint8Array, now = 0): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let length = from.encode(body, memory, now);
  for (; length > 0; length = from.encodeRest(memory, now)) packets.push(memory.slice(0, length));
  return packets;
}

function controlsOf(from: SessionMachine, now: number): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let length = from.pollControl(memory, now);
  for (; length > 0; length = from.pollControl(memory, now)) packets.push(memory.slice(0, length));
  return packets;
}

/** Everything that a packet brings. */
function received(
  to: SessionMachine,
  packet: Uint8Array,
  now = 0,
): { outcome: PacketOutcome; bodies: ReceivedBody[] } {
  const outcome = to.handleDatagram(packet.slice(), now);
  const bodies: ReceivedBody[] = [];
  for (let body = to.pollBody(); body; body = to.pollBody()) {
    bodies.push({ ...body, body: body.body.slice() });
  }
  return { outcome, bodies };
}

/** Two ends that know each other. */
function ends(): { client: SessionMachine; server: SessionMachine } {
  const [client, server] = [machineOf("client"), machineOf("server")];
  for (let i = 0; i < 3; i++) {
    for (const [from, to] of [[client, server], [server, client]] as const) {
      for (const packet of packetsOf(from, Uint8Array.of(i))) received(to, packet);
    }
  }
  return { client, server };
}

/** The same; the client has found out that the path takes packets of so many bytes. */
function narrowedEnds(
  takes: number,
): { client: SessionMachine; server: SessionMachine; now: number } {
  const { client, server } = ends();
  for (let i = 0; i < 10; i++) packetsOf(client, new Uint8Array(client.mostBody));
  let now = client.pathMtu.deadline;
  client.pathMtu.handleTimeout(now);
  for (const probe of controlsOf(client, now)) {
    if (probe.length > takes) continue;
    assert.equal(received(server, probe, now).outcome, "parity");
    for (const answer of controlsOf(server, now)) received(client, answer, now);
  }
  now = client.pathMtu.deadline;
  assert.ok(client.pathMtu.handleTimeout(now));
  return { client, server, now };
}

/** A body with something in it. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 31 + length);
}

test("encode() makes one packet of each body while the path takes it", () => {
  const { client } = ends();
  for (const length of [0, 1, 1_000, client.mostBody]) {
    assert.equal(packetsOf(client, new Uint8Array(length)).length, 1);
  }
});

test("encode() and encodeRest() send a body that is longer than the path takes in pieces, none too long, and the other side joins them", () => {
  for (const takes of [1_352, 1_232, 952, 548]) {
    const { client, server, now } = narrowedEnds(takes);
    assert.equal(client.pathMtu.length, takes);
    const lengths = fc.integer({ min: 0, max: 1_360 });
    fc.assert(fc.property(lengths, fc.boolean(), (length, isReversed) => {
      const body = pattern(length);
      const packets = packetsOf(client, body, now);
      for (const packet of packets) assert.ok(packet.length <= takes, `${packet.length}`);
      if (isReversed) packets.reverse();
      const bodies = packets.flatMap((packet) => received(server, packet, now).bodies);
      assert.equal(bodies.length, packets.length);
      const last = bodies.pop();
      assert.deepEqual(last?.body, body);
      assert.notEqual(last?.isReport, true);
      for (const piece of bodies) assert.deepEqual([piece.isReport, piece.body.length], [true, 0]);
    }));
  }
});

test("replay and counters go by frames: each piece has a number of its own, and comes once", () => {
  const { client, server, now } = narrowedEnds(548);
  const before = { sent: client.counts.framesSent, received: server.counts.framesReceived };
  const packets = packetsOf(client, pattern(1_300), now);
  assert.equal(packets.length, 3);
  assert.equal(client.counts.framesSent, before.sent + 3);
  assert.equal(client.lastFrame, before.sent + 2);
  for (const packet of packets) assert.equal(received(server, packet, now).outcome, "newest");
  assert.equal(server.counts.framesReceived, before.received + 3);
  for (const packet of packets) {
    assert.deepEqual(received(server, packet, now), { outcome: "replayed", bodies: [] });
  }
});

test("lastBody is what the parity of a frame is made of: a piece that was lost is rebuilt, and the body is whole", () => {
  for (const lost of [0, 1, 2]) {
    const { client, server, now } = narrowedEnds(548);
    const body = pattern(1_300);
    const first = client.lastFrame + 1;
    const [packets, pieces]: [Uint8Array[], Uint8Array[]] = [[], []];
    for (let at = client.encode(body, memory, now); at > 0; at = client.encodeRest(memory, now)) {
      packets.push(memory.slice(0, at));
      pieces.push(client.lastBody.slice());
    }
    const shard = new Uint8Array(2 + Math.max(...pieces.map(({ length }) => length)));
    encodeParity(pieces, 0, shard);
    const parity = memory.slice(
      0,
      client.encodeParity(
        {
          kind: "parity",
          runStart: first,
          dataCount: 3,
          parityCount: 1,
          parityIndex: 0,
          padSize: shard.length,
          body: shard,
        },
        memory,
        now,
      ),
    );
    assert.ok(parity.length <= 548, `${parity.length} bytes of parity`);
    // A frame that is missing makes the server keep what comes.
    packetsOf(client, new Uint8Array(1), now);
    received(server, packetsOf(client, new Uint8Array(1), now)[0]!, now);
    const came = packets.filter((_, i) => i !== lost).flatMap((packet) =>
      received(server, packet, now).bodies
    );
    assert.ok(came.every(({ isReport }) => isReport === true));
    const rebuilt = received(server, parity, now).bodies;
    assert.deepEqual(rebuilt.map((each) => each.body), [body]);
  }
});

test("probes and answers count for nothing: no frame number is used, and no body comes", () => {
  const { client, server } = ends();
  for (let i = 0; i < 10; i++) packetsOf(client, new Uint8Array(client.mostBody));
  const now = client.pathMtu.deadline;
  client.pathMtu.handleTimeout(now);
  const before = [client.counts.framesSent, server.counts.framesReceived, server.counts.replayed];
  const probes = controlsOf(client, now);
  assert.deepEqual(probes.map(({ length }) => length), [1_400, 1_352, 1_232, 952, 548]);
  for (const probe of probes) {
    assert.deepEqual(received(server, probe, now), { outcome: "parity", bodies: [] });
  }
  const answers = controlsOf(server, now);
  assert.equal(answers.length, 1, "one answer names them all");
  assert.ok(answers[0]!.length < 200);
  assert.deepEqual(received(client, answers[0]!, now), { outcome: "parity", bodies: [] });
  const after = [client.counts.framesSent, server.counts.framesReceived, server.counts.replayed];
  assert.deepEqual(after, before);
  assert.equal(server.counts.receiveLoss, 0);
});

test("a probe that comes before anything else is answered, and is no datagram", () => {
  const { client } = ends();
  for (let i = 0; i < 10; i++) packetsOf(client, new Uint8Array(client.mostBody));
  const now = client.pathMtu.deadline;
  client.pathMtu.handleTimeout(now);
  const server = machineOf("server");
  // The client has heard something, and says how much.
  for (let i = 0; i < 10; i++) packetsOf(server, new Uint8Array(1));
  const { bodies } = received(server, controlsOf(client, now)[0]!, now);
  assert.ok(bodies.every(({ isReport, body }) => isReport === true && body.length === 0));
  assert.equal(controlsOf(server, now).length, 1);
});

test("towards the original bodies are never cut, and nothing is asked", () => {
  const client = machineOf("client");
  const forger = new SessionForger("server", SECRET);
  let now = 0;
  for (let frame = 0; frame < 200; frame++) {
    packetsOf(client, new Uint8Array(client.mostBody), now++);
    if (frame % 10 === 0) client.handleDatagram(forger.data(frame / 10, new Uint8Array(1)), now);
  }
  assert.equal(client.pathMtu.deadline, Infinity);
  client.pathMtu.handleTimeout(60_000);
  assert.deepEqual(controlsOf(client, 60_000), []);
  assert.equal(packetsOf(client, new Uint8Array(1_700), 60_000).length, 1);
});

test("a session survives own bodies that break every rule, and stays as long as it was", () => {
  const tag = deriveOwnTag(SECRET);
  const server = machineOf("server");
  const forger = new SessionForger("client", SECRET);
  let frame = 0;
  const bytes = fc.uint8Array({ maxLength: 60 });
  fc.assert(fc.property(bytes, fc.boolean(), (rest, isNew) => {
    const packet = forger.data(isNew ? frame++ : 0, Uint8Array.of(...tag, ...rest));
    const { bodies } = received(server, packet);
    assert.ok(bodies.every(({ isReport, body }) => isReport === true || body.length < 512));
    controlsOf(server, 0);
    assert.equal(server.pathMtu.length, 1_400);
  }));
});

test("answers wait in a bounded row, whatever asks", () => {
  const server = machineOf("server");
  const forger = new SessionForger("client", SECRET);
  const own = (body: OwnBody) => memory.slice(0, encodeOwnBody(deriveOwnTag(SECRET), body, memory));
  for (let id = 0; id < 1_000; id++) {
    server.handleDatagram(forger.data(0, own({ kind: "probe", id })), 0);
  }
  const answers = controlsOf(server, 0);
  assert.equal(answers.length, 1);
  assert.ok(answers[0]!.length < 200);
});
