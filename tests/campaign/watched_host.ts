/**
 * A host that is watched: how much its program does, what it leaves behind, and to whom it sends.
 */
import type { SimulatedNode } from "../../src/adapters/sim.ts";
import type { DatagramSocket, Host } from "../../src/host.ts";
import { countedAlarms } from "../support/counted_alarms.ts";
import { ToyX25519 } from "../support/toy_x25519.ts";
import type { Report } from "./stream_ledger.ts";

/**
 * Alarms that may ring in a second of a node that sends and receives next to nothing. With coarse timers
 * a program that runs in circles has one or two thousand of them.
 */
const MOST_IDLE_ALARMS = 300;
const IDLE_DATAGRAMS = 20;

/** Alarms and datagrams in a second of the busiest node, several times over. */
const MOST_WORK = 50_000;

/** What may be sent to an address for each byte that came from there, before it has proved itself. */
const MOST_AMPLIFICATION = 3;

/** What a host's program has done. */
export class HostWatch {
  /** Alarms that are set. */
  alarms = 0;
  readonly #report: Report;
  readonly #name: string;
  #second = -1;
  #rung = 0;
  #datagrams = 0;

  constructor(name: string, report: Report) {
    this.#name = name;
    this.#report = report;
  }

  /** An alarm rings. */
  onAlarm(now: number): void {
    this.#look(now);
    this.#rung++;
  }

  /** A datagram leaves, or has come. */
  onDatagram(now: number): void {
    this.#look(now);
    this.#datagrams++;
  }

  /** Nothing may be left when all is over. */
  checkNone(): void {
    if (this.alarms > 0) this.#report(`${this.#name} has ${this.alarms} alarms left`);
  }

  #look(now: number): void {
    if (this.#rung + this.#datagrams > MOST_WORK) throw new Error(`${this.#name} runs in circles`);
    const second = Math.floor(now / 1_000);
    if (second === this.#second) return;
    if (this.#rung > MOST_IDLE_ALARMS && this.#datagrams < IDLE_DATAGRAMS) {
      this.#report(`${this.#name} runs in circles: ${this.#rung} alarms in a second`);
    }
    [this.#second, this.#rung, this.#datagrams] = [second, 0, 0];
  }
}

/** Who may be sent how much: an address proves itself by an answer to what it was sent. */
export class AmplificationWatch {
  readonly #report: Report;
  readonly #received = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  /** Addresses at which a client has received something, and those that have answered. */
  readonly #reached = new Set<string>();
  readonly #proved = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** A client has connected a byte stream from an address, and so is there. */
  onConnected(hostname: string): void {
    this.#proved.add(hostname);
  }

  /** A client has received something at an address. */
  onReached(hostname: string): void {
    this.#reached.add(hostname);
  }

  /** The server has received so many bytes. */
  onReceived(hostname: string, length: number): void {
    if (this.#proved.has(hostname)) return;
    if (this.#reached.has(hostname)) this.#proved.add(hostname);
    this.#received.set(hostname, (this.#received.get(hostname) ?? 0) + length);
  }

  /** The server sends so many. */
  onSent(hostname: string, length: number): void {
    if (this.#proved.has(hostname)) return;
    const sent = (this.#sent.get(hostname) ?? 0) + length;
    const received = this.#received.get(hostname) ?? 0;
    this.#sent.set(hostname, sent);
    if (sent > MOST_AMPLIFICATION * received) {
      this.#report(`the server has sent ${sent} bytes to ${hostname} for ${received}`);
    }
  }
}

/** What is told of a host's traffic: before a datagram leaves, before one is handed over, after it connects. */
export interface TrafficWatch {
  onConnected?(): void;
  onSent?(hostname: string, length: number): void;
  onReceived?(hostname: string, length: number): void;
}

/** The node as a host whose program is watched. */
export function watchedHost(
  node: SimulatedNode,
  watch: HostWatch,
  traffic: TrafficWatch,
  isReal: boolean,
): Host {
  const alarmHost: Host = {
    ...node,
    setAlarm: (at, wake) =>
      node.setAlarm(at, () => {
        watch.onAlarm(node.now());
        wake();
      }),
  };
  return {
    ...node,
    ...(isReal ? {} : { x25519: new ToyX25519(node.random) }),
    setAlarm: countedAlarms(alarmHost, (change) => void (watch.alarms += change)),
    connectStream: async (address, options) => {
      const stream = await node.connectStream(address, options);
      traffic.onConnected?.();
      return stream;
    },
    bindDatagram: async (address, handler): Promise<DatagramSocket> => {
      const socket = await node.bindDatagram(address, {
        onDatagram: (datagram, from) => {
          watch.onDatagram(node.now());
          traffic.onReceived?.(from.hostname, datagram.length);
          handler.onDatagram(datagram, from);
        },
        onError: (error) => handler.onError(error),
      });
      return {
        addr: socket.addr,
        send: (datagram, to) => {
          watch.onDatagram(node.now());
          traffic.onSent?.(to.hostname, datagram.length);
          return socket.send(datagram, to);
        },
        close: () => socket.close(),
      };
    },
  };
}
