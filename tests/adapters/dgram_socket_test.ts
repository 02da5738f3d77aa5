import { test } from "node:test";
import { bindDgram, LARGE_RECEIVE_BUFFER } from "../../src/adapters/dgram_socket.ts";
import { LOOPBACK, Mailbox } from "../support/mailbox.ts";

// On Deno the number means something else.
const skip = "Deno" in globalThis ? "for Bun and Node only" : false;

/** Sends itself 150 datagrams of 1,200 bytes before it receives one. The default holds 92. */
async function assertRoomy(receiveBufferSize: number): Promise<void> {
  const mailbox = new Mailbox();
  const socket = await bindDgram(LOOPBACK, mailbox, receiveBufferSize);
  try {
    for (let i = 0; i < 150; i++) socket.send(new Uint8Array(1_200), socket.addr);
    await mailbox.until(150);
  } finally {
    socket.close();
  }
}

test(
  "bindDgram() makes room for more than the system's default",
  { skip },
  () => assertRoomy(LARGE_RECEIVE_BUFFER),
);

test(
  "bindDgram() takes a smaller buffer when the system refuses one",
  { skip },
  () => assertRoomy(2 ** 34),
);
