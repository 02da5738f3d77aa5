/**
 * Makes what an attacker with the keys of a session may put into its packets: frames that an honest end
 * could send now, one in some of them with a single number twisted, or cut off, or said again.
 */
import { encodeParity } from "../../src/fec/reed_solomon.ts";
import { STREAM_MESSAGES, type StreamMessageType } from "../../src/wire/message.ts";
import type { Draw } from "./draw.ts";
import { Fields } from "./fields.ts";
import type { Input } from "./life.ts";
import type { FarStream, FarView } from "./far_view.ts";

/** How often something is twisted: an end that is all mad never gets far. */
const MADNESS = [0.02, 0.1, 0.4];

/** The most numbers that a frame with a stream message has before its payload, and some of a list. */
const MOST_FIELDS = 16;

/** Streams that the attacker opens: few, so that something happens on them. */
const STREAMS = 12;

const UNRELIABLE = 0;
const STREAM = 1;
const EMPTY = 2;

/** What is said of streams: mostly what keeps them open. */
const SAID: readonly StreamMessageType[] = [
  ...new Array<StreamMessageType>(24).fill("data"),
  ...new Array<StreamMessageType>(12).fill("dataAck"),
  ...new Array<StreamMessageType>(2).fill("synAck"),
  ...STREAM_MESSAGES,
];

const KINDS: readonly (readonly [kind: string, weight: number])[] = [
  ["stream", 70],
  ["unreliable", 6],
  ["empty", 1],
  ["ping", 1],
  ["junk", 2],
  ["report", 2],
  ["fragment", 4],
  ["probe", 2],
  ["answer", 2],
  ["parity", 6],
  ["run", 2],
  ["again", 2],
];
const WHEEL: readonly string[] = KINDS.flatMap(([kind, weight]) => new Array(weight).fill(kind));

/** The kinds that a source makes. */
export const SESSION_KINDS: readonly string[] = [
  ...KINDS.map(([kind]) => kind).filter((kind) => kind !== "stream" && kind !== "again"),
  ...STREAM_MESSAGES,
];

/** Makes plaintexts of packets. */
export class SessionSource {
  readonly #draw: Draw;
  readonly #view: FarView;
  readonly #tag: Uint8Array;
  readonly #madness: number;
  readonly #frame: Fields;
  readonly #body: Fields;
  readonly #queue: Input[] = [];
  /** The frame number that an honest end would use next. */
  #nextFrame = 0;
  /** The segment of each stream that an honest end would send next. */
  readonly #sequences = new Map<number, number>();
  /** What the last stream message was. */
  #said: StreamMessageType = "data";
  #last: Input = { kind: "again", bytes: new Uint8Array(0) };

  /**
   * @param view What the target has shown of itself.
   * @param tag By which the bodies begin that no application sees.
   */
  constructor(draw: Draw, view: FarView, tag: Uint8Array) {
    this.#draw = draw;
    this.#view = view;
    this.#tag = tag;
    this.#madness = draw.of(MADNESS);
    this.#frame = new Fields(draw);
    this.#body = new Fields(draw);
  }

