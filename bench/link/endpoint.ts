/**
 * One end of a bulk transfer over sosistab, on the runtime that runs this:
 *
 * ```text
 * endpoint.ts receive HOST CARRIER                     listens, and says how much has come
 * endpoint.ts send ADDRESS SERVER_KEY CARRIER SHARDS   connects, and writes to one stream
 * ```
 *
 * Both go on until their stdin ends, and then say what it cost.
 *
 * @module
 */
import process from "node:process";
import { connect, listen, type RelConn, type Session } from "../../mod.ts";
import { formatAddress, parseAddress } from "../../src/address.ts";
import { formatHex } from "../../src/bytes.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import { say, Watch } from "./progress.ts";

const CHUNK = 65_536;

/** What the original's acceptor is asked to do, and ours does with any stream. */
const INFO = "watch 1000000000000";

const host = await currentHost();
let session: Session | undefined;
let startedAt = 0;
let usageBefore = process.cpuUsage();
process.stdin.on("end", end).on("error", end).resume();
const [role, where = "", ...rest] = process.argv.slice(2);
if (role === "receive") await receive(where, rest[0]);
else await send(where, ...rest);

async function receive(hostname: string, carrier: string | undefined): Promise<void> {
  const listener = await listen(host, {
    hostname,
    secretKey: new Uint8Array(32).fill(7),
    freshKey: true,
    udp: carrier !== "tcp",
    tcp: carrier === "tcp",
  });
  say({
    event: "listening",
    address: formatAddress(listener.addr),
    public_key: formatHex(listener.publicKey),
  });
  begin(await listener.accept());
  await watch(await session!.multiplex().acceptConn());
}

/** Reads to the end. */
async function watch(conn: RelConn): Promise<void> {
  const into = new Uint8Array(CHUNK);
  const progress = new Watch();
  for (let length = await conn.read(into); length !== null; length = await conn.read(into)) {
    progress.add(length);
  }
}

async function send(address: string, key = "", carrier = "udp", shards = "1"): Promise<void> {
  const to = parseAddress(address);
  if (!to) throw new Error(`cannot send to ${address}`);
  const serverKey = Uint8Array.from(key.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const protocol = carrier === "tcp" ? "tcp" : "udp";
  begin(await connect(host, { ...to, serverKey, protocol, shards: Number(shards) }));
  const conn = await session!.multiplex().openConn(INFO);
  const chunk = new Uint8Array(CHUNK).map((_, i) => i * 31);
  for (;;) await conn.write(chunk);
}

/** From here on the cost is counted. */
function begin(established: Session): void {
  session = established;
  startedAt = performance.now();
  usageBefore = process.cpuUsage();
}

function end(): void {
  if (session) {
    const { user, system } = process.cpuUsage(usageBefore);
    const elapsed = (performance.now() - startedAt) * 1000;
    say({ event: "end", cpu: (user + system) / elapsed, stats: session.multiplex().stats() });
  }
  process.exit(0);
}
