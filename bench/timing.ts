/**
 * B-TIME: does refusing a forgery take as long whatever is wrong with it?
 *
 * ```text
 * deno run -A bench/timing.ts [SAMPLES]      also with bun and with node
 * ```
 *
 * Each sample refuses one packet, in which a single byte is wrong; which one is drawn anew each time,
 * so that whatever else the machine does falls on all places alike. Of the samples of each place
 * the slowest tenth is left out. Then the times of each place are compared with those of the first one by
 * Welch's t: beyond 4.5 the difference is no chance, and an attacker could find a tag byte by byte. The
 * method is that of dudect (Reparaz, Balasch and Verbauwhede, 2017). `leaky` is a comparison that stops
 * at the first difference: it must be found out, or the measurement is worth nothing.
 *
 * @module
 */
import process from "node:process";
import { equalBytes } from "../src/bytes.ts";
import { SESSION_NONCE_LENGTH, SESSION_OVERHEAD, SessionCipher } from "../src/crypto/aead.ts";
import { HELLO_NONCE_LENGTH, HELLO_OVERHEAD, HelloCipher } from "../src/crypto/hello_cipher.ts";
import { LENGTH_BOX, openLengthBox, sealLengthBox } from "../src/records/opening.ts";

/** Welch's t beyond which a difference is no chance. */
const MOST_T = 4.5;

/** The part of all samples that is left out: what was interrupted. */
const CROP = 0.1;

/** Calls of one sample, of a cipher and of a mere comparison: clocks are coarser than a call is long. */
const CIPHER_CALLS = 4;
const COMPARISON_CALLS = 100;

/** Something that refuses. */
interface Subject {
  readonly name: string;
  /** What it is given: right but for one byte. */
  readonly bytes: Uint8Array;
  /** Where that byte may be. */
  readonly places: readonly number[];
  readonly refuses: (bytes: Uint8Array) => boolean;
  /** Calls of one sample. */
  readonly calls: number;
}

const upTo = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);
const key = new Uint8Array(32).fill(3);

function subjects(): Subject[] {
  const session = new SessionCipher(key);
  const length = 200;
  const packet = new Uint8Array(length + SESSION_OVERHEAD).fill(1);
  session.seal(packet, length, new Uint8Array(SESSION_NONCE_LENGTH));
  const hello = new HelloCipher(key);
  const greeting = new Uint8Array(length + HELLO_OVERHEAD).fill(1);
  hello.seal(greeting, length, new Uint8Array(HELLO_NONCE_LENGTH));
  const box = new Uint8Array(LENGTH_BOX);
  sealLengthBox(session, 300, new Uint8Array(SESSION_NONCE_LENGTH), box);
  const secret = new Uint8Array(32).fill(9);
  return [
    {
      name: "session packet, tag",
      calls: CIPHER_CALLS,
      bytes: packet,
      places: upTo(16, length),
      refuses: (bytes) => session.open(bytes) === undefined,
    },
    {
      name: "session packet, body",
      calls: CIPHER_CALLS,
      bytes: packet,
      places: upTo(8).map((n) => 25 * n),
      refuses: (bytes) => session.open(bytes) === undefined,
    },
    {
      name: "handshake packet, mac",
      calls: CIPHER_CALLS,
      bytes: greeting,
      places: upTo(8, length + HELLO_NONCE_LENGTH),
      refuses: (bytes) => hello.open(bytes) === undefined,
    },
    {
      name: "TCP opening, tag",
      calls: CIPHER_CALLS,
      bytes: box,
      places: upTo(16, 2),
      refuses: (bytes) => openLengthBox(session, bytes) === undefined,
    },
    {
      name: "equalBytes",
      calls: COMPARISON_CALLS,
      bytes: secret.slice(),
      places: upTo(32),
      refuses: (bytes) => !equalBytes(bytes, secret),
    },
    {
      name: "leaky",
      calls: COMPARISON_CALLS,
      bytes: secret.slice(),
      places: upTo(32),
      refuses: (bytes) => !bytes.every((byte, i) => byte === secret[i]),
    },
  ];
}

/** The times of all samples, and of which place each was. */
function sample({ bytes, places, refuses, calls }: Subject, samples: number) {
  const times = new Float64Array(samples);
  const classes = new Uint8Array(samples);
  let draw = 12_345;
  for (let i = -samples / 20; i < samples; i++) {
    draw = Math.imul(draw, 1_103_515_245) + 12_345 | 0;
    const place = (draw >>> 16) % places.length;
    const at = places[place]!;
    bytes[at]! ^= 0x40;
    const startedAt = performance.now();
    let refused = 0;
    for (let call = 0; call < calls; call++) if (refuses(bytes)) refused++;
    const time = performance.now() - startedAt;
    bytes[at]! ^= 0x40;
    if (refused !== calls) throw new Error("a forgery was taken");
    // What comes before is for the compiler.
    if (i < 0) continue;
    times[i] = time;
    classes[i] = place;
  }
  return { times, classes };
}

/** Welch's t of each place against the first one. */
function welch({ times, classes }: ReturnType<typeof sample>, places: number): number[] {
  const [first, ...others] = upTo(places).map((place) =>
    momentsOf(times.filter((_, i) => classes[i] === place).sort())
  );
  return others.map(({ count, mean, variance }) =>
    (mean - first!.mean) / Math.sqrt(variance / count + first!.variance / first!.count)
  );
}

/** Of times in order, without the slowest. */
function momentsOf(sorted: Float64Array) {
  const kept = sorted.subarray(0, Math.ceil(sorted.length * (1 - CROP)));
  const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length;
  const variance = kept.reduce((sum, time) => sum + (time - mean) ** 2, 0) / kept.length;
  return { count: kept.length, mean, variance };
}

const samples = Number(process.argv[2] ?? 1_000_000);
let isBad = false;
for (const subject of subjects()) {
  const ts = welch(sample(subject, samples), subject.places.length);
  const worst = Math.max(...ts.map(Math.abs));
  const isControl = subject.name === "leaky";
  isBad ||= isControl !== worst > MOST_T;
  console.log(
    `${subject.name.padEnd(22)} largest |t| ${worst.toFixed(1).padStart(7)} ` +
      `of ${ts.length}${isControl ? " (must be found out)" : ""}`,
  );
}
process.exitCode = isBad ? 1 : 0;
