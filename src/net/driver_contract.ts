/**
 * What the driver of a session is made of, and what it tells. Types only.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import type { Host } from "../host.ts";
import type { RttEstimator } from "../mux/rtt.ts";
import type { Random } from "../random.ts";
import type { SessionMachine } from "../session/machine.ts";
import type { StatsGatherer } from "../stats/gatherer.ts";
import type { Closure, DatagramRepairOptions, SessionLimits } from "./contract.ts";
import type { SessionPath } from "./session_path.ts";

/** What a driver tells. Called synchronously. */
export interface DriverObserver {
  /** A body has come, and no multiplex takes it. Borrowed until the call returns. */
  onBody(body: Uint8Array): void;
  /** The session has ended, for the first and last time. */
  onEnd(closure: Closure): void;
}

/** A session and the way of its packets. */
export interface Association {
  readonly session: SessionMachine;
  readonly path: SessionPath;
}

/** Parts of a driver. */
export interface DriverOptions {
  readonly host: Host;
  readonly role: "client" | "server";
  readonly random: Random;
  readonly rtt: RttEstimator;
  /** How long the session may be silent, ms. */
  readonly idleTimeout: number;
  /** How datagrams that are lost are repaired. */
  readonly repair: DatagramRepairOptions | false;
  /** Leads the way of another session, which is taken over, to this one. By default it is taken as it is. */
  readonly inherit?: (name: Uint8Array) => SessionPath | undefined;
  /** What the other end may cost. */
  readonly limits?: SessionLimits | undefined;
  /** What this session and others may hold together; by default all that run on the host. */
  readonly memory?: ByteBudget;
  /** Where figures go. */
  readonly stats?: StatsGatherer | undefined;
}
