import { test } from "node:test";
import assert from "node:assert/strict";
import { NamedLink } from "../../src/transport/named_link.ts";
import type { ServerConnection } from "../../src/transport/server_connection.ts";
import { delay } from "../support/delay.ts";
import { liveBytes } from "../support/live_bytes.ts";

const ADDRESS = { hostname: "10.0.0.1", port: 4 };

/** As much of a connection as a link looks at. */
function connectionFrom(port: number): ServerConnection {
  const address = { ...ADDRESS, port };
  return { carrier: "tcp", address, since: 0, isFull: false } as unknown as ServerConnection;
}

test("NamedLink holds no connection that is gone, and still tells where it came from", async () => {
  const refs: WeakRef<ServerConnection>[] = [];
  const links = Array.from({ length: 50 }, (_, port) => {
    const connection = connectionFrom(port);
    refs.push(new WeakRef(connection));
    const link = new NamedLink(`name ${port}`, connection, () => 0);
    link.add(connection);
    assert.equal(link.isFull, false);
    link.remove(connection);
    return link;
  });
  // A reference that was made in this turn holds what it refers to until the turn has ended.
  await delay(1);
  liveBytes();
  const left = refs.filter((ref) => ref.deref() !== undefined).length;
  // Bun takes whatever lies on its stack for a reference.
  assert.ok(left <= 5, `${left} of 50 are left`);
  for (const [port, link] of links.entries()) {
    assert.deepEqual([link.address.port, link.carrier, link.isLost], [port, "tcp", true]);
    assert.deepEqual([link.isFull, link.send(new Uint8Array(1))], [true, false]);
  }
});
