import type { Address } from "../../src/address.ts";
import type { Host } from "../../src/host.ts";

/** What becomes of a datagram that has come: it is handed over by `deliver`, whenever and as often as wanted. */
export type Spoil = (
  datagram: Uint8Array,
  deliver: (datagram: Uint8Array) => void,
  from: Address,
) => void;

/** A host whose datagrams are spoiled on their last inch. */
export function spoiledHost(host: Host, spoil: Spoil): Host {
  return {
    ...host,
    bindDatagram: (address, handler) =>
      host.bindDatagram(address, {
        onDatagram: (datagram, from) =>
          spoil(datagram, (spoiled) => handler.onDatagram(spoiled, from), from),
        onError: (error) => handler.onError(error),
      }),
  };
}

/** Turns 1 to 8 bits over in some of all datagrams. */
export function flipper(chance: number, random: () => number): Spoil {
  return (datagram, deliver) => {
    if (random() < chance) {
      for (let left = 1 + Math.floor(random() * 8); left > 0; left--) {
        const bit = Math.floor(random() * datagram.length * 8);
        datagram[bit >>> 3]! ^= 1 << (bit & 7);
      }
    }
    deliver(datagram);
  };
}

/** Holds so many datagrams back, or for so many ms, and hands them over in the reverse order. */
export function reverser(host: Host, count: number, time: number): Spoil {
  let held: (() => void)[] = [];
  const release = () => {
    const all = held.reverse();
    held = [];
    for (const each of all) each();
  };
  return (datagram, deliver) => {
    const copy = datagram.slice();
    held.push(() => deliver(copy));
    if (held.length === 1) host.setAlarm(host.now() + time, release);
    else if (held.length === count) release();
  };
}
