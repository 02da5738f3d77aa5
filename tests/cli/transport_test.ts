import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { type Program, withWorkbench, type Workbench } from "../support/cli_program.ts";
import { currentHost } from "../support/current_host.ts";
import { missing, withMicrosocks } from "../support/real_proxy.ts";
import { freeStreamPort } from "../support/stream_open_cases.ts";
import { tlsOptions } from "../support/tls_files.ts";
import { OTHER_KEY } from "../support/tls_identities.ts";

const DATA = randomBytes(1_000_000);

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function listening(
  bench: Workbench,
  options: readonly string[],
): Promise<{ program: Program; url: string }> {
  const program = bench.start(["listen", "127.0.0.1:0", "--json", ...options]);
  const { url } = await program.event("listening");
  return { program, url: String(url) };
}

/** Sends the data from `connect` to `listen`, and checks what they say of how it went. */
async function assertCarries(
  bench: Workbench,
  listenOptions: readonly string[],
  connectOptions: readonly string[],
  transport: string,
): Promise<void> {
  const { program, url } = await listening(bench, listenOptions);
  const client = bench.start(["connect", url, "--json", ...connectOptions], { stdin: DATA });
  const [here, there] = await Promise.all([client.ended, program.ended]);
  assert.deepEqual([here.code, there.code], [0, 0], here.stderr + there.stderr);
  assert.equal(sha256(there.stdout), sha256(DATA));
  const connected = await client.event("connected");
  assert.equal(connected.transport, transport);
  assert.equal(connected.reason, connectOptions.length > 0 ? undefined : "it answered first");
  assert.equal((await program.event("peer")).transport, transport);
}

test(
  "connect --transport tcp carries stdin over TCP, though the listener takes UDP too",
  withWorkbench((bench) => assertCarries(bench, [], ["--transport", "tcp"], "tcp")),
);

test(
  "connect --transport tls carries stdin to a listener that has a certificate",
  withWorkbench((bench) => {
    const tls = ["--transport", "tls", "--sni", "server.example"];
    return assertCarries(bench, tlsOptions(bench), tls, "tls");
  }),
);

test(
  "connect takes TCP by itself where nothing answers over UDP",
  withWorkbench((bench) => assertCarries(bench, ["--transport", "tcp"], [], "tcp")),
);

test(
  "connect --proxy carries stdin through a SOCKS5 proxy that wants a login",
  { skip: missing("microsocks") },
  withWorkbench(async (bench) => {
    const login = { username: "me", password: "p@ss:word" };
    await withMicrosocks(await currentHost(), login, async ({ hostname, port }) => {
      const where = `${hostname}:${port}`;
      const proxy = `socks5://me:p%40ss%3Aword@${where}`;
      await assertCarries(bench, [], ["--proxy", proxy], "tcp");
      const { url } = await listening(bench, []);
      const refused = await bench.run(["connect", url, "--proxy", `socks5://me:wrong@${where}`]);
      assert.equal(refused.code, 5);
      assert.match(
        refused.stderr,
        /^error: the proxy refuses the login: .+\n {2}→ write the login/,
      );
    });
  }),
);

test(
  "a dead proxy and one that is none are told at once, and end with 5",
  withWorkbench(async (bench) => {
    const url = `sosistab://${"a".repeat(52)}@192.0.2.1:4000`;
    const dead = `socks5://me:s3cr3t@127.0.0.1:${await freeStreamPort()}`;
    const outcome = await bench.run(["connect", url], { env: { SOSISTAB_PROXY: dead } });
    assert.equal(outcome.code, 5);
    assert.match(
      outcome.stderr,
      /^error: the proxy at 127\.0\.0\.1:\d+ cannot be reached: connection refused\n {2}→ see that/,
    );
    assert.ok(!outcome.stderr.includes("s3cr3t"));
    const other = createServer((socket) => {
      socket.on("error", () => {});
      socket.end("220 mail\r\n");
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    try {
      const bound = other.address();
      assert.ok(bound !== null && typeof bound === "object");
      const proxy = `socks5://127.0.0.1:${bound.port}`;
      const { code, stderr } = await bench.run(["connect", url, "--proxy", proxy]);
      assert.equal(code, 5);
      assert.match(stderr, /^error: the proxy at 127\.0\.0\.1:\d+ does not speak SOCKS5\n {2}→ /);
    } finally {
      other.close();
    }
  }),
);

test(
  "a proxy that says no is told at once in one sentence, and ends with 5",
  withWorkbench(async (bench) => {
    const url = `sosistab://${"a".repeat(52)}@192.0.2.1:4000`;
    for (
      const [status, sentence] of [
        [407, /^error: the proxy refuses the login, or wants one\n {2}→ write the login/],
        [403, /^error: the proxy does not connect to 192\.0\.2\.1:4000: HTTP status 403\n {2}· /],
      ] as const
    ) {
      const proxy = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      try {
        const bound = proxy.address();
        assert.ok(bound !== null && typeof bound === "object");
        const through = ["--proxy", `http://me:s3cr3t@127.0.0.1:${bound.port}`];
        const outcome = await bench.run(["connect", url, "--timeout", "20", ...through]);
        assert.equal(outcome.code, 5);
        assert.match(outcome.stderr, sentence);
        assert.ok(!outcome.stderr.includes("s3cr3t"));
      } finally {
        proxy.close();
      }
    }
  }),
);

test(
  "bad values of --transport, --proxy and --sni are told in one sentence, and end with 2",
  withWorkbench(async (bench) => {
    const url = `sosistab://${"a".repeat(52)}@192.0.2.1:4000`;
    for (
      const options of [
        ["--transport", "quic"],
        ["--proxy", "https://h:1"],
        ["--proxy", "socks5://h:0"],
        ["--proxy", "socks5://h:1", "--transport", "udp"],
        ["--sni", "server.example"],
      ]
    ) {
      const { code, stderr } = await bench.run(["connect", url, ...options]);
      assert.equal(code, 2, `${options}: ${stderr}`);
      assert.match(stderr, /^error: .+\n/);
      assert.equal(stderr.match(/error:/g)?.length, 1);
    }
  }),
);

test(
  "listen with a certificate that is none, or is not there, says so, and ends with 5",
  withWorkbench(async (bench) => {
    writeFileSync(bench.path("none.pem"), "no certificate");
    const [, , , key = ""] = tlsOptions(bench);
    for (
      const [cert, sentence] of [
        [bench.path("none.pem"), /\nerror: cannot speak TLS with .*none\.pem and .*key\.pem: /],
        [bench.path("gone.pem"), /error: cannot read .*gone\.pem: there is no such file\n/],
      ] as const
    ) {
      const options = ["--cert", cert, "--cert-key", key];
      const { code, stderr } = await bench.run(["listen", "127.0.0.1:0", ...options]);
      assert.equal(code, 5, stderr);
      assert.match(stderr, sentence);
    }
  }),
);

test(
  "listen with a key that is not the certificate's says so, and ends with 5",
  withWorkbench(async (bench) => {
    const options = tlsOptions(bench, OTHER_KEY);
    const { code, stderr } = await bench.run(["listen", "127.0.0.1:0", ...options]);
    assert.equal(code, 5);
    assert.match(
      stderr,
      /\nerror: cannot speak TLS with .*cert\.pem and .*key\.pem: the key is not the one of the/,
    );
  }),
);
