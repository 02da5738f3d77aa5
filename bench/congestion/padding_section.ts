/**
 * What padding costs.
 *
 * @module
 */
import { UniformPadding } from "../../src/session/padding.ts";
import { SessionMachine } from "../../src/session/machine.ts";
import { Random } from "../../src/random.ts";
import { seededSource } from "../../src/sim/seeded_random.ts";
import { NullCipher } from "../../src/sim/null_cipher.ts";
import { type Row, type Section, seeded } from "./cell.ts";

/** Bytes that IP and UDP add. */
const HEADERS = 28;

const PACKETS = 2_000;

/** Bodies: a message of the multiplex with what it carries. */
const BODIES: readonly (readonly [string, number])[] = [
  ["full segment (bulk)", 26 + 1_330],
  ["acknowledgement, no entries", 26 + 16],
  ["acknowledgement, 64 entries", 26 + 8 * 66],
  ["unreliable message of 160 bytes", 12 + 160],
  ["segment of 200 bytes", 26 + 200],
];

/** Bytes on the wire with and without the padding policy. */
export const padding: Section = {
  title: "What the padding policy costs",
  text:
    `Bytes of a packet on the wire, headers included, mean of ${PACKETS}: without padding, with ` +
    "the usual policy, and the difference in %. All other sections run with it; bulk has no room " +
    "for it.",
  header: ["packet", "without", "with", "cost"],
  rows: BODIES.map(([name, length]): Row => {
    const cells = seeded(`padding, ${name}`, 1, (seed) => Promise.resolve(measure(length, seed)));
    return {
      label: [name],
      entries: ["without", "padded", "cost"].map((figure) => ({
        cells,
        figure,
        worst: "highest",
      })),
    };
  }),
};

function measure(length: number, seed: number): Record<string, number> {
  const without = meanLength(length, seed, false);
  const padded = meanLength(length, seed, true);
  return { without, padded, cost: 100 * (padded / without - 1) };
}

function meanLength(length: number, seed: number, isPadded: boolean): number {
  const random = new Random(seededSource(`${seed}/padding`));
  const machine = new SessionMachine({
    role: "client",
    secret: new Uint8Array(32),
    random,
    padding: isPadded ? new UniformPadding(random) : { paddingFor: () => 0 },
    createCipher: (key) => new NullCipher(key),
  });
  const body = new Uint8Array(length);
  const packet = new Uint8Array(2_048);
  let sum = 0;
  for (let i = 0; i < PACKETS; i++) sum += machine.encode(body, packet, i) + HEADERS;
  return sum / PACKETS;
}
