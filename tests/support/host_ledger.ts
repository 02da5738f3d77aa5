/**
 * A host that keeps a ledger of what it hands out.
 *
 * @module
 */
import type { Host } from "../../src/host.ts";
import { countedAlarms } from "./counted_alarms.ts";

/** What is open now. */
export interface HostLedger {
  /** Datagram sockets. */
  sockets: number;
  /** Alarms that are set and have not rung. */
  alarms: number;
}

/** The same host, and what is open of it. */
export function withLedger(host: Host): { host: Host; ledger: HostLedger } {
  const ledger: HostLedger = { sockets: 0, alarms: 0 };
  const counting: Host = {
    ...host,
    setAlarm: countedAlarms(host, (change) => void (ledger.alarms += change)),
    async bindDatagram(address, handler) {
      const socket = await host.bindDatagram(address, handler);
      let isOpen = true;
      ledger.sockets++;
      return {
        addr: socket.addr,
        ...(socket.closed === undefined ? {} : { closed: socket.closed }),
        send: (datagram, to) => socket.send(datagram, to),
        close: () => {
          if (isOpen) ledger.sockets--;
          isOpen = false;
          socket.close();
        },
      };
    },
  };
  return { host: counting, ledger };
}
