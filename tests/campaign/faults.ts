/**
 * What can go wrong around the programs, and how it is done.
 */
import type { Link, LinkConditions, SimulatedNode } from "../../src/adapters/sim.ts";
import type { Draw } from "../fuzz/draw.ts";

/** What a fault may explain: that nothing comes through, or that a clock is wrong. */
export type Effect = "silence" | "clock" | "damage";

/** What a fault is done to. */
export interface FaultTarget {
  readonly client: SimulatedNode;
  /** Its path when nothing is wrong. */
  readonly path: LinkConditions;
  readonly server: SimulatedNode;
  /** The client's path in both directions, and what datagrams alone go through. */
  readonly links: readonly Link[];
  readonly throttles: readonly Link[];
  /** An event loop stands still for so many ms: nobody can be in time. */
  onStall(length: number): void;
  /** Ends the listeners, and makes new ones after so many ms. */
  restart(isKilled: boolean, length: number): void;
}

/**
 * How far a clock may be set, seconds from one extreme to the other: three such steps at once stay within
 * the hour that a client finds, and a minute or two of what a server takes.
 */
const MOST_CLOCK_STEP = 2_300;
const MOST_SERVER_CLOCK_STEP = 60;

/** How long a server is away, ms: several restarts come one after the other. */
const MOST_ABSENCE = 5_000;

/** How long an event loop stands still at the most, ms. */
const MOST_STALL = 4_000;

interface FaultDefinition {
  readonly effect: Effect;
  /** Begins it; what is returned ends it. */
  begin(target: FaultTarget, amount: number, length: number): (() => void) | void;
}

/** Conditions that hold for a while. */
function conditions(effect: Effect, of: (amount: number) => LinkConditions): FaultDefinition {
  return { effect, begin: ({ links, path }, amount) => change(links, of(amount), path) };
}

/** @param usual Of the links when nothing is wrong. */
function change(
  links: readonly Link[],
  wanted: LinkConditions,
  usual: LinkConditions = {},
): () => void {
  for (const link of links) link.change(wanted);
  const names = Object.keys(wanted) as (keyof LinkConditions)[];
  const restored = Object.fromEntries(names.map((name) => [name, usual[name]]));
  return () => links.forEach((link) => link.change(restored));
}

function sockets(kind: "EMFILE" | "ENOBUFS" | "EPERM" | "ECONNREFUSED"): FaultDefinition {
  return {
    effect: "silence",
    begin({ client, server }, amount) {
      const node = amount < 0.5 ? client : server;
      node.failSockets(kind);
      return () => node.failSockets();
    },
  };
}

/** It is set, and set right again later. */
function stepClock(node: SimulatedNode, seconds: number): () => void {
  node.stepWallClock(seconds);
  return () => node.stepWallClock(-seconds);
}

function stall(node: SimulatedNode, length: number, onStall: FaultTarget["onStall"]): void {
  const time = Math.min(length, MOST_STALL);
  node.stall(time);
  onStall(time);
}

