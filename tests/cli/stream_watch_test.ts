import assert from "node:assert/strict";
import { test } from "node:test";
import { StreamWatch } from "../../src/cli/stream_watch.ts";
import { SosistabError, type SosistabErrorCode } from "../../src/errors.ts";
import type { Host, StreamSocket } from "../../src/host.ts";
import { currentHost } from "../support/current_host.ts";

const ADDRESS = { hostname: "192.0.2.1", port: 443 };

const STREAM: StreamSocket = {
  readable: new ReadableStream(),
  writable: new WritableStream(),
  close: () => {},
  localAddr: ADDRESS,
  remoteAddr: ADDRESS,
};

function failure(code: SosistabErrorCode): SosistabError {
  return new SosistabError(code, "what the library says");
}

/** Watches streams that connect, and secure, as they are told: by an error, or not at all. */
async function watching(connectError?: Error, secureError?: Error): Promise<StreamWatch> {
  const host: Host = {
    ...await currentHost(),
    connectStream: () => connectError ? Promise.reject(connectError) : Promise.resolve(STREAM),
    secureStream: () => secureError ? Promise.reject(secureError) : Promise.resolve(STREAM),
  };
  return new StreamWatch(host);
}

test("StreamWatch tells a refusal from silence before and after connecting", async () => {
  const refused = await watching(failure("reset"));
  assert.equal(refused.words, undefined);
  await assert.rejects(async () => await refused.host.connectStream?.(ADDRESS), { code: "reset" });
  assert.equal(refused.words, "connection refused");
  const unanswered = await watching(failure("no-answer"));
  await assert.rejects(async () => await unanswered.host.connectStream?.(ADDRESS));
  assert.equal(unanswered.words, "does not connect");
  const silent = await watching();
  assert.equal(await silent.host.connectStream?.(ADDRESS), STREAM);
  assert.equal(silent.words, "connected but silent");
});

test("StreamWatch tells a server without TLS from one without a certificate", async () => {
  const noTls = await watching(undefined, failure("connection-lost"));
  await assert.rejects(async () => await noTls.host.secureStream?.(STREAM));
  assert.equal(noTls.words, "connected, but there is no TLS");
  const silent = await watching(undefined, failure("no-answer"));
  await assert.rejects(async () => await silent.host.secureStream?.(STREAM));
  assert.match(String(silent.words), /^connected, but TLS is not answered: .* no certificate$/);
});

test("StreamWatch aborts when a proxy has failed, and not when the wait was broken off", async () => {
  const watch = await watching();
  const error = failure("proxy-failed");
  const connector = watch.connector(() => Promise.reject(error));
  await assert.rejects(connector(ADDRESS, { signal: AbortSignal.abort() }));
  assert.equal(watch.failed.aborted, false);
  await assert.rejects(connector(ADDRESS, {}));
  assert.equal(watch.failed.reason, error);
});
