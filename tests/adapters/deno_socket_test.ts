import { test } from "node:test";
import assert from "node:assert/strict";
import { DenoDatagramSocket, type DenoSocket } from "../../src/adapters/deno_socket.ts";
import { delay } from "../support/delay.ts";
import { Mailbox } from "../support/mailbox.ts";

const ADDR = { transport: "udp", hostname: "192.0.2.1", port: 7 } as const;

/** A socket of Deno whose receives end as they are told to; the last one never does. */
function brokenSocket(receives: readonly ("fail" | "succeed")[]): DenoSocket & { calls: number } {
  return {
    calls: 0,
    addr: ADDR,
    receive() {
      const outcome = receives[this.calls++];
      if (outcome === undefined) return new Promise(() => {});
      if (outcome === "fail") return Promise.reject(new Error("an ICMP answer"));
      return Promise.resolve([new Uint8Array(3), ADDR]);
    },
    send: () => Promise.resolve(0),
    close() {},
  };
}

test("DenoDatagramSocket survives receives that fail, and tells its handler", async () => {
  const mailbox = new Mailbox();
  const conn = brokenSocket(["fail", "succeed", "fail", "fail", "succeed"]);
  const socket = new DenoDatagramSocket(conn, mailbox);
  await mailbox.until(2);
  assert.equal(mailbox.errors.length, 3);
  socket.close();
});

test("DenoDatagramSocket does not spin when a socket fails for ever, and still ends", async () => {
  const mailbox = new Mailbox();
  const conn = brokenSocket(new Array(100_000).fill("fail"));
  const socket = new DenoDatagramSocket(conn, mailbox);
  await delay(100);
  assert.ok(conn.calls > 100 && conn.calls < 150, `${conn.calls}`);
  socket.close();
  const { calls } = conn;
  await delay(30);
  assert.equal(conn.calls, calls);
});

test("DenoDatagramSocket receives into memory that a datagram of 2,048 bytes does not fill", () => {
  const conn = brokenSocket([]);
  let size = 0;
  const { receive } = conn;
  conn.receive = (memory) => {
    size = memory?.length ?? 0;
    return receive.call(conn);
  };
  new DenoDatagramSocket(conn, new Mailbox()).close();
  assert.equal(size, 2_049);
});
