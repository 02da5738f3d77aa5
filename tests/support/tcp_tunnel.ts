/**
 * A TCP service, what talks to it, and the tunnel of two programs between them.
 */
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Program, Workbench } from "./cli_program.ts";

/** A TCP service that answers with what it was sent, once all of that has come. */
export function tardyEcho(socket: Socket): void {
  const chunks: Uint8Array[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("end", () => socket.end(Buffer.concat(chunks)));
  socket.on("error", () => {});
}

/** Opens a TCP service on loopback. */
export async function serve(
  onSocket: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  const server = createServer({ allowHalfOpen: true }, onSocket);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === "object");
  return { server, port: bound.port };
}

/** Sends bytes and the end to a TCP port, and collects the answer to its end. */
export function exchange(port: number, bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const chunks: Uint8Array[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => resolve(new Uint8Array(Buffer.concat(chunks))));
    socket.on("error", reject);
    socket.end(bytes);
  });
}

/** A tunnel to a TCP port: both programs, with more options if there are any, and the local port. */
export async function tunnel(
  bench: Workbench,
  target: number,
  options: readonly string[] = [],
): Promise<{ server: Program; client: Program; port: number }> {
  const to = `127.0.0.1:${target}`;
  const server = bench.start(["listen", "127.0.0.1:0", "--to", to, "--json", ...options]);
  const { url } = await server.event("listening");
  const client = bench.start(["connect", String(url), "-L", "0", "--json", ...options]);
  const { address } = await client.event("listening");
  return { server, client, port: Number(String(address).split(":").at(-1)) };
}
