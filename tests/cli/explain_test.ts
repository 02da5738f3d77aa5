import assert from "node:assert/strict";
import { test } from "node:test";
import {
  explainConnect,
  explainListen,
  explainLocalPort,
  explainLoss,
  explainRead,
  systemReason,
} from "../../src/cli/explain.ts";
import { EXIT_CODES, Failure } from "../../src/cli/failure.ts";
import type { Transport } from "../../src/cli/open_session.ts";
import { SosistabError, type SosistabErrorCode } from "../../src/errors.ts";

const SERVER = { hostname: "203.0.113.7", port: 4000 };

const UDP = { timeout: 10_000, transport: "udp" } as const;

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: what the system says`), { code });
}

function socketError(code: SosistabErrorCode, cause?: unknown): SosistabError {
  return new SosistabError(code, "what the library says", { cause });
}

/** The failure as one text: exit code, message and advice. */
function told(failure: unknown): string {
  assert.ok(failure instanceof Failure);
  const advice = failure.advice.map(({ cause = "", remedy }) => `[${cause}] ${remedy}`);
  return [`${EXIT_CODES[failure.kind]} ${failure.message}`, ...advice].join("\n");
}

test("explainListen() names the process that holds a port, and another port", () => {
  assert.equal(
    told(explainListen(socketError("address-in-use"), { hostname: "", port: 4000 }, "udp")),
    [
      "5 cannot listen on :4000/udp: address already in use",
      "[another process holds it] ss -ulpn 'sport = :4000'",
      "[or choose another port] sosistab listen :4001",
    ].join("\n"),
  );
  const last = told(
    explainListen(socketError("address-in-use"), { hostname: "::1", port: 65_535 }, "tcp"),
  );
  assert.match(last, /on \[::1\]:65535\/tcp.* ss -tlpn .*sosistab listen '\[::1\]:4000'$/s);
});

test("explainListen() offers one transport where both have one port", () => {
  assert.equal(
    told(explainListen(socketError("address-in-use"), { hostname: "", port: 443 }, "auto")),
    [
      "5 cannot listen on :443/udp+tcp: address already in use",
      "[another process holds it] ss -tulpn 'sport = :443'",
      "[or choose another port] sosistab listen :444",
      "[or take one of the two] sosistab listen :443 --transport udp",
    ].join("\n"),
  );
});

test("explainListen() says which ports need a privilege", () => {
  assert.equal(
    told(explainListen(socketError("permission-denied"), { hostname: "", port: 80 }, "udp")),
    [
      "5 cannot listen on :80/udp: permission denied",
      "[ports below 1024 need a privilege] choose a higher one: sosistab listen :4000",
    ].join("\n"),
  );
});

test("explainListen() leaves the host out where it is the trouble", () => {
  const nowhere = { hostname: "192.0.2.1", port: 4000 };
  const cause = systemError("EADDRNOTAVAIL");
  assert.equal(
    told(explainListen(socketError("socket-failed", cause), nowhere, "udp")),
    [
      "5 cannot listen on 192.0.2.1:4000/udp: this machine has no such address",
      "[] leave the host out to listen on all addresses: sosistab listen :4000",
    ].join("\n"),
  );
  const unknown = { hostname: "nohost", port: 4000 };
  assert.match(
    told(explainListen(socketError("name-not-found"), unknown, "auto")),
    /^5 .*for nohost\n/,
  );
});

test("explainConnect() says what silence may mean: the server is silent to strangers", () => {
  assert.equal(
    told(explainConnect(socketError("no-answer"), SERVER, UDP)),
    [
      "3 no answer from 203.0.113.7:4000 in 10 s",
      "[nobody listens there] on the server: sosistab listen :4000",
      "[the key in the URL is not this server's key] on the server: sosistab url",
      "[UDP is blocked on the way] try TCP: --transport tcp, or see which way works: sosistab ping",
      "[the clocks differ by more than an hour, or 2 min through a proxy] compare on both machines: date -u",
    ].join("\n"),
  );
});

test("explainConnect() says what became of byte streams, and what each transport needs", () => {
  const withStreams = (transport: Transport, streams: string) =>
    told(explainConnect(socketError("no-answer"), SERVER, { timeout: 500, transport, streams }));
  assert.match(
    withStreams("auto", "connected but silent"),
    / in 0\.5 s \(tcp: connected but silent\)\n/,
  );
  assert.match(withStreams("auto", "x"), /\[UDP and TCP are blocked on the way\] open port 4000 /);
  assert.match(withStreams("tcp", "x"), / \(tcp: x\)\n.*\[TCP is blocked .+\] .*sosistab ping\n/s);
  assert.match(withStreams("tls", "x"), / \(tls: x\)\n.*no certificate\] .*listen --cert FILE/s);
});

test("explainConnect() tells a dead proxy, a refused login and a refused server apart", () => {
  const cause = socketError("reset", systemError("ECONNREFUSED"));
  assert.match(
    told(explainConnect(socketError("proxy-failed", cause), SERVER, UDP)),
    /^5 what the library says: connection refused\n\[\] see that the proxy runs/,
  );
  assert.match(
    told(explainConnect(socketError("proxy-login-refused"), SERVER, UDP)),
    /^5 what the library says\n\[\] write the login into its URL: --proxy socks5:\/\/USER:PASSWORD@/,
  );
  assert.match(
    told(explainConnect(socketError("proxy-refused"), SERVER, UDP)),
    /^5 what the library says\n\[nobody listens there\] .*\n\[the proxy may not connect to it\] /,
  );
});

test("explainConnect() tells a name without an address from silence", () => {
  const server = { hostname: "no-such.invalid", port: 1 };
  const text = told(explainConnect(socketError("name-not-found"), server, UDP));
  assert.match(text, /^5 no address found for no-such\.invalid\n.*getent hosts no-such\.invalid$/s);
  const text2 = told(explainConnect(socketError("socket-failed"), SERVER, UDP));
  assert.match(text2, /^5 cannot reach 203\.0\.113\.7:4000: what the library says\n/);
});

test("explainLoss() tells a cut from silence, and ends with 4 for both", () => {
  assert.match(told(explainLoss(socketError("reset"))), /^4 connection lost: .* cut it off\n/);
  for (const code of ["connection-lost", "no-answer", "closed"] as const) {
    assert.match(
      told(explainLoss(socketError(code))),
      /^4 connection lost: .* stopped answering\n/,
    );
  }
  assert.match(told(explainLoss(socketError("idle-timeout"))), /^4 connection lost: nothing was/);
  assert.match(told(explainLoss(socketError("too-many-streams"))), /^1 what the library says$/);
});

test("explainLocalPort() speaks of TCP, and of -L", () => {
  const local = { hostname: "127.0.0.1", port: 8080 };
  assert.equal(
    told(explainLocalPort(systemError("EADDRINUSE"), local)),
    [
      "5 cannot listen on 127.0.0.1:8080/tcp: address already in use",
      "[another process holds it] ss -tlpn 'sport = :8080'",
      "[or choose another port] -L 127.0.0.1:8081",
    ].join("\n"),
  );
  const low = told(explainLocalPort(systemError("EACCES"), { ...local, port: 80 }));
  assert.match(low, /permission denied\n\[ports below 1024 .*-L 127\.0\.0\.1:8080$/);
});

test("explainRead() names the file and the reason", () => {
  assert.match(
    told(explainRead(systemError("EACCES"), "/a/b")),
    /^5 cannot read \/a\/b: permission denied\n.*ls -l \/a\/b$/,
  );
});

test("what cannot be explained passes through as it is", () => {
  const error = new Error("a fault of ours");
  const failure = new Failure("usage", "told already");
  for (const thrown of [error, failure]) {
    assert.equal(explainListen(thrown, SERVER, "auto"), thrown);
    assert.equal(explainConnect(thrown, SERVER, UDP), thrown);
    assert.equal(explainLoss(thrown), thrown);
    assert.equal(explainLocalPort(thrown, SERVER), thrown);
    assert.equal(explainRead(thrown, "f"), thrown);
  }
});

test("systemReason() has words for system errors, and repeats what it does not know", () => {
  assert.equal(systemReason(systemError("ECONNREFUSED")), "connection refused");
  assert.equal(systemReason(systemError("EWEIRD")), "EWEIRD: what the system says");
  assert.equal(systemReason("text"), "text");
});