  /**
   * A plaintext: a frame, or almost one.
   *
   * @param highest The highest frame number that the target has taken; honest ones go on behind it.
   */
  next(highest: number): Input {
    const draw = this.#draw;
    this.#nextFrame = Math.max(this.#nextFrame, highest + 1);
    const waiting = this.#queue.pop();
    if (waiting !== undefined) return waiting;
    const kind = draw.of(WHEEL);
    if (kind === "again") return this.#again();
    if (kind === "run") return this.#run();
    const isTwisted = draw.happens(this.#madness);
    const untilTwist = isTwisted ? draw.between(0, MOST_FIELDS) : Infinity;
    // The numbers of a frame are few, those of its body follow.
    const inBody = untilTwist - 5;
    this.#body.begin(inBody >= 0 ? inBody : Infinity);
    this.#frame.begin(untilTwist);
    if (kind === "parity") this.#parity();
    else this.#data(this.#writeBody(kind), kind === "report");
    if (isTwisted && draw.happens(0.1)) {
      this.#frame.cut(draw.between(0, this.#frame.written.length));
    }
    const made = { kind: kind === "stream" ? this.#said : kind, bytes: this.#frame.written };
    if (draw.happens(0.05)) this.#last = { kind: "again", bytes: made.bytes.slice() };
    return made;
  }

  /** What was said once already, as it was or with some bits turned over. */
  #again(): Input {
    const bytes = this.#last.bytes.slice();
    if (this.#draw.happens(0.5) && bytes.length > 0) {
      for (let i = this.#draw.between(1, 4); i > 0; i--) {
        bytes[this.#draw.between(0, bytes.length - 1)]! ^= 1 << this.#draw.between(0, 7);
      }
    }
    return { kind: "again", bytes };
  }

  #data(body: Uint8Array, isReport: boolean): void {
    const draw = this.#draw;
    const frame = this.#frame;
    const view = this.#view;
    frame.varint(0);
    frame.varint(this.#nextFrame++);
    const highest = Math.max(0, view.frames - 1 - draw.between(0, 3));
    frame.varint(view.frames === 0 ? 0 : highest);
    frame.varint(view.frames === 0 ? 0 : Math.max(0, highest + 1 - draw.between(0, 3)));
    frame.varint(body.length);
    frame.bytes(body);
    this.#trail(isReport);
  }

  /** Loss byte, extension block, padding. */
  #trail(isReport: boolean): void {
    const draw = this.#draw;
    const frame = this.#frame;
    if (!isReport && draw.happens(0.05)) return;
    frame.u8(draw.of([0, 0, 0, 1, 30, 128, 254, 255]));
    if (isReport || draw.happens(0.05)) this.#extension(isReport);
    if (draw.happens(0.3)) frame.noise(draw.between(0, 30));
  }

  #extension(isReport: boolean): void {
    const draw = this.#draw;
    const frame = this.#frame;
    frame.u32(0x2b737473);
    frame.u8(1);
    // Everything that our own kind understands, or anything; a report is one by a bit.
    frame.u8((draw.happens(0.7) ? 0xd7 : draw.between(0, 255)) & 0xdf | (isReport ? 0x20 : 0));
    if (draw.happens(0.7)) return frame.u8(0);
    const type = draw.of([1, 2, 4, 255]);
    const length = draw.of([0, 1, type === 1 ? 24 : 2]);
    frame.u8(length + 2);
    frame.u8(type);
    frame.u8(length);
    frame.noise(length);
  }

