import { test } from "node:test";
import assert from "node:assert/strict";
import type { Carrier, Link } from "../../src/transport/link.ts";
import { PacketRun } from "../../src/transport/packet_run.ts";

function linkOf(carrier: Carrier): Link & { isFull: boolean } {
  const address = { hostname: "127.0.0.1", port: 1 };
  return { key: carrier, carrier, address, isFull: false, send: () => true };
}

const always = () => true;

test("PacketRun gives a stream twelve packets in a row, and a datagram link one", () => {
  for (
    const [carrier, expected] of [["tcp", 12], ["tls", 12], ["stream", 12], ["udp", 1]] as const
  ) {
    const run = new PacketRun<{ readonly link: Link }>();
    assert.equal(run.next(always), undefined);
    const chosen = run.start({ link: linkOf(carrier) });
    let count = 1;
    while (run.next(always) === chosen) count++;
    assert.equal(count, expected, carrier);
    run.start(chosen);
    assert.equal(run.next(always), expected > 1 ? chosen : undefined);
  }
});

test("PacketRun.next() gives none that is full or may not be used any more", () => {
  const run = new PacketRun<{ readonly link: Link }>();
  const link = linkOf("tcp");
  const chosen = run.start({ link });
  assert.equal(run.next((current) => current !== chosen), undefined);
  link.isFull = true;
  assert.equal(run.next(always), undefined);
  link.isFull = false;
  assert.equal(run.next(always), chosen);
});
