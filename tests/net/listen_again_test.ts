import { test } from "node:test";
import assert from "node:assert/strict";
import { connect } from "../../src/net/client.ts";
import { listen } from "../../src/net/listener.ts";
import { currentHost } from "../support/current_host.ts";

/** Closing and listening again, so often: the port was taken each time, but not each time for long. */
const ROUNDS = 5;

test("Listener.close() settles when its port is free: the next listener takes it at once", async () => {
  const host = await currentHost();
  const options = { hostname: "127.0.0.1", secretKey: new Uint8Array(32).fill(7), freshKey: true };
  let listener = await listen(host, { ...options, tcp: true });
  const { port } = listener.addr;
  for (let round = 0; round < ROUNDS; round++) {
    const serverKey = listener.publicKey;
    const session = await connect(host, { hostname: "127.0.0.1", port, serverKey });
    session.send(new Uint8Array(100));
    await listener.accept();
    await listener.close();
    listener = await listen(host, { ...options, port, tcp: true });
    assert.equal(listener.addr.port, port);
    await session.close();
  }
  await listener.close();
});