  /** Parity of frames that have come: all of it is nonsense, but well-formed. */
  #parity(): void {
    const draw = this.#draw;
    const frame = this.#frame;
    const dataCount = draw.of([1, 1, 2, 3, 8, 64]);
    const parityCount = draw.of([1, 2, 4, 64]);
    frame.varint(1);
    frame.varint(Math.max(0, this.#nextFrame - draw.between(-3, 70)));
    frame.u8(dataCount);
    frame.u8(parityCount);
    frame.u8(draw.between(0, parityCount - 1));
    const padSize = draw.of([2, 3, 20, 60, 300, 1_500]);
    frame.varint(padSize);
    frame.varint(padSize);
    if (draw.happens(0.5)) frame.repeat(0, padSize);
    else frame.noise(padSize);
    this.#trail(false);
  }

  /** A run of frames of which one is kept back, and the parity that rebuilds it. */
  #run(): Input {
    const draw = this.#draw;
    const count = draw.of([1, 2, 3, 16]);
    const lost = draw.between(0, count - 1);
    const runStart = this.#nextFrame;
    const bodies: Uint8Array[] = [];
    const frames: Input[] = [];
    for (let i = 0; i < count; i++) {
      this.#body.begin();
      const body = this.#writeBody("stream").slice();
      bodies.push(body);
      this.#frame.begin();
      this.#data(body, false);
      if (i !== lost) frames.push({ kind: this.#said, bytes: this.#frame.written.slice() });
    }
    const padSize = 2 + Math.max(...bodies.map(({ length }) => length));
    const shard = new Uint8Array(padSize);
    encodeParity(bodies, 0, shard);
    const frame = this.#frame;
    frame.begin(draw.happens(this.#madness) ? draw.between(0, 6) : Infinity);
    for (const number of [1, runStart]) frame.varint(number);
    for (const number of [count, 1, 0]) frame.u8(number);
    for (const number of [padSize, padSize]) frame.varint(number);
    frame.bytes(shard);
    this.#trail(false);
    const parity = { kind: "run", bytes: frame.written.slice() };
    // Taken from the end.
    this.#queue.push(...(draw.happens(0.8) ? [parity, ...frames.reverse()] : [...frames, parity]));
    return this.#queue.pop()!;
  }

  #writeBody(kind: string): Uint8Array {
    const draw = this.#draw;
    const body = this.#body;
    switch (kind) {
      case "stream":
        this.#stream();
        break;
      case "unreliable":
        body.u32(UNRELIABLE);
        this.#payload(draw.between(0, 50));
        break;
      case "empty":
        body.u32(EMPTY);
        break;
      case "ping":
        body.repeat(255, 4);
        break;
      case "junk":
        body.noise(draw.between(0, 60));
        break;
      case "report":
        break;
      default:
        this.#own(kind);
    }
    return body.written;
  }

  /** What two ends of this library say below the application. */
  #own(kind: string): void {
    const draw = this.#draw;
    const body = this.#body;
    body.bytes(this.#tag);
    body.u8(["fragment", "probe", "answer"].indexOf(kind));
    if (kind === "fragment") {
      const count = draw.between(1, 8);
      body.u8(draw.between(0, count - 1));
      body.u8(count);
      body.noise(draw.of([0, 1, 30, 300]));
    } else if (kind === "probe") body.u16(draw.between(0, 40));
    else for (let i = draw.between(0, 9); i > 0; i--) body.u16(draw.between(0, 40));
  }

  #payload(length: number): void {
    this.#body.u64(length);
    this.#body.noise(length);
  }

  #stream(): void {
    const draw = this.#draw;
    const body = this.#body;
    const id = this.#streamId();
    const far = this.#view.stream(id);
    const own = this.#sequences.get(id);
    // What is not open is opened, so that something can be said of it.
    const isOpen = own !== undefined || far !== undefined;
    const type = this.#said = isOpen || draw.happens(0.1) ? draw.of(SAID) : "syn";
    body.u32(STREAM);
    body.u32(STREAM_MESSAGES.indexOf(type));
    body.u16(id);
    switch (type) {
      case "data": {
        const sequence = own ?? 0;
        body.u64(draw.happens(0.1) ? sequence + draw.between(0, 5) : sequence);
        this.#sequences.set(id, sequence + 1);
        return this.#payload(draw.of([0, 1, 5, 20, 20, 40, 1_200]));
      }
      case "dataAck":
        return this.#acknowledge(far);
      case "fin":
        body.u64(own ?? 0);
        break;
      case "finAck":
        body.u64(far?.end ?? far?.next ?? 0);
        break;
      default:
        body.u64(0);
        if (type === "rst") this.#sequences.delete(id);
        else if (type === "syn") this.#sequences.set(id, own ?? 0);
    }
    this.#payload(type === "syn" ? draw.of([0, 0, 5, 1_024]) : 0);
  }

  /** One of ours, one that the target has opened, or any. */
  #streamId(): number {
    const draw = this.#draw;
    const turn = draw.between(0, 99);
    if (turn < 70) return draw.between(0, STREAMS - 1);
    const { opened } = this.#view;
    if (turn < 90 && opened.length > 0) return draw.of(opened);
    return draw.happens(0.1) ? draw.of([0, 250, 251, 65_535]) : draw.between(0, 65_535);
  }

  #acknowledge(far: FarStream | undefined): void {
    const draw = this.#draw;
    const body = this.#body;
    const next = far?.next ?? 0;
    const missing = Math.max(0, next - draw.of([0, 0, 0, 1, 2, 5, 20]));
    body.u64(missing);
    const count = Math.min(draw.of([0, 0, 1, 2, 5, 32, 150]), next);
    const hasLimit = draw.happens(0.3);
    body.u64(8 * (count + (hasLimit ? 2 : 1)));
    body.u64(count);
    for (let i = 0; i < count; i++) body.u64(Math.max(0, next - 1 - draw.between(0, 2 * i)));
    if (hasLimit) body.u64(next + draw.of([0, 1, 10, 5_000]));
  }
}
