import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { type Program, withWorkbench } from "../support/cli_program.ts";
import { exchange, serve, tardyEcho, tunnel } from "../support/tcp_tunnel.ts";

/** A connection in use: what was sent has come back, and it is not over. */
async function inUse(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.write("ping");
  await new Promise((resolve) => socket.once("data", resolve));
  return socket;
}

/** What comes until the end. */
function rest(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => text += chunk);
  return new Promise((resolve, reject) => {
    socket.once("end", () => resolve(text));
    socket.once("close", () => reject(new Error(`it was cut after "${text}"`)));
  });
}

/** Sends each byte back at once. */
function echo(socket: Socket): void {
  socket.on("error", () => {}).pipe(socket);
}

function cutOf({ events }: Program): unknown {
  return events.find(({ event }) => event === "drained")?.cut;
}

for (const side of ["server", "client"] as const) {
  const command = side === "server" ? "listen --to" : "connect -L";

  test(
    `${command} lets a stream finish after SIGTERM, takes no new one, and ends with 0`,
    withWorkbench(async (bench) => {
      const service = await serve(echo);
      try {
        const { port, ...programs } = await tunnel(bench, service.port);
        const program = programs[side];
        const socket = await inUse(port);
        program.kill("SIGTERM");
        const { streams, seconds } = await program.event("draining");
        assert.deepEqual([streams, seconds], [1, 7]);
        await assert.rejects(exchange(port, new Uint8Array(10)));
        const end = rest(socket);
        socket.write("still ");
        socket.end("here");
        assert.equal(await end, "still here");
        assert.equal((await program.ended).code, 0);
        assert.equal(cutOf(program), 0);
      } finally {
        service.server.close();
      }
    }),
  );

  test(
    `${command} ends at once, with 0, where there is no stream`,
    withWorkbench(async (bench) => {
      const service = await serve(tardyEcho);
      try {
        const { port, ...programs } = await tunnel(bench, service.port);
        await exchange(port, new Uint8Array(10));
        const program = programs[side];
        const startedAt = performance.now();
        program.kill("SIGINT");
        assert.equal((await program.ended).code, 0);
        assert.ok(performance.now() - startedAt < 6_000);
      } finally {
        service.server.close();
      }
    }),
  );

  test(
    `${command} cuts a stream at once at the second signal, and ends with 143`,
    withWorkbench(async (bench) => {
      const service = await serve(echo);
      try {
        const { port, ...programs } = await tunnel(bench, service.port, ["--drain", "40"]);
        const program = programs[side];
        const socket = await inUse(port);
        program.kill("SIGINT");
        await program.event("draining");
        const closed = new Promise((resolve) => socket.once("close", resolve));
        const startedAt = performance.now();
        program.kill("SIGTERM");
        assert.equal((await program.ended).code, 143);
        assert.ok(performance.now() - startedAt < 10_000);
        socket.end();
        await closed;
      } finally {
        service.server.close();
      }
    }),
  );

  test(
    `${command} cuts what has not finished in time, says how much, and ends with 130`,
    withWorkbench(async (bench) => {
      const service = await serve(echo);
      try {
        const { port, ...programs } = await tunnel(bench, service.port, ["--drain", "0.5"]);
        const program = programs[side];
        const socket = await inUse(port);
        program.kill("SIGINT");
        assert.equal((await program.ended).code, 130);
        assert.equal(cutOf(program), 1);
        socket.destroy();
      } finally {
        service.server.close();
      }
    }),
  );
}

test(
  "--drain 0: the first signal cuts, and the program ends with 143",
  withWorkbench(async (bench) => {
    const service = await serve(echo);
    try {
      const { port, server } = await tunnel(bench, service.port, ["--drain", "0"]);
      const socket = await inUse(port);
      server.kill("SIGTERM");
      assert.equal((await server.ended).code, 143);
      assert.equal(cutOf(server), undefined);
      socket.destroy();
    } finally {
      service.server.close();
    }
  }),
);
