/**
 * Against a server of the original, whose answers say nothing of the client's hello either.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../mod.ts";
import { currentHost } from "../support/current_host.ts";
import { fakeHellos } from "../support/fake_hellos.ts";
import { patternSha256 } from "../support/pattern.ts";
import { RustPeer } from "../support/rust_peer.ts";
import { spoiledHost } from "../support/spoiled_host.ts";
import { openVerb } from "../support/stream_verbs.ts";
import { program, skip } from "./over_each.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);

for (const isOwnKind of [true, false]) {
  const who = isOwnKind ? "says that he is of our own kind" : "says nothing of himself";
  test(
    `B-FAKEHELLO: streams open in spite of a stranger who is first and ${who}`,
    { skip },
    async (t) => {
      assert.ok(program);
      const setting = { secretKey: SECRET_KEY, transport: "udp", limit: 60 } as const;
      const { peer, addr, publicKey } = await RustPeer.server(program, setting);
      t.after(() => peer.stop());
      const serverKey = Uint8Array.from(publicKey.match(/../g) ?? [], (byte) => parseInt(byte, 16));
      const host = await currentHost();
      let answers = 0;
      const spoil = fakeHellos({
        serverKey,
        random: host.random,
        epochSeconds: host.epochSeconds,
        count: () => {
          answers++;
          return 1;
        },
        isOwnKind,
      });
      const session = await connect(spoiledHost(host, spoil), { ...addr, serverKey });
      t.after(() => session.close());
      const result = await openVerb(session.multiplex(), "echo 100000");
      assert.deepEqual([result.bytes, result.good], [100_000, true]);
      assert.equal(result.sha256, patternSha256(100_000));
      assert.ok(answers > 0);
    },
  );
}
