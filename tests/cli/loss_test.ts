import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createSocket, type Socket } from "node:dgram";
import { createServer } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { withWorkbench } from "../support/cli_program.ts";

const KEY = "a".repeat(52);

/** A UDP socket that says nothing. */
async function silentSocket(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { socket, port: socket.address().port };
}

test(
  "connect says what silence may mean, and ends with 3",
  withWorkbench(async (bench) => {
    const { socket, port } = await silentSocket();
    try {
      const url = `sosistab://${KEY}@127.0.0.1:${port}`;
      const { code, stderr } = await bench.run(["connect", url, "--timeout", "1.5"]);
      assert.equal(code, 3);
      // TCP joins after a head start of UDP, and finds nobody.
      const message = `no answer from 127.0.0.1:${port} in 1.5 s (tcp: connection refused)`;
      assert.equal(stderr.split("\n")[0], `error: ${message}`);
      assert.match(stderr, /stays silent to strangers, so this is one of:\n( {2}· .+ → .+\n){4}$/);
    } finally {
      socket.close();
    }
  }),
);

test(
  "connect to a listener with another key ends with 3",
  withWorkbench(async (bench) => {
    const server = bench.start(["listen", "127.0.0.1:0", "--json"]);
    const { address } = await server.event("listening");
    const url = `sosistab://${KEY}@${address}`;
    assert.equal((await bench.run(["connect", url, "--timeout", "0.5"])).code, 3);
  }),
);

test(
  "listen --timeout gives up when nobody has connected, and ends with 3",
  withWorkbench(async (bench) => {
    const { code, stderr } = await bench.run(["listen", "127.0.0.1:0", "--timeout", "0.3"]);
    assert.equal(code, 3);
    assert.match(stderr, /\nerror: nobody connected in 0\.3 s\n/);
  }),
);

test(
  "connect to a name without an address ends with 5",
  withWorkbench(async (bench) => {
    const { code, stderr } = await bench.run(["connect", `sosistab://${KEY}@no-such.invalid:1`]);
    assert.equal(code, 5);
    assert.match(stderr, /^error: no address found for no-such\.invalid\n {2}· .+→ /);
  }),
);

test(
  "listen on a port in use names who to ask and what else to type, and ends with 5",
  withWorkbench(async (bench) => {
    const { socket, port } = await silentSocket();
    try {
      const { code, stderr } = await bench.run(["listen", `127.0.0.1:${port}`]);
      assert.equal(code, 5);
      const where = `127.0.0.1:${port}`;
      const message = `error: cannot listen on ${where}/udp+tcp: address already in use\n`;
      assert.ok(stderr.includes(message), stderr);
      assert.ok(stderr.includes(`→ ss -tulpn 'sport = :${port}'\n`));
      assert.ok(stderr.includes(`→ sosistab listen 127.0.0.1:${port + 1}\n`));
      assert.ok(stderr.includes(`→ sosistab listen ${where} --transport udp\n`));
    } finally {
      socket.close();
    }
  }),
);

test(
  "listen on an address of another machine ends with 5",
  withWorkbench(async (bench) => {
    const { code, stderr } = await bench.run(["listen", "192.0.2.1:4000"]);
    assert.equal(code, 5);
    assert.match(
      stderr,
      /error: cannot listen on 192\.0\.2\.1:4000\/udp\+tcp: .+\n {2}→ leave the host/,
    );
  }),
);

test(
  "connect -L on a port in use ends with 5",
  withWorkbench(async (bench) => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const bound = taken.address();
    assert.ok(bound !== null && typeof bound === "object");
    try {
      const server = bench.start(["listen", "127.0.0.1:0", "--json"]);
      const { url } = await server.event("listening");
      const outcome = await bench.run(["connect", String(url), "-L", String(bound.port)]);
      assert.equal(outcome.code, 5);
      const message =
        `error: cannot listen on 127.0.0.1:${bound.port}/tcp: address already in use\n`;
      assert.ok(outcome.stderr.includes(message), outcome.stderr);
      assert.match(outcome.stderr, /→ ss -tlpn .+\n.+→ -L 127\.0\.0\.1:\d+\n/);
    } finally {
      taken.close();
    }
  }),
);

