/**
 * Inputs that know nothing: random datagrams, and packets that were recorded and then damaged.
 */
import { formatHex } from "../../src/bytes.ts";
import type { Draw } from "./draw.ts";

/** Longest datagram that is made at random: the longest that is accepted. */
const MOST_RANDOM = 2048;

/** Longest mutant: longer than anything that is accepted. */
const MOST_MUTANT = 3000;

/** Packets of a session and of handshakes. */
export interface Recording {
  /** What the target has had: to repeat it must come to nothing. */
  readonly seen: readonly Uint8Array[];
  /** What it has not had, and would take: only mutants of it are of use. */
  readonly unseen: readonly Uint8Array[];
}

/** A datagram of 0 to 2,048 bytes; short ones, where the decoders branch, are more frequent. */
export function randomDatagram(draw: Draw): Uint8Array {
  return draw.bytes(draw.between(0, draw.happens(0.3) ? 200 : MOST_RANDOM));
}

/** Makes damaged copies of recorded packets. */
export class MutantSource {
  readonly #all: readonly Uint8Array[];
  readonly #unseen: ReadonlySet<string>;

  /** Keeps the packets. */
  constructor({ seen, unseen }: Recording) {
    this.#all = [...seen, ...unseen];
    this.#unseen = new Set(unseen.map(formatHex));
  }

  /** A damaged copy; never one that the target should take. */
  next(draw: Draw): Uint8Array {
    for (;;) {
      let packet = draw.of(this.#all);
      const steps = draw.happens(0.7) ? 1 : draw.between(2, 4);
      for (let i = 0; i < steps; i++) packet = draw.of(MUTATORS)(packet, this.#all, draw);
      packet = packet.slice(0, MOST_MUTANT);
      if (!this.#unseen.has(formatHex(packet))) return packet;
    }
  }
}

type Mutator = (packet: Uint8Array, all: readonly Uint8Array[], draw: Draw) => Uint8Array;

/** Turns one to eight bits over. */
const flip: Mutator = (packet, _, draw) => {
  const copy = packet.slice();
  for (let i = draw.between(1, 8); i > 0 && copy.length > 0; i--) {
    copy[draw.between(0, copy.length - 1)]! ^= 1 << draw.between(0, 7);
  }
  return copy;
};

/** Cuts the head or the tail off. */
const cut: Mutator = (packet, _, draw) => {
  const at = draw.between(0, packet.length);
  return draw.happens(0.5) ? packet.slice(at) : packet.slice(0, at);
};

/** Joins the head of one to the tail of another. */
const splice: Mutator = (packet, all, draw) => {
  const other = draw.of(all);
  const head = packet.subarray(0, draw.between(0, packet.length));
  return joined(head, other.subarray(draw.between(0, other.length)));
};

/** Adds bytes at one end. */
const grow: Mutator = (packet, _, draw) => {
  const more = draw.happens(0.3)
    ? new Uint8Array(draw.between(1, 64)).fill(draw.of([0, 255]))
    : draw.bytes(draw.between(1, draw.happens(0.1) ? 2_000 : 40));
  return draw.happens(0.5) ? joined(packet, more) : joined(more, packet);
};

/** Leaves it as it is, or says it twice. */
const repeat: Mutator = (packet, _, draw) => draw.happens(0.7) ? packet : joined(packet, packet);

/** Puts other bytes over a piece of it. */
const smear: Mutator = (packet, _, draw) => {
  const copy = packet.slice();
  const at = draw.between(0, copy.length);
  const end = Math.min(copy.length, at + draw.between(1, 32));
  if (draw.happens(0.5)) copy.fill(draw.of([0, 255]), at, end);
  else copy.set(draw.bytes(end - at), at);
  return copy;
};

const MUTATORS: readonly Mutator[] = [flip, flip, cut, splice, grow, repeat, smear];

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
