/**
 * What carries the bodies of a multiplex in tests: the real session, or frames that are only
 * numbered, which cost a fiftieth.
 */
import { Random } from "../../src/random.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { seededSource } from "./seeded_random.ts";

/** A body that has come, with the counters of its frame. */
export interface CarriedBody {
  readonly body: Uint8Array;
  readonly frameNumber: number;
  readonly highReceived: number;
  readonly totalReceived: number;
}

/** One end of a session, as a multiplex needs it. */
export interface Carrier {
  /** Whether the other side is known to be of our own kind. */
  readonly isOwnKind: boolean;
  /** Number of the last frame that was made. */
  readonly lastFrame: number;
  /** The longest body that fits. */
  readonly mostBody: number;
  /** Makes a packet of a body. */
  encode(body: Uint8Array, now: number): Uint8Array;
  /** Opens a packet; nothing for one that is broken, or was seen before. */
  open(packet: Uint8Array, now: number): CarriedBody | undefined;
}

/** Frame number, highest received and one more, total received, checksum: a u32 each. */
const HEADER = 16;

/** Frames that are numbered, counted and checked, and nothing else. */
export class PlainCarrier implements Carrier {
  /** Longest body: what a session has room for. */
  mostBody = 1356;
  readonly #tellsOwnKind: boolean;
  readonly #seen = new Set<number>();
  #next: number;
  #highest = -1;

  /**
   * @param tellsOwnKind Whether each end takes the other for its own kind as soon as it hears it.
   * @param firstFrame The number of the first frame.
   */
  constructor(tellsOwnKind = true, firstFrame = 0) {
    this.#tellsOwnKind = tellsOwnKind;
    this.#next = firstFrame;
  }

  get isOwnKind(): boolean {
    return this.#tellsOwnKind && this.#highest >= 0;
  }

  get lastFrame(): number {
    return this.#next - 1;
  }

  /** Frames received. */
  get totalReceived(): number {
    return this.#seen.size;
  }

  encode(body: Uint8Array): Uint8Array {
    const packet = new Uint8Array(HEADER + body.length);
    const view = new DataView(packet.buffer);
    view.setUint32(0, this.#next++);
    view.setUint32(4, this.#highest + 1);
    view.setUint32(8, this.#seen.size);
    packet.set(body, HEADER);
    view.setUint32(12, checksum(packet));
    return packet;
  }

  open(packet: Uint8Array): CarriedBody | undefined {
    if (packet.length < HEADER) return undefined;
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const claimed = view.getUint32(12);
    view.setUint32(12, 0);
    const frame = view.getUint32(0);
    if (checksum(packet) !== claimed || this.#seen.has(frame)) return undefined;
    this.#seen.add(frame);
    this.#highest = Math.max(this.#highest, frame);
    return {
      body: packet.subarray(HEADER),
      frameNumber: frame,
      highReceived: Math.max(0, view.getUint32(4) - 1),
      totalReceived: view.getUint32(8),
    };
  }
}

/** The real session. */
export class SessionCarrier implements Carrier {
  readonly machine: SessionMachine;
  readonly #memory = new Uint8Array(2048);

  constructor(role: "client" | "server", seed: number) {
    const random = new Random(seededSource(seed));
    this.machine = new SessionMachine({ role, secret: new Uint8Array(32).fill(5), random });
  }

  get isOwnKind(): boolean {
    return this.machine.isOwnKind;
  }

  get lastFrame(): number {
    return this.machine.lastFrame;
  }

  get mostBody(): number {
    return this.machine.mostBody;
  }

  encode(body: Uint8Array, now: number): Uint8Array {
    return this.#memory.subarray(0, this.machine.encode(body, this.#memory, now));
  }

  open(packet: Uint8Array, now: number): CarriedBody | undefined {
    this.machine.handleDatagram(packet, now);
    return this.machine.pollBody();
  }
}

/** FNV-1a over all bytes but the place of the sum itself, which holds 0. */
function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193);
  return sum >>> 0;
}
