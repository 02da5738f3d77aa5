import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outcome, withWorkbench, type Workbench } from "../support/cli_program.ts";
import { freeStreamPort } from "../support/stream_open_cases.ts";
import { tlsOptions } from "../support/tls_files.ts";

async function listening(bench: Workbench, options: readonly string[]): Promise<string> {
  const target = ["--to", "127.0.0.1:9"];
  const program = bench.start(["listen", "127.0.0.1:0", "--json", ...target, ...options]);
  return String((await program.event("listening")).url);
}

function text({ stdout }: Outcome): string {
  return new TextDecoder().decode(stdout);
}

const FIGURES = String.raw`answers: round trip [\d.]+ ms \([\d.]+ to [\d.]+\), none of 2 lost`;

test(
  "ping says which ways lead to a listener, and ends with 0",
  withWorkbench(async (bench) => {
    const url = await listening(bench, tlsOptions(bench));
    const outcome = await bench.run(["ping", `${url}#home`, "--count", "2"]);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.stderr, "");
    assert.match(
      text(outcome),
      new RegExp(
        [
          String.raw`^127\.0\.0\.1:\d+ {2}home`,
          `  UDP   ${FIGURES}`,
          `  TCP   ${FIGURES}`,
          `  TLS   ${FIGURES}`,
          "UDP works from here, and connect takes it by itself.\n$",
        ].join("\n"),
      ),
    );
  }),
);

test(
  "ping --json tells it in one object, of a listener that takes TCP alone",
  withWorkbench(async (bench) => {
    const url = await listening(bench, ["--transport", "tcp"]);
    const outcome = await bench.run(["ping", url, "--count", "2", "--json"]);
    assert.equal(outcome.code, 0, outcome.stderr);
    const { address, transports, advice } = JSON.parse(text(outcome));
    assert.match(advice, /^Nothing comes back over UDP: connect takes TCP by itself\.$/);
    assert.ok(url.endsWith(`@${address}`));
    const [udp, tcp, tls] = transports;
    assert.deepEqual(udp, { transport: "udp", answers: false, sent: 0, lost: 0, rtt_ms: null });
    assert.deepEqual([tcp.transport, tcp.answers, tcp.sent, tcp.lost], ["tcp", true, 2, 0]);
    const { least, median, most } = tcp.rtt_ms;
    assert.ok(least > 0 && least <= median && median <= most && most < 1_000, text(outcome));
    assert.deepEqual([tls.transport, tls.answers], ["tls", false]);
    assert.match(tls.reason, /^connected, but TLS is not answered: .* no certificate$/);
  }),
);

test(
  "ping where nobody listens says so of each way, and ends with 3",
  withWorkbench(async (bench) => {
    const url = `sosistab://${"a".repeat(52)}@127.0.0.1:${await freeStreamPort()}`;
    const outcome = await bench.run(["ping", url, "--timeout", "0.5"]);
    assert.equal(outcome.code, 3);
    assert.match(
      text(outcome),
      /\n {2}UDP {3}no answer\n {2}TCP {3}no answer: connection refused\n {2}TLS {3}no answer: /,
    );
    assert.match(outcome.stderr, /^error: no answer from 127\.0\.0\.1:\d+\n.*this is one of:\n/);
  }),
);
