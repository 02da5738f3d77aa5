import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { DatagramSocket, Host } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import { collectUncaught } from "./collect_uncaught.ts";
import { delay } from "./delay.ts";
import { LOOPBACK, Mailbox, withSockets } from "./mailbox.ts";
import { freePort } from "./socket_bind_cases.ts";

/** The cases of datagrams that go and come. */
export function socketTrafficCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...datagramCases(makeHost),
    ...handlerCases(makeHost),
    ...sendCases(makeHost),
  ];
}

function datagramCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "send() and onDatagram() carry 0, 1, 1,400 and 2,048 bytes both ways",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const echo = new Mailbox((datagram, from) => void server.send(datagram, from));
          const server: DatagramSocket = await bind(echo);
          const answers = new Mailbox();
          const client = await bind(answers);
          const sizes = [0, 1, 1_400, 2_048];
          for (const [i, size] of sizes.entries()) {
            assert.equal(client.send(pattern(size), server.addr), true);
            await answers.until(i + 1);
          }
          assert.deepEqual(answers.datagrams, sizes.map(pattern));
          assert.deepEqual(echo.datagrams, sizes.map(pattern));
        }),
    },
    {
      name: "onDatagram() is not called for a datagram of more than 2,048 bytes",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const { addr } = await bind(mailbox);
          await sendForeign([2_049, 2_050, 4_097, 9_000, 65_507, 2_048], addr.port);
          await mailbox.until(1);
          assert.deepEqual(mailbox.datagrams, [pattern(2_048)]);
        }),
    },
    {
      name: "onDatagram() is called for nearly all of 2,000 paced datagrams of 1,200 bytes",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const [server, client] = [await bind(mailbox), await bind(new Mailbox())];
          for (let sent = 0; sent < 2_000; sent++) {
            if (sent % 40 === 0) await delay(2);
            assert.equal(client.send(pattern(1_200), server.addr), true);
          }
          await mailbox.until(1_900);
          for (const datagram of mailbox.datagrams) assert.deepEqual(datagram, pattern(1_200));
        }),
    },
  ];
}

function handlerCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "onDatagram() lends memory that may be written to, and that slice() copies",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const kept: Uint8Array[] = [];
          const mailbox = new Mailbox((datagram) => {
            kept.push(datagram.slice());
            datagram.fill(0xee);
          });
          const [server, client] = [await bind(mailbox), await bind(new Mailbox())];
          for (let size = 1; size <= 20; size++) client.send(pattern(size), server.addr);
          await mailbox.until(20);
          assert.deepEqual(kept, Array.from({ length: 20 }, (_, i) => pattern(i + 1)));
        }),
    },
    {
      name: "onDatagram() and onError() are called one at a time, whatever they send",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const nobody = { ...LOOPBACK, port: await freePort() };
          // The mailbox itself fails the test when one call comes inside another.
          const mailbox = new Mailbox((datagram) => {
            socket.send(datagram, nobody);
            socket.send(datagram, { hostname: "127.0.0.1", port: 0 });
            socket.send(new Uint8Array(70_000), socket.addr);
            if (mailbox.datagrams.length < 50) socket.send(datagram, socket.addr);
          });
          const socket: DatagramSocket = await bind(mailbox);
          socket.send(pattern(9), socket.addr);
          await mailbox.until(50);
        }),
    },
    {
      name: "onDatagram() that throws is an uncaught error, and the next datagram still comes",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const bug = new Error("a bug in the handler");
          const mailbox = new Mailbox();
          const { addr } = await bind({
            onDatagram(datagram, from) {
              mailbox.onDatagram(datagram, from);
              throw bug;
            },
            onError: (error) => mailbox.onError(error),
          });
          const client = await bind(new Mailbox());
          const uncaught = await collectUncaught(async () => {
            for (let count = 1; count <= 3; count++) {
              client.send(pattern(count), addr);
              await mailbox.until(count);
            }
            await delay(1);
          });
          assert.deepEqual(uncaught, [bug, bug, bug]);
          assert.deepEqual(mailbox.errors, []);
        }),
    },
    {
      name: "onError() does not end the socket: peers that are gone cost the others nothing",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const nobody = { ...LOOPBACK, port: await freePort() };
          const mailbox = new Mailbox();
          const [server, client] = [await bind(new Mailbox()), await bind(mailbox)];
          for (let round = 0; round < 25; round++) {
            for (let i = 0; i < 4; i++) {
              server.send(pattern(4), nobody);
              assert.equal(server.send(pattern(round * 4 + i), client.addr), true);
            }
            await delay(1);
          }
          await mailbox.until(100);
        }),
    },
  ];
}

function sendCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "send() borrows the datagram until it returns",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const [server, client] = [await bind(mailbox), await bind(new Mailbox())];
          const memory = new Uint8Array(64);
          for (let i = 0; i < 40; i++) {
            memory.fill(i);
            client.send(memory.subarray(8, 16), server.addr);
          }
          memory.fill(0xee);
          await mailbox.until(40);
          assert.deepEqual(
            mailbox.datagrams,
            Array.from({ length: 40 }, (_, i) => new Uint8Array(8).fill(i)),
          );
        }),
    },
    {
      name: "send() returns false for a datagram that is too long",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const socket = await bind(mailbox);
          for (const size of [2_049, 65_507, 65_508, 1_000_000]) {
            assert.equal(socket.send(new Uint8Array(size), socket.addr), false);
          }
          assert.equal(socket.send(pattern(2_048), socket.addr), true);
          await mailbox.until(1);
          assert.deepEqual(mailbox.datagrams, [pattern(2_048)]);
        }),
    },
    {
      name: "send() returns false when too much is waiting, and true again later",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const [server, client] = [await bind(mailbox), await bind(new Mailbox())];
          let taken = 0;
          for (let i = 0; i < 5_000; i++) if (client.send(pattern(1_200), server.addr)) taken++;
          assert.ok(taken > 50 && taken < 5_000, `${taken} taken`);
          await delay(50);
          assert.equal(client.send(pattern(7), server.addr), true);
          // What was taken before may still be coming.
          for (let came = 0; mailbox.datagrams.at(-1)?.length !== 7;) {
            await mailbox.until(++came);
          }
          assert.deepEqual(mailbox.datagrams.at(-1), pattern(7));
        }),
    },
    {
      name: "send() never throws, whatever the address",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const socket = await bind(mailbox);
          for (const hostname of ["", "::1", "no name", "255.255.255.255", "127.0.0.1"]) {
            for (const port of [-1, 0, 9, 70_000, NaN]) {
              assert.equal(typeof socket.send(pattern(3), { hostname, port }), "boolean");
            }
          }
          await delay(10);
          assert.equal(socket.send(pattern(4), socket.addr), true);
          await mailbox.until(1);
        }),
    },
  ];
}

/** Bytes that show where they belong. */
function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i * 7 + size);
}

/** Sends datagrams of the given sizes to a port of this machine, by other means. */
async function sendForeign(sizes: readonly number[], port: number): Promise<void> {
  const socket = createSocket("udp4");
  for (const size of sizes) {
    await new Promise((resolve) => socket.send(pattern(size), port, "127.0.0.1", resolve));
    await delay(5);
  }
  await new Promise<void>((resolve) => void socket.close(resolve));
}
