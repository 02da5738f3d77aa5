import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { SosistabError, type SosistabErrorCode } from "../../src/errors.ts";
import type { DatagramSocket, Host } from "../../src/host.ts";
import type { AdapterCase } from "./adapter_cases.ts";
import { LOOPBACK, Mailbox, withSockets } from "./mailbox.ts";

/** The cases of binding sockets and of closing them. */
export function socketBindCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...addressCases(makeHost),
    ...familyCases(makeHost),
    ...refusalCases(makeHost),
    ...closeCases(makeHost),
  ];
}

function addressCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "bindDatagram() takes port 0 for any, and addr has the real one",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const [one, other] = [await bind(new Mailbox()), await bind(mailbox)];
          assert.equal(other.addr.hostname, "127.0.0.1");
          assert.notEqual(one.addr.port, other.addr.port);
          assert.equal(one.send(new Uint8Array(3), other.addr), true);
          await mailbox.until(1);
          assert.deepEqual(mailbox.senders, [{ hostname: "127.0.0.1", port: one.addr.port }]);
        }),
    },
    {
      name: "bindDatagram() takes the port that it is given",
      run: async () => {
        const port = await freePort();
        await withSockets(makeHost(), async (bind) => {
          const socket = await bind(new Mailbox(), { hostname: "127.0.0.1", port });
          assert.deepEqual({ ...socket.addr }, { hostname: "127.0.0.1", port });
        });
      },
    },
    {
      name: "bindDatagram() may be called many times at once, in any order with the rest",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const { resolve, setAlarm, now, random } = makeHost();
          const [sockets] = await Promise.all([
            Promise.all(Array.from({ length: 20 }, () => bind(new Mailbox()))),
            resolve("localhost"),
            new Promise<void>((wake) => void setAlarm(now() + 1, wake)),
            random(new Uint8Array(1)),
          ]);
          assert.equal(new Set(sockets.map(({ addr }) => addr.port)).size, 20);
        }),
    },
  ];
}

function familyCases(makeHost: () => Host): AdapterCase[] {
  const hasIpv6 = Object.values(networkInterfaces()).flat()
    .some((entry) => entry?.address === "::1");
  const skip = hasIpv6 ? {} : { skip: "no IPv6 on this machine" };
  return [
    {
      name: "bindDatagram() takes an IPv6 literal",
      ...skip,
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const one = await bind(new Mailbox(), { hostname: "::1", port: 0 });
          const other = await bind(mailbox, { hostname: "::1", port: 0 });
          assert.equal(one.send(new Uint8Array(3), other.addr), true);
          await mailbox.until(1);
          assert.deepEqual(mailbox.senders, [{ hostname: "::1", port: one.addr.port }]);
        }),
    },
    {
      name: "bindDatagram() binds :: to both families, where IPv4 has its plain spelling",
      ...skip,
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox((datagram, from) => void dual.send(datagram, from));
          const dual: DatagramSocket = await bind(mailbox, { hostname: "::", port: 0 });
          for (const hostname of ["127.0.0.1", "::1"]) {
            const answers = new Mailbox();
            const peer = await bind(answers, { hostname, port: 0 });
            peer.send(new Uint8Array(3), { hostname, port: dual.addr.port });
            await answers.until(1);
            assert.deepEqual(answers.senders, [{ hostname, port: dual.addr.port }]);
            assert.deepEqual(mailbox.senders.at(-1), { hostname, port: peer.addr.port });
          }
        }),
    },
    {
      name: "bindDatagram() binds 0.0.0.0 to IPv4 alone",
      ...skip,
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox();
          const ipv4 = await bind(mailbox, { hostname: "0.0.0.0", port: 0 });
          const { port } = ipv4.addr;
          const six = await bind(new Mailbox(), { hostname: "::1", port: 0 });
          const four = await bind(new Mailbox());
          assert.equal(ipv4.send(new Uint8Array(6), six.addr), false);
          six.send(new Uint8Array(6), { hostname: "::1", port });
          four.send(new Uint8Array(4), { hostname: "127.0.0.1", port });
          await mailbox.until(1);
          assert.deepEqual(mailbox.datagrams.map(({ length }) => length), [4]);
        }),
    },
  ];
}

function refusalCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "bindDatagram() rejects with address-in-use, and says which address",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const { addr } = await bind(new Mailbox());
          await assertRefused(
            bind(new Mailbox(), addr),
            "address-in-use",
            `127.0.0.1:${addr.port}`,
          );
        }),
    },
    {
      name: "bindDatagram() rejects with permission-denied",
      ...lowPortsArePrivileged() ? {} : { skip: "everybody may bind to port 1 here" },
      run: () =>
        withSockets(makeHost(), (bind) =>
          unprivileged(() =>
            assertRefused(
              bind(new Mailbox(), { hostname: "127.0.0.1", port: 1 }),
              "permission-denied",
              "127.0.0.1:1",
            )
          )),
    },
    {
      name: "bindDatagram() rejects with socket-failed for an address that is not this machine's",
      run: () =>
        withSockets(makeHost(), (bind) =>
          assertRefused(
            bind(new Mailbox(), { hostname: "192.0.2.1", port: 0 }),
            "socket-failed",
            "192.0.2.1:0",
          )),
    },
    {
      name: "bindDatagram() refuses a host name, and a port that is none",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          for (const hostname of ["localhost", "", "[::1]"]) {
            await assert.rejects(bind(new Mailbox(), { hostname, port: 0 }), RangeError);
          }
          for (const port of [-1, 65_536, 0.5, NaN]) {
            await assert.rejects(bind(new Mailbox(), { ...LOOPBACK, port }), RangeError);
          }
        }),
    },
  ];
}

function closeCases(makeHost: () => Host): AdapterCase[] {
  return [
    {
      name: "close() twice is harmless, and send() then returns false",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const other = await bind(new Mailbox());
          const socket = await bind(new Mailbox());
          assert.equal(socket.send(new Uint8Array(3), other.addr), true);
          socket.close();
          socket.close();
          assert.equal(socket.send(new Uint8Array(3), other.addr), false);
        }),
    },
    {
      name: "close() is followed by no call of the handler, whatever is under way",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const [mailbox, theirs] = [new Mailbox(), new Mailbox()];
          const [socket, other] = [await bind(mailbox), await bind(theirs)];
          const nobody = { ...LOOPBACK, port: await freePort() };
          for (let i = 0; i < 20; i++) {
            other.send(new Uint8Array(3), socket.addr);
            socket.send(new Uint8Array(3), nobody);
          }
          socket.close();
          other.send(new Uint8Array(5), other.addr);
          await theirs.until(1);
          assert.deepEqual([mailbox.datagrams, mailbox.errors], [[], []]);
        }),
    },
    {
      name: "close() inside a handler is followed by no further call of it",
      run: () =>
        withSockets(makeHost(), async (bind) => {
          const mailbox = new Mailbox(() => socket.close());
          const socket: DatagramSocket = await bind(mailbox);
          const theirs = new Mailbox();
          const other = await bind(theirs);
          for (let i = 0; i < 20; i++) other.send(new Uint8Array(3), socket.addr);
          await mailbox.until(1);
          other.send(new Uint8Array(5), other.addr);
          await theirs.until(1);
          assert.equal(mailbox.datagrams.length, 1);
        }),
    },
  ];
}

async function assertRefused(
  bound: Promise<unknown>,
  code: SosistabErrorCode,
  address: string,
): Promise<void> {
  await assert.rejects(bound, (error) => {
    assert.ok(error instanceof SosistabError);
    assert.equal(error.code, code);
    assert.ok(error.message.startsWith(`cannot bind ${address}: `), error.message);
    assert.ok(error.cause instanceof Error);
    return true;
  });
}

/** A UDP port of 127.0.0.1 that nobody has. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

function lowPortsArePrivileged(): boolean {
  if (process.platform !== "linux") return false;
  return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8")) > 1;
}

/** Runs as somebody who is not root. */
async function unprivileged(run: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return await run();
  process.seteuid?.("nobody");
  try {
    await run();
  } finally {
    process.seteuid?.(0);
  }
}
