/**
 * The crate's own benchmark, `sosisbench`, ported: a server that streams buffers of 16 KiB to whoever
 * opens a stream, and a client that reads them and tells how fast they come.
 *
 * ```text
 * sosisbench.ts server --listen ADDRESS                          over UDP and TCP at that port
 * sosisbench.ts client --connect ADDRESS [--use-tcp] [--seconds N]
 * sosisbench.ts selftest [--use-tcp] [--seconds N]               both, in one process
 * ```
 *
 * It runs on Deno (`deno run -A bench/sosisbench.ts`), Bun and Node. The client stops after 100,000
 * buffers, as the original's does, or after `--seconds`. Either end talks to the original's other end:
 * the key is the same. What differs: the original's server ends when it has accepted its second
 * session; its client prints a line for every ten buffers, this one a line a second and one at the end.
 * Its `flood`, which opens sessions for ever, is left out. `src/porting.md` maps the calls.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import {
  type Address,
  connect,
  formatAddress,
  listen,
  type Listener,
  parseAddress,
  parseKey,
  type RelConn,
  type Session,
} from "../mod.ts";
import { loadHost } from "../src/cli/host.ts";

// Protocol constants.

/** What the original draws from a generator seeded with 0: as secret as its source. */
const SNAKEOIL_KEY = parseKey("na5zvj3h66c3kn6a3c5f7jkgo7tknyubgig7xmt4rcny7jdam5hq")!;
const SNAKEOIL_PUBLIC_KEY = parseKey("opkpoysantsf53ipfotouui2ex2u4x4upvib2346ec4us6tza5rq")!;

const BUFFER = 16_384;
const BUFFERS = 100_000;

/** The original's MB. Its Mbps are eight of them a second. */
const MEGABYTE = 1_048_576;

// Tuning.

/** How often the client tells how far it is, s: a line for ten buffers is thousands a second. */
const REPORT_INTERVAL = 1;

/** What is asked of a client. */
interface ClientOptions {
  readonly useTcp: boolean;
  /** How long it reads at the most. */
  readonly seconds: number;
}

const host = await loadHost();
process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const { positionals: [role], values } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        listen: { type: "string" },
        connect: { type: "string" },
        "use-tcp": { type: "boolean", default: false },
        seconds: { type: "string" },
      },
    });
    const options = { useTcp: values["use-tcp"] ?? false, seconds: readSeconds(values.seconds) };
    if (role === "server") await serve(await open(readAddress("listen", values.listen)));
    else if (role === "client") await download(readAddress("connect", values.connect), options);
    else if (role === "selftest") await selfTest(options);
    else throw new Error("the role must be server, client or selftest");
    return 0;
  } catch (error) {
    console.error(`sosisbench: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

async function selfTest(options: ClientOptions): Promise<void> {
  const listener = await open({ hostname: "127.0.0.1", port: 0 });
  const serving = serve(listener);
  try {
    await download(listener.addr, options);
  } finally {
    await listener.close();
  }
  await serving;
}

async function open(address: Address): Promise<Listener> {
  const listener = await listen(host, {
    ...address,
    secretKey: SNAKEOIL_KEY,
    freshKey: true,
    tcp: true,
  });
  console.error(`listening at ${formatAddress(listener.addr)}`);
  return listener;
}

async function serve(listener: Listener): Promise<void> {
  let count = 0;
  for await (const session of listener) {
    console.error(`accepted session ${++count}`);
    void serveSession(session, count);
  }
}

async function serveSession(session: Session, count: number): Promise<void> {
  for await (const conn of session.multiplex()) {
    console.error(`accepted connection for session ${count}`);
    // A client that has enough cuts its stream, which ends this one and nothing else.
    void stream(conn).catch(() => {});
  }
}

async function stream(conn: RelConn): Promise<void> {
  const buffer = new Uint8Array(BUFFER);
  for (let i = 0; i < BUFFERS; i++) await conn.write(buffer);
  await conn.close();
}

async function download(server: Address, { useTcp, seconds }: ClientOptions): Promise<void> {
  let start = performance.now();
  const since = (): number => (performance.now() - start) / 1000;
  const session = await connect(host, {
    ...server,
    serverKey: SNAKEOIL_PUBLIC_KEY,
    protocol: useTcp ? "tcp" : "udp",
  });
  try {
    console.error(`Session established in ${(since() * 1000).toFixed(1)} ms`);
    start = performance.now();
    const conn = await session.multiplex().openConn();
    console.error(`RelConn established in ${(since() * 1000).toFixed(1)} ms`);
    const buffer = new Uint8Array(BUFFER);
    start = performance.now();
    let reportAt = REPORT_INTERVAL;
    for (let buffers = 1; buffers <= BUFFERS; buffers++) {
      await readExactly(conn, buffer);
      const isLast = buffers === BUFFERS || since() >= seconds;
      if (isLast || since() >= reportAt) {
        report(buffers * BUFFER / MEGABYTE, since());
        reportAt += REPORT_INTERVAL;
      }
      if (isLast) {
        console.error(`got ${buffers} buffers`);
        break;
      }
    }
  } finally {
    await session.close();
  }
}

/** `read_exact` of Rust. */
async function readExactly(conn: RelConn, into: Uint8Array): Promise<void> {
  for (let at = 0; at < into.length;) {
    const length = await conn.read(into.subarray(at));
    if (length === null) throw new Error("the stream has ended early");
    at += length;
  }
}

function report(megabytes: number, seconds: number): void {
  const speed = megabytes / seconds;
  const rate = `${(speed * 8).toFixed(2)} Mbps, ${speed.toFixed(3)} MB/s`;
  console.error(
    `downloaded ${megabytes.toFixed(2)} MB in ${seconds.toFixed(2)} secs (${rate})`,
  );
}

function readAddress(option: string, text: string | undefined): Address {
  const address = text === undefined ? undefined : parseAddress(text);
  if (address === undefined) throw new Error(`--${option} must be HOST:PORT`);
  return address;
}

function readSeconds(text: string | undefined): number {
  const seconds = text === undefined ? Infinity : Number(text);
  if (!(seconds > 0)) throw new Error(`--seconds must be a number above 0, got "${text}"`);
  return seconds;
}
