import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { withWorkbench } from "../support/cli_program.ts";
import { exchange, serve, tardyEcho, tunnel } from "../support/tcp_tunnel.ts";

test(
  "-L and --to carry a TCP connection, and its half-close in both directions",
  withWorkbench(async (bench) => {
    const echo = await serve(tardyEcho);
    try {
      const { port } = await tunnel(bench, echo.port);
      const data = randomBytes(1_500_000);
      assert.deepEqual(await exchange(port, data), new Uint8Array(data));
    } finally {
      echo.server.close();
    }
  }),
);

test(
  "-L and --to carry many connections at once, one after another, and empty ones",
  withWorkbench(async (bench) => {
    const echo = await serve(tardyEcho);
    try {
      const { server, client, port } = await tunnel(bench, echo.port);
      const all = [0, 1, 10, 1_000, 100_000].map((size) => randomBytes(size));
      const answers = await Promise.all(all.map((data) => exchange(port, data)));
      assert.deepEqual(answers, all.map((data) => new Uint8Array(data)));
      assert.equal((await exchange(port, randomBytes(5_000))).length, 5_000);
      // One after the other: to a client that a server leaves first that is a loss.
      for (const program of [client, server]) {
        program.kill("SIGTERM");
        assert.equal((await program.ended).code, 0);
      }
      const { bytes_sent, bytes_received } = client.events.at(-1)!;
      assert.deepEqual([bytes_sent, bytes_received], [106_011, 106_011]);
    } finally {
      echo.server.close();
    }
  }),
);

test(
  "a service that speaks first and closes first is heard to its end",
  withWorkbench(async (bench) => {
    const greeter = await serve((socket) => {
      socket.on("error", () => {});
      socket.resume();
      socket.end("hello");
    });
    try {
      const { port } = await tunnel(bench, greeter.port);
      const answer = await exchange(port, new Uint8Array(0));
      assert.equal(new TextDecoder().decode(answer), "hello");
    } finally {
      greeter.server.close();
    }
  }),
);

test(
  "a target that refuses is told once on the listening side, and the connection is cut",
  withWorkbench(async (bench) => {
    const gone = await serve(() => {});
    await new Promise((resolve) => gone.server.close(resolve));
    const { server, client, port } = await tunnel(bench, gone.port);
    for (let i = 0; i < 2; i++) {
      await assert.rejects(exchange(port, new Uint8Array(10)), { code: "ECONNRESET" });
    }
    const warnings = server.events.filter(({ event }) => event === "warning");
    assert.equal(warnings.length, 1);
    assert.equal(
      warnings[0]?.message,
      `cannot reach 127.0.0.1:${gone.port}: connection refused; the stream was refused`,
    );
    assert.match(
      String((await client.event("warning")).message),
      /^the connection from .* was cut/,
    );
  }),
);

test(
  "a connection that is cut at one end is cut at the other, and the tunnel goes on",
  withWorkbench(async (bench) => {
    const cutter = await serve((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.resetAndDestroy());
    });
    try {
      const { port } = await tunnel(bench, cutter.port);
      for (let i = 0; i < 2; i++) {
        await assert.rejects(exchange(port, new Uint8Array(10)), { code: "ECONNRESET" });
      }
    } finally {
      cutter.server.close();
    }
  }),
);

test(
  "connect -L ends with 4 when the other side has stopped answering",
  withWorkbench(async (bench) => {
    const echo = await serve(tardyEcho);
    try {
      const to = `127.0.0.1:${echo.port}`;
      const server = bench.start(["listen", "127.0.0.1:0", "--to", to, "--json"]);
      const { url } = await server.event("listening");
      const args = ["connect", String(url), "-L", "0", "--dead-after", "2", "--json"];
      const client = bench.start(args);
      const { address } = await client.event("listening");
      server.kill("SIGKILL");
      await server.ended;
      const port = Number(String(address).split(":").at(-1));
      await assert.rejects(exchange(port, new Uint8Array(10)));
      assert.equal((await client.ended).code, 4);
    } finally {
      echo.server.close();
    }
  }),
);
