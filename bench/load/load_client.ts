/**
 * Clients of the load tests: `load_client.ts NUMBER`. Processes with other numbers have other addresses.
 *
 * Orders:
 *
 * ```text
 * open          `count` sessions to `port`, `atOnce` at the same time; how many are `open`
 * knock         the same for strangers, who are to be refused: how many were `greeted`, packets `heard`
 * ping          a message of each session within `limit`: `answered`, `took`, `repeats`
 * openStreams   `each` of every session; how many are `open`
 * echo          `length` bytes over each of them: how many came `right`, `took`
 * churn         `count` streams, `atOnce` of a session, `length` bytes: `done`, `failed`, `hung`, `collisions`
 * datagrams     `rate` a second for `seconds`, `length` bytes each, over a session of its own
 * order         `count` messages: how far one was overtaken at the most
 * counts        frames `sent` by all sessions, segments `lost` by them, and datagrams `dropped` here
 * cpu           processor time since it began, ms
 * report        what it costs, with all garbage gone
 * close         ends the sessions
 * ```
 *
 * @module
 */
import process from "node:process";
import { connect, publicKeyOf, type RelConn } from "../../mod.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import { say } from "../link/progress.ts";
import { sendAtRate } from "./datagram_load.ts";
import { Flock, type FlockOptions } from "./flock.ts";
import { processorTime, takeFootprint } from "./footprint.ts";
import { messageOrder } from "./message_order.ts";
import { type Settings, takeOrders } from "./orders.ts";
import { churn, echoOverAll, openStreams } from "./stream_load.ts";

/** Addresses of one process: more than it may open files. */
const ADDRESSES = 65_536;

const host = await currentHost();
const flock = new Flock(host, Number(process.argv[2] ?? 0) * ADDRESSES);
let conns: RelConn[] = [];
say({ event: "ready" });

takeOrders({
  open: async (settings) => ({ open: await flock.open(flockOptions(settings)) }),
  knock: (settings) => flock.knock(flockOptions(settings)),
  ping: ({ limit }) => flock.ping(Number(limit)),
  openStreams: async ({ each }) => {
    conns = await openStreams(flock.members, Number(each));
    return { open: conns.length };
  },
  echo: ({ length }) => echoOverAll(conns, Number(length)),
  churn: ({ count, atOnce, length }) =>
    churn(flock.members, Number(count), Number(atOnce), Number(length)),
  datagrams: async ({ port, rate, seconds, length }) => {
    const serverKey = publicKeyOf(new Uint8Array(32).fill(7));
    const session = await connect(host, { hostname: "127.0.0.1", port: Number(port), serverKey });
    const result = await sendAtRate(session, Number(rate), Number(seconds), Number(length));
    await session.close();
    return result;
  },
  order: ({ count }) => messageOrder(flock.members[0]!, Number(count)),
  counts: () => {
    const counts = { sent: 0, lost: 0, dropped: 0 };
    for (const mux of flock.members) {
      const { framesSent, lost, sendsDropped } = mux.stats();
      counts.sent += framesSent;
      counts.lost += lost;
      counts.dropped += sendsDropped;
    }
    return counts;
  },
  cpu: () => ({ cpu: processorTime() }),
  report: () => takeFootprint(),
  close: () => flock.close(),
}, () => flock.close());

function flockOptions(settings: Settings): FlockOptions {
  const { port, count, atOnce, protocol, shards, timeout } = settings;
  return {
    port: Number(port),
    count: Number(count),
    atOnce: Number(atOnce ?? 1),
    ...(protocol === "tcp" || protocol === "udp" ? { protocol } : {}),
    ...(shards === undefined ? {} : { shards: Number(shards) }),
    ...(timeout === undefined ? {} : { timeout: Number(timeout) }),
  };
}
