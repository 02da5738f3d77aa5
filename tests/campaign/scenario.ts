/**
 * What a run of the campaign is made of: drawn from a seed, and told in words.
 *
 * Each scenario takes a few kinds of faults and no others. So an error that none of them explains is
 * seen, which would hide among all of them.
 */
import type { LinkConditions } from "../../src/adapters/sim.ts";
import { Draw } from "../fuzz/draw.ts";
import { drawFaults, type Fault, FAULT_KINDS, type FaultKind } from "./faults.ts";

/** How long things go wrong, ms; after that nothing does, and everything has to come to an end. */
export const TROUBLE = 45_000;

/** What travels over what. */
export type Protocol = "udp" | "tcp" | "auto";

/** One client of the server. */
export interface ClientPlan {
  readonly protocol: Protocol;
  readonly shards: number;
  /** Sessions for streams, and sessions for bare datagrams. */
  readonly multiplexes: number;
  readonly datagramSessions: number;
  readonly deadAfter: number;
  readonly idleTimeout: number;
  /** How long it uses one set of keys, ms and packets. */
  readonly keyLimits: { readonly age: number; readonly packets: number };
  /** Of its path, in both directions. */
  readonly path: LinkConditions;
}

/** One run. */
export interface Scenario {
  readonly seed: number;
  readonly crypto: "none" | "real";
  readonly clients: readonly ClientPlan[];
  /** Whether listeners have a replay store, and so know after a restart what they answered. */
  readonly hasReplayStore: boolean;
  /** Of the server's ends. */
  readonly serverDeadAfter: number;
  readonly serverIdleTimeout: number;
  /** How long listeners that close give streams to finish, ms. */
  readonly drain: number;
  /** Streams that the server takes of one session, and bytes that it holds of one. */
  readonly perSession: { readonly streams: number; readonly bytes: number };
  /** Bytes that all writers together may write. */
  readonly budget: number;
  readonly faults: readonly Fault[];
}

/** One in so many scenarios encrypts, and shakes hands as in earnest: it takes several times as long. */
const REAL_CRYPTO = 16;

/** Limits of silence that are drawn, ms. */
const DEAD_AFTER = [5_000, 10_000, 30_000];
const IDLE_TIMEOUT = [20_000, 60_000, 600_000];

/** Limits of keys that are as good as none, ms and packets. */
const A_DAY = 86_400_000;
const A_LOT = 2 ** 31;

/** The scenario of a seed. */
export function drawScenario(seed: number): Scenario {
  const draw = new Draw(seed);
  const clients = Array.from({ length: draw.of([1, 1, 1, 2, 2, 3]) }, () => drawClient(draw));
  const kinds = new Set<FaultKind>();
  for (let left = draw.of([0, 1, 2, 3, 4, 6, 9]); left > 0; left--) {
    kinds.add(draw.of(FAULT_KINDS));
  }
  return {
    seed,
    crypto: draw.happens(1 / REAL_CRYPTO) ? "real" : "none",
    clients,
    hasReplayStore: draw.happens(0.5),
    serverDeadAfter: draw.of(DEAD_AFTER),
    serverIdleTimeout: draw.of(IDLE_TIMEOUT),
    drain: draw.of([0, 0, 300, 3_000]),
    perSession: { streams: draw.of([3, 1_024]), bytes: draw.of([100_000, 33_554_432]) },
    budget: Math.round(20_000 * 40 ** (draw.between(0, 100) / 100)),
    faults: drawFaults(draw, [...kinds], clients.length, TROUBLE),
  };
}

function drawClient(draw: Draw): ClientPlan {
  const protocol = draw.of<Protocol>(["udp", "udp", "udp", "tcp", "auto"]);
  return {
    protocol,
    shards: draw.of([1, 1, 2, 4]),
    multiplexes: draw.of([1, 1, 1, 2]),
    datagramSessions: draw.of([0, 0, 1]),
    deadAfter: draw.of(DEAD_AFTER),
    idleTimeout: draw.of(IDLE_TIMEOUT),
    keyLimits: { age: draw.of([2_000, 15_000, A_DAY]), packets: draw.of([100, 2_000, A_LOT]) },
    path: {
      delay: draw.of([0, 1, 10, 40, 150]),
      rate: draw.of([1, 5, 20, Infinity]),
      queue: draw.of([20, 100, 1_000]),
    },
  };
}

/** The scenario in words, a line each. */
export function describeScenario(scenario: Scenario): string {
  const { seed, crypto, clients, hasReplayStore, budget, faults } = scenario;
  const { serverDeadAfter, serverIdleTimeout, drain, perSession } = scenario;
  const lines = [
    `scenario ${seed}: ${crypto === "real" ? "encrypted" : "not encrypted"}, ${
      hasReplayStore ? "with" : "without"
    } a replay store, up to ${budget} bytes are written; the server takes clients for dead after ${serverDeadAfter} ms, ` +
    `for idle after ${serverIdleTimeout} ms, drains for ${drain} ms, and takes ${perSession.streams} ` +
    `streams and ${perSession.bytes} bytes of one`,
    ...clients.map(({ path, ...plan }, i) =>
      `client ${i}: ${plan.protocol}, ${plan.shards} shards, ${plan.multiplexes} multiplexes, ` +
      `${plan.datagramSessions} sessions of datagrams, dead after ${plan.deadAfter} ms, idle after ` +
      `${plan.idleTimeout} ms, keys of ${plan.keyLimits.age} ms and ${plan.keyLimits.packets} packets; delay ${path.delay} ms, ${path.rate} Mbit/s, queue ${path.queue}`
    ),
    ...faults.map(({ kind, client, at, length, amount }) =>
      `${at} ms: ${kind} for ${length} ms, client ${client}, strength ${amount.toFixed(2)}`
    ),
  ];
  return lines.join("\n");
}