/** How to start a process that may not open low ports; `undefined`: no way here. */
function unprivileged(): readonly string[] | undefined {
  if (process.getuid?.() !== 0) return [];
  const drop = ["setpriv", "--bounding-set=-net_bind_service"];
  return spawnSync("setpriv", [...drop.slice(1), "true"]).status === 0 ? drop : undefined;
}

test(
  "listen on a port that needs a privilege says so, and ends with 5",
  {
    skip: unprivileged() === undefined ? "root cannot give its privilege away here" : false,
  },
  withWorkbench(async (bench) => {
    const through = unprivileged() ?? [];
    const { code, stderr } = await bench.run(["listen", "127.0.0.1:80"], { through });
    assert.equal(code, 5);
    assert.match(stderr, /error: cannot listen on 127\.0\.0\.1:80\/udp\+tcp: permission denied\n/);
    assert.match(stderr, /→ choose a higher one: sosistab listen 127\.0\.0\.1:4000\n/);
  }),
);

test(
  "connect says why it cannot write its output, and ends with 5",
  { skip: existsSync("/dev/full") ? false : "there is no /dev/full here" },
  withWorkbench(async (bench) => {
    const server = bench.start(["listen", "127.0.0.1:0", "--json"], { stdin: "open" });
    const { url } = await server.event("listening");
    await server.write("data");
    const through = ["sh", "-c", 'exec "$@" > /dev/full', "sh"];
    const { code, stderr } = await bench.run(["connect", String(url)], { through });
    assert.equal(code, 5);
    assert.match(stderr, /\nerror: cannot write to stdout: the disk is full\n {2}→ /);
    assert.equal((await server.ended).code, 4);
  }),
);

test(
  "a peer that vanishes without a word is missed after --dead-after, and connect ends with 4",
  withWorkbench(async (bench) => {
    const server = bench.start(["listen", "127.0.0.1:0", "--json"]);
    const { url } = await server.event("listening");
    const client = bench.start(["connect", String(url), "--dead-after", "2"], { stdin: "open" });
    await server.event("opened");
    server.kill("SIGKILL");
    await server.ended;
    await client.write("is anybody there?");
    const { code, stderr } = await client.ended;
    assert.equal(code, 4);
    assert.match(stderr, /\nerror: connection lost: the other side has stopped answering\n {2}· /);
  }),
);

test(
  "a listener misses a peer that vanishes, and ends with 4",
  withWorkbench(async (bench) => {
    const args = ["listen", "127.0.0.1:0", "--json", "--dead-after", "2"];
    const server = bench.start(args, { stdin: "open" });
    const { url } = await server.event("listening");
    const client = bench.start(["connect", String(url)], { stdin: "open" });
    await server.event("opened");
    client.kill("SIGKILL");
    await client.ended;
    await server.write("is anybody there?");
    assert.equal((await server.ended).code, 4);
    assert.equal((await server.event("error")).kind, "connection-lost");
  }),
);

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(
    `${signal} ends connect with ${expected}, and the other side learns of it at once`,
    withWorkbench(async (bench) => {
      const server = bench.start(["listen", "127.0.0.1:0", "--json"], { stdin: "open" });
      const { url } = await server.event("listening");
      const client = bench.start(["connect", String(url), "--json"], { stdin: "open" });
      await Promise.all([server.event("opened"), client.event("opened")]);
      client.kill(signal);
      assert.equal((await client.ended).code, expected);
      const { event, exit } = client.events.at(-1)!;
      assert.deepEqual([event, exit], ["done", expected]);
      const other = await server.ended;
      assert.equal(other.code, 4);
      assert.match(String((await server.event("error")).message), /the other side cut it off/);
    }),
  );

  test(
    `${signal} ends a listener that waits with ${expected}`,
    withWorkbench(async (bench) => {
      const server = bench.start(["listen", "127.0.0.1:0", "--json"], { stdin: "open" });
      await server.event("listening");
      server.kill(signal);
      assert.equal((await server.ended).code, expected);
    }),
  );
}
