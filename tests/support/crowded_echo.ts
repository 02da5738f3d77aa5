/**
 * A program that opens many streams of many sessions, and when all are open has all of them echoed, both
 * ends in one process: told how many sessions, how many streams of each, and how many bytes of each.
 *
 * It prints "N of M good", and what the process has held at the most.
 */
import process from "node:process";
import { connect, listen, type Multiplex, type RelConn } from "../../mod.ts";
import { equalBytes } from "../../src/bytes.ts";
import { currentHost } from "./current_host.ts";
import { saltedBytes } from "./salted_bytes.ts";

const [sessions = 1, streams = 1, length = 1] = process.argv.slice(2).map(Number);

const host = await currentHost();
const secretKey = new Uint8Array(32).fill(3);
const listener = await listen(host, {
  hostname: "127.0.0.1",
  secretKey,
  freshKey: true,
  limits: { handshakeShare: 1 },
});

async function echo(conn: RelConn): Promise<void> {
  const into = new Uint8Array(4_096);
  for (let count = await conn.read(into); count !== null; count = await conn.read(into)) {
    await conn.write(into.slice(0, count));
  }
  conn.closeWrite();
}

async function serve(mux: Multiplex): Promise<void> {
  for await (const conn of mux) void echo(conn).catch(() => {});
}

void (async () => {
  for await (const session of listener) void serve(session.multiplex());
})();

/** Whether what comes back is what was sent. */
async function ask(conn: RelConn, salt: number): Promise<boolean> {
  const sent = saltedBytes(0, length, salt);
  void conn.write(sent).then(() => conn.closeWrite());
  const got = new Uint8Array(length + 1);
  let at = 0;
  for (let count; (count = await conn.read(got.subarray(at))) !== null;) at += count;
  return equalBytes(got.subarray(0, at), sent);
}

const { hostname, port } = listener.addr;
const serverKey = listener.publicKey;
const conns: RelConn[] = [];
for (let i = 0; i < sessions; i++) {
  const mux = (await connect(host, { hostname, port, serverKey })).multiplex();
  conns.push(...await Promise.all(Array.from({ length: streams }, () => mux.openConn())));
}
const answers = await Promise.all(conns.map((conn, salt) => ask(conn, salt)));
const good = answers.filter((isGood) => isGood).length;
console.log(`${good} of ${sessions * streams} good`);
console.log(`${Math.round(process.resourceUsage().maxRSS / 1024)} MB at the most`);
process.exit(0);
