/**
 * What tests of TLS do with streams.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ByteStream, Host, SecureStreamOptions } from "../../src/host.ts";
import { echo, isError, readAll, readSome, writeOnce } from "./byte_streams.ts";
import { saltedBytes } from "./salted_bytes.ts";

/** The `secureStream` of a host. */
export function secureOf(
  makeHost: () => Host,
): (stream: ByteStream, options?: SecureStreamOptions) => Promise<ByteStream> {
  return (stream, options) => {
    const { secureStream } = makeHost();
    assert.ok(secureStream);
    return secureStream(stream, options);
  };
}

/**
 * What one end writes comes back.
 *
 * @param far Without it the other end sends back what comes by itself.
 */
export async function assertEchoes(
  near: ByteStream,
  far?: ByteStream,
  length = 5_000,
): Promise<void> {
  const bytes = saltedBytes(0, length, 9);
  if (far) void echo(far).catch(isError("reset", "connection-lost", "closed"));
  const [echoed] = await Promise.all([readSome(near, length), writeOnce(near, bytes)]);
  assert.deepEqual(echoed, bytes);
}

/** Resolves when a stream has ended, in good order or not. */
export async function ended(stream: ByteStream): Promise<void> {
  await readAll(stream).catch(isError("reset", "connection-lost"));
}
