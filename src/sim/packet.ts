/**
 * Packets on their way through a link, and those that wait at its bottleneck.
 *
 * @module
 */
import type { CodelQueue } from "./codel.ts";
import { Fifo } from "./fifo.ts";

// Protocol constants.

/** Bytes that IP and UDP add to a datagram. */
export const HEADERS = 28;

/** Wire bytes of a full packet: CoDel leaves a queue alone that holds no more. */
const FULL_PACKET = 1500;

// Tuning.

/** Memory of a packet, bytes; a longer one has its own. */
const USUAL_PACKET = 2048;

/** Takes a packet that has arrived. It is lent until the call returns, and may be written to. */
export type Deliver = (packet: Uint8Array) => void;

/** A packet on its way. The object and its memory are used again and again. */
export class Packet {
  /** Its bytes, and room. */
  memory = new Uint8Array(USUAL_PACKET);
  /** How many bytes it has. */
  length = 0;
  /** Its number on the link. */
  number = 0;
  /** When it entered the link, ms. */
  sentAt = 0;
  /** Who gets it. */
  deliver: Deliver = () => {};
  /** Lets it arrive. */
  readonly arrive: () => void;

  /** @param onArrived Called by `arrive`. */
  constructor(onArrived: (packet: Packet) => void) {
    this.arrive = () => onArrived(this);
  }

  /** Bytes on the wire. */
  get size(): number {
    return this.length + HEADERS;
  }

  /** Makes another packet of it; the bytes are copied. */
  fill(bytes: Uint8Array, number: number, deliver: Deliver, now: number): void {
    if (bytes.length > this.memory.length) this.memory = new Uint8Array(bytes.length);
    this.memory.set(bytes);
    this.length = bytes.length;
    this.number = number;
    this.deliver = deliver;
    this.sentAt = now;
  }
}

/** The queue in front of a bottleneck. */
export class WaitingPackets implements CodelQueue<Packet> {
  /** A packet is dropped. */
  readonly drop: (packet: Packet) => void;
  readonly #packets = new Fifo<Packet>();
  #bytes = 0;

  /** @param drop Told of each packet that is dropped at the head. */
  constructor(drop: (packet: Packet) => void) {
    this.drop = drop;
  }

  /** How many wait. */
  get length(): number {
    return this.#packets.length;
  }

  /** Their bytes on the wire. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether at most one packet of full size waits. */
  get isShort(): boolean {
    return this.#bytes <= FULL_PACKET;
  }

  /** Adds one behind all others. */
  push(packet: Packet): void {
    this.#packets.push(packet);
    this.#bytes += packet.size;
  }

  /** Takes the first one out. */
  take(): Packet | undefined {
    const packet = this.#packets.take();
    if (packet !== undefined) this.#bytes -= packet.size;
    return packet;
  }

  /** When a packet came, ms. */
  enteredAt(packet: Packet): number {
    return packet.sentAt;
  }
}
