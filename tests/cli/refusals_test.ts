import assert from "node:assert/strict";
import { test } from "node:test";
import { Reporter } from "../../src/cli/reporter.ts";
import { sayRefusals } from "../../src/cli/refusals.ts";
import type { ListenerStats } from "../../src/net/listen_contract.ts";
import { VirtualPair } from "../support/virtual_pair.ts";

async function told(stats: Partial<ListenerStats>, json: boolean): Promise<string> {
  const pair = new VirtualPair();
  const listener = await pair.listen({ tcp: true });
  let text = "";
  const write = (lines: string) => void (text += lines);
  const reporter = new Reporter({ write, json, color: false, now: () => 0 });
  sayRefusals(reporter, { ...listener.stats(), ...stats });
  await pair.run(listener.close());
  return text;
}

test("sayRefusals() tells people nothing where nothing was refused, or only what happens every day", async () => {
  assert.equal(await told({}, false), "");
  // The last datagrams of peers that are gone.
  assert.equal(await told({ packetsFailed: 100 }, false), "");
});

test("sayRefusals() tells in words what was refused, and why; and programs all of it", async () => {
  const stats = {
    packetsFailed: 120,
    packetsReplayed: 3,
    droppedBySessionLimit: 2,
    droppedByBacklog: 1,
  };
  assert.equal(
    await told(stats, false),
    "refused\n" +
      "  120 datagrams that nobody with the server's URL had sent, or too late\n" +
      "  3 clients that were not let in: too many were there\n",
  );
  assert.deepEqual(JSON.parse(await told(stats, true)), {
    event: "refused",
    noise: 120,
    replays: 3,
    silent_connections: 0,
    replayed_connections: 0,
    too_busy: 0,
    too_many_candidates: 0,
    too_many_sessions: 3,
    too_many_connections: 0,
    memory: 0,
  });
});
