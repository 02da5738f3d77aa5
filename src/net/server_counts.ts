/**
 * What a listener counts of what comes; `ListenerStats` says what each number means.
 *
 * @module
 */
import type { ListenerStats, PacketDrops } from "./listen_contract.ts";

type Counted =
  | "packetsProcessed"
  | "packetsFailed"
  | "packetsReplayed"
  | "faults"
  | "handshakes"
  | "droppedByHandshakeShare"
  | "droppedBySourceRate"
  | "droppedByOnHello"
  | "droppedByCandidateLimit"
  | "droppedBySessionLimit"
  | "droppedByBacklog"
  | "sendsDropped";

type Writable<T> = { -readonly [name in keyof T]: T[name] };

/** The counters of one listener's sessions. */
export interface ServerCounts extends Writable<Pick<ListenerStats, Counted>> {
  readonly packetDrops: Writable<PacketDrops>;
}

/** Counters that all stand at 0. */
export function createServerCounts(): ServerCounts {
  return {
    packetsProcessed: 0,
    packetsFailed: 0,
    packetDrops: { length: 0, unopened: 0, frame: 0, key: 0, token: 0 },
    packetsReplayed: 0,
    faults: 0,
    handshakes: 0,
    droppedByHandshakeShare: 0,
    droppedBySourceRate: 0,
    droppedByOnHello: 0,
    droppedByCandidateLimit: 0,
    droppedBySessionLimit: 0,
    droppedByBacklog: 0,
    sendsDropped: 0,
  };
}
