import { test } from "node:test";
import assert from "node:assert/strict";
import { enlargeReceiveBuffer } from "../../src/adapters/deno_receive_buffer.ts";

/** More than a socket of Linux holds by default (92), and less than twice that. */
const COUNT = 150;
const LENGTH = 1_200;
const SIZE = 4 * 2 ** 20;

if (!("Deno" in globalThis)) {
  test("enlargeReceiveBuffer() is for Deno", { skip: "for Deno only" }, () => {});
} else if (Deno.build.os !== "linux") {
  test("enlargeReceiveBuffer() does nothing elsewhere", () => {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    assert.equal(enlargeReceiveBuffer(portOf(socket), SIZE), false);
    socket.close();
  });
} else {
  test("enlargeReceiveBuffer() lets a socket hold more while nobody receives", async () => {
    assert.ok(await heldBy(() => true) < COUNT, "the default holds it all: this test cannot fail");
    assert.equal(await heldBy((port) => enlargeReceiveBuffer(port, SIZE)), COUNT);
  });

  test("enlargeReceiveBuffer() says false for a port where no socket of this process is", () => {
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const port = portOf(socket);
    socket.close();
    assert.equal(enlargeReceiveBuffer(port, SIZE), false);
  });

  test("enlargeReceiveBuffer() does not take a TCP socket at the same port for the UDP one", () => {
    const stream = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = stream.addr;
    assert.equal(enlargeReceiveBuffer(port, SIZE), false);
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
    assert.equal(enlargeReceiveBuffer(port, SIZE), true);
    assert.equal(enlargeReceiveBuffer(port, SIZE), false, "it has been enlarged");
    socket.close();
    stream.close();
  });

  test("enlargeReceiveBuffer() finds each of several sockets at one port", () => {
    const first = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const port = portOf(first);
    const second = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.2", port });
    const granted = [1, 2, 3].map(() => enlargeReceiveBuffer(port, SIZE));
    assert.deepEqual(granted, [true, true, false]);
    first.close();
    second.close();
  });

  Deno.test({
    name: "enlargeReceiveBuffer() asks nobody, and says false, without --allow-ffi",
    permissions: { ffi: false, read: true, net: true },
    fn() {
      const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
      assert.equal(enlargeReceiveBuffer(portOf(socket), SIZE), false);
      socket.close();
    },
  });
}

function portOf({ addr }: Deno.DatagramConn): number {
  return addr.transport === "udp" ? addr.port : 0;
}

/** How many of `COUNT` datagrams a socket has kept that came while this thread did something else. */
async function heldBy(prepare: (port: number) => boolean): Promise<number> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  assert.ok(prepare(portOf(socket)));
  const sender = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-net", SENDER, String(portOf(socket))],
  });
  // Synchronously: nothing can be received meanwhile.
  assert.ok(sender.outputSync().success);
  let held = 0;
  for (;;) {
    const [datagram] = await socket.receive();
    if (datagram.length === 1) break;
    held++;
    // Something must come at the end, and is sent when there is room for it.
    if (held === 1) void socket.send(new Uint8Array(1), socket.addr);
  }
  socket.close();
  return held;
}

const SENDER = `
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const to = { transport: "udp", hostname: "127.0.0.1", port: Number(Deno.args[0]) };
  for (let i = 0; i < ${COUNT}; i++) await socket.send(new Uint8Array(${LENGTH}), to);
`;