/** All faults. Amounts are from 0 to 1, times in ms. */
const FAULTS = {
  "loss": conditions("silence", (amount) => ({ loss: amount * 0.6 })),
  "bursts of losses": conditions("silence", (amount) => ({
    loss: amount * 0.4,
    burst: 2 + 20 * amount,
  })),
  "jitter": conditions("damage", (amount) => ({ jitter: amount * 200, keepsOrder: amount < 0.5 })),
  "reordering": conditions("damage", (amount) => ({ reorder: amount, reorderDelay: 500 * amount })),
  "duplication": conditions("damage", (amount) => ({ duplicate: amount })),
  "corruption": conditions("silence", (amount) => ({ corrupt: amount * 0.5 })),
  "clumps": conditions("damage", (amount) => ({ clump: amount * 60 })),
  "a slow bottleneck": conditions("silence", (amount) => ({ rate: 0.1 + amount, queue: 30 })),
  "a short queue": conditions("damage", (amount) => ({ queue: 2 + Math.floor(10 * amount) })),
  "CoDel": conditions("damage", () => ({ discipline: "codel", rate: 2 })),
  "a small MTU": conditions("silence", (amount) => ({ mtu: 600 + Math.floor(800 * amount) })),
  "a blackout": conditions("silence", () => ({ isDown: true })),
  "a blackout of one direction": {
    effect: "silence",
    begin: ({ links, path }, amount) =>
      change([links[amount < 0.5 ? 0 : 1]!], { isDown: true }, path),
  },
  "a NAT that forgets": { effect: "silence", begin: ({ client }) => client.rebind() },
  "another network": { effect: "silence", begin: ({ client }) => client.roam() },
  "a client's event loop that stands still": {
    effect: "silence",
    begin: ({ client, onStall }, _, length) => stall(client, length, onStall),
  },
  "a server's event loop that stands still": {
    effect: "silence",
    begin: ({ server, onStall }, _, length) => stall(server, length, onStall),
  },
  "a client's wall clock that is set": {
    effect: "clock",
    begin: ({ client }, amount) => stepClock(client, (amount - 0.5) * MOST_CLOCK_STEP),
  },
  "a server's wall clock that is set": {
    effect: "clock",
    begin: ({ server }, amount) => stepClock(server, (amount - 0.5) * MOST_SERVER_CLOCK_STEP),
  },
  "a server that is restarted": {
    effect: "silence",
    begin: ({ restart }, _, length) => restart(false, Math.min(length, MOST_ABSENCE)),
  },
  "a server that is killed": {
    effect: "silence",
    begin: ({ restart }, _, length) => restart(true, Math.min(length, MOST_ABSENCE)),
  },
  "byte streams that are cut": { effect: "silence", begin: ({ client }) => client.cutStreams() },
  "UDP that is blocked": {
    effect: "silence",
    begin: ({ throttles }) => change(throttles, { blocksDatagrams: true }),
  },
  "UDP that is throttled": {
    effect: "silence",
    begin: ({ throttles }, amount) => change(throttles, { rate: 0.05 + amount / 2, queue: 20 }),
  },
  "no file descriptor (EMFILE)": sockets("EMFILE"),
  "no buffer for packets (ENOBUFS)": sockets("ENOBUFS"),
  "a firewall of the machine (EPERM)": sockets("EPERM"),
  "ICMP answers (ECONNREFUSED)": sockets("ECONNREFUSED"),
} satisfies Record<string, FaultDefinition>;

/** What can go wrong. */
export type FaultKind = keyof typeof FAULTS;

/** All kinds, in a fixed order. */
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** Something that goes wrong. Times in ms. */
export interface Fault {
  readonly kind: FaultKind;
  /** Whose path, or machine. */
  readonly client: number;
  readonly at: number;
  readonly length: number;
  /** From 0 to 1. */
  readonly amount: number;
}

/** Draws when the faults of some kinds happen, each up to three times. */
export function drawFaults(
  draw: Draw,
  kinds: readonly FaultKind[],
  clients: number,
  until: number,
): Fault[] {
  const faults: Fault[] = [];
  for (const kind of kinds) {
    for (let left = draw.of([1, 1, 2, 3]); left > 0; left--) {
      const length = draw.of([50, 500, 2_000, 5_000, 12_000, 35_000]);
      const at = draw.between(0, Math.max(0, until - length));
      const client = draw.between(0, clients - 1);
      faults.push({ kind, client, at, length, amount: draw.between(0, 1_000) / 1_000 });
    }
  }
  return faults.sort((a, b) => a.at - b.at);
}

/** What it may explain. */
export function effectOf(kind: FaultKind): Effect {
  return FAULTS[kind].effect;
}

/** Lets it begin; what is returned ends it. */
export function beginFault({ kind, amount, length }: Fault, target: FaultTarget): () => void {
  const definition: FaultDefinition = FAULTS[kind];
  return definition.begin(target, amount, length) ?? (() => {});
}
