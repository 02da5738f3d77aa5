/**
 * `src/porting.md` says what stands for each item of the Rust crate, and what proves it: here it is held
 * to its word.
 *
 * @module
 */
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const exists = (path: string) => existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url)));

/** Without its samples. */
const PORTING = read("src/porting.md").replace(/^```[^]*?^```$/gm, "");

/** What release 0.5.43 exports, fields and methods included. */
const ITEMS = `
  Buff Buff::new Buff::slice Buff::copy_from_slice BuffMut BuffMut::new BuffMut::freeze
  BuffMut::copy_from_slice
  ClientConfig ClientConfig::new ClientConfig::server_addr ClientConfig::server_pk ClientConfig::gather
  ClientConfig::protocol ClientConfig::shard_count ClientConfig::reset_interval connect
  Protocol::DirectTcp Protocol::DirectTls Protocol::ProxiedTcp Protocol::DirectUdp Connector
  connect_udp connect_tcp
  Listener::listen_udp Listener::listen_tcp Listener::accept_session Listener::local_addr
  Listener::listener_stats on_recv on_send
  ListenerStats::packets_processed ListenerStats::packets_failed ListenerStats::packets_replay
  ListenerStats::injecting handshaking ListenerStats::sessions_queued
  Session::send_bytes Session::recv_bytes Session::multiplex Session::on_drop SessionError::SessionDropped
  Multiplex::new Multiplex::send_urel Multiplex::recv_urel Multiplex::try_recv_urel
  Multiplex::replace_session Multiplex::open_conn Multiplex::accept_conn
  RelConn RelConn::additional_info RelConn::shutdown RelConn::clone AsyncRead AsyncWrite MSS
  init_packet_tracing pkt_trace PktTraceCtx::new_random PktTraceCtx::trace_pkt runtime
  MinQueue new len push_back pop_front peek_front min EmaCalculator::new EmaCalculator::new_unset EmaCalculator::update EmaCalculator::inverse_cdf
  EmaCalculator::mean
  StatsGatherer::default StatsGatherer::new_active StatsGatherer::update StatsGatherer::increment
  StatsGatherer::get_last StatsGatherer::get_timeseries StatsGatherer::iter
  TimeSeries::new TimeSeries::push TimeSeries::increment TimeSeries::iter TimeSeries::after
  TimeSeries::get TimeSeries::earliest
  SOSISTAB_NO_FEC SOSISTAB_NO_OOB SOSISTAB_UNFAIR_CC
`.trim().split(/\s+/);

/** Where our public names are declared. */
const DECLARATIONS = [
  "src/address.ts",
  "src/errors.ts",
  "src/host.ts",
  "src/net/contract.ts",
  "src/net/listen_contract.ts",
  "src/stats/ema.ts",
  "src/stats/gatherer.ts",
  "src/stats/time_series.ts",
  "src/transport/connector.ts",
  "src/transport/http_connector.ts",
  "src/transport/socks5_connector.ts",
  "src/net/client.ts",
  "src/net/listener.ts",
  "src/net/trace_packets.ts",
].map(read).join("\n");

/** What a line of code holds besides names of ours: the language, the platform, and variables. */
const OTHER_WORDS = `
  Promise Uint8Array await boolean bytes chunk const for false from into listener mux name new of
  series session slice stats subarray using then to true udp conn ema closure s
`.trim().split(/\s+/);

/** A table's rows, each with its cells; heads and rules left out. */
const ROWS = PORTING.split("\n").filter((line) => line.startsWith("| `"))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));

const codeIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");

test("src/porting.md has every public item of the crate", () => {
  const known = codeIn(PORTING).join(" ");
  const missing = ITEMS.filter((item) => !new RegExp(`(?<![\\w:])${item}\\b`).test(known));
  assert.deepEqual(missing, []);
  assert.ok(ROWS.length > 60, `${ROWS.length} rows`);
});

test("src/porting.md names nothing of ours that is not there", () => {
  const unknown = ROWS.flatMap(([, here = ""]) => codeIn(here)).flatMap((code) =>
    [...code.replace(/"[^"]*"/g, "").matchAll(/(?<!\w)[A-Za-z]\w*/g)].map(([word]) => word)
  ).filter((word) => !OTHER_WORDS.includes(word))
    .filter((word) => !new RegExp(`\\b${word}\\b`).test(DECLARATIONS));
  assert.deepEqual(unknown, []);
});

/** A citation: a file of tests, and the names of some of them; "…" stands for what is left out. */
const CITATION = /`([a-z]+\/[a-z0-9_]+)`((?:[:,] "[^"]+")*)/g;

/** Whether a title stands in a file of tests; what it says of the case may follow behind a comma. */
function hasTitle(file: string, title: string): boolean {
  const parts = title.split(/ ?… ?/).map((part) => part.replace(/[^\w\s]/g, "\\$&"));
  return new RegExp(`["'\`]${parts.join("[^\\n]*")}["'\`,]`).test(file);
}

test("src/porting.md names tests that are there, by their own names", () => {
  let count = 0;
  for (const [, file = "", names = ""] of PORTING.replace(/\s+/g, " ").matchAll(CITATION)) {
    const path = [`tests/${file}_test.ts`, `tests/${file}.ts`].find(exists);
    assert.ok(path !== undefined, `no test file ${file}`);
    for (const [, name = ""] of names.matchAll(/"([^"]+)"/g)) {
      assert.ok(name.replace("…", "").length > 15, `"${name}" could be anything`);
      assert.ok(hasTitle(read(path), name), `${path} has no test "${name}"`);
      count++;
    }
  }
  assert.ok(count > 100, `${count} names`);
});

test("src/porting.md has a test for every item that something stands for", () => {
  const unproven = ROWS.filter(([, here = "", proof = ""]) =>
    !here.startsWith("none") && !/`[a-z]+\/[a-z0-9_]+`: "/.test(proof)
  );
  assert.deepEqual(unproven.map(([item]) => item), []);
});
