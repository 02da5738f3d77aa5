/**
 * Inputs that know everything: what an attacker with the keys of a session may put into its frames.
 * Each field has a value that an honest end could send, or one at a border of what numbers can be.
 */
import { STREAM_MESSAGES, type StreamMessageType } from "../../src/wire/message.ts";
import type { Draw } from "./draw.ts";

/** Where numbers change their spelling, their type or their mind. */
const BORDERS: readonly bigint[] = [
  0n,
  1n,
  250n,
  251n,
  2n ** 16n - 1n,
  2n ** 16n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
];

const DATA = 0;
const PARITY = 1;
const UNRELIABLE = 0;
const STREAM = 1;
const EMPTY = 2;
const DATA_ACK = STREAM_MESSAGES.indexOf("dataAck");

/** How far a frame number may jump and be taken. */
const MOST_JUMP = 2n ** 24n;

/** Parity rebuilds frames up to 320 above the highest. */
const FREE_AHEAD = 1_000;

/** What is said of streams: mostly what keeps them open, so that something happens on them. */
const SAID: readonly StreamMessageType[] = [
  ...new Array<StreamMessageType>(8).fill("data"),
  ...new Array<StreamMessageType>(4).fill("dataAck"),
  ...new Array<StreamMessageType>(3).fill("syn"),
  ...STREAM_MESSAGES,
];

/** How often an end of a session says what no honest end would say. */
const MADNESS = [0.01, 0.1, 0.3];

/** Streams that are spoken of: few, so that something happens on them. */
const STREAMS = 12;

/** What the attacker knows of the session. */
export class FrameSource {
  readonly #draw: Draw;
  readonly #madness: number;
  readonly #framesOfTarget: () => number;
  /** The frame number that an honest end would use next. */
  #nextFrame: number;
  /** The segment of each stream that an honest end would send next. */
  readonly #sequences = new Array<number>(STREAMS).fill(0);

  /**
   * @param nextFrame The first frame number that has not been used.
   * @param framesOfTarget How many frames the target has sent: what may honestly be acknowledged.
   */
  constructor(draw: Draw, nextFrame: number, framesOfTarget: () => number) {
    this.#draw = draw;
    this.#madness = draw.of(MADNESS);
    this.#nextFrame = nextFrame;
    this.#framesOfTarget = framesOfTarget;
  }

  /** A frame number that is still free whatever was rebuilt from parity, and goes to the caller. */
  takeFrameNumber(): number {
    this.#nextFrame += FREE_AHEAD;
    return this.#nextFrame++;
  }

  /** A plaintext: a frame, or almost one. */
  next(): Uint8Array {
    const draw = this.#draw;
    const field = new Fields();
    if (draw.happens(0.75)) this.#data(field);
    else this.#parity(field);
    if (draw.happens(0.95)) field.u8(draw.of([0, 0, 1, 128, 254, 255]));
    if (draw.happens(0.1)) field.bytes([0x73, 0x74, 0x73, 0x2b, 1, draw.between(0, 255), 0]);
    if (draw.happens(0.5)) field.bytes(draw.bytes(draw.between(0, 30)));
    const bytes = field.written();
    return draw.happens(0.03) ? bytes.slice(0, draw.between(0, bytes.length)) : bytes;
  }

  #data(field: Fields): void {
    const draw = this.#draw;
    field.varint(draw.happens(0.98) ? BigInt(DATA) : this.#border());
    const isHonest = !draw.happens(this.#madness);
    field.varint(isHonest ? BigInt(this.#nextFrame++) : this.#strangeNumber());
    const highest = Math.max(0, this.#framesOfTarget() - 1 - draw.between(0, 3));
    field.varint(!draw.happens(this.#madness) ? BigInt(highest) : this.#near(highest));
    const total = Math.max(0, highest + 1 - draw.between(0, 3));
    field.varint(!draw.happens(this.#madness) ? BigInt(total) : this.#near(total));
    this.#counted(field, this.#body());
  }

  /** A frame number that is out of turn. Where it is taken honest numbers go on behind it. */
  #strangeNumber(): bigint {
    const number = this.#near(this.#nextFrame);
    const ahead = number - BigInt(this.#nextFrame);
    if (ahead >= 0n && ahead < MOST_JUMP) this.#nextFrame = Number(number) + 1;
    return number;
  }

  #parity(field: Fields): void {
    const draw = this.#draw;
    const isSound = draw.happens(0.6);
    const padSize = draw.of(isSound ? [3, 20, 60, 300] : [0, 1, 2, 1_499, 1_500, 1_501]);
    field.varint(BigInt(PARITY));
    const runStart = Math.max(0, this.#nextFrame - draw.between(-3, 10));
    field.varint(isSound ? BigInt(runStart) : this.#near(runStart));
    field.u8(draw.of(isSound ? [1, 1, 2, 3, 8] : [0, 64, 65, 255]));
    field.u8(draw.of(isSound ? [2, 4] : [0, 64, 65, 255]));
    field.u8(draw.of(isSound ? [0, 1] : [0, 63, 64, 255]));
    field.varint(isSound || draw.happens(0.5) ? BigInt(padSize) : this.#border());
    this.#counted(field, draw.happens(0.5) ? new Uint8Array(padSize) : draw.bytes(padSize));
  }

  /** A byte string, which may say that it is longer. */
  #counted(field: Fields, bytes: Uint8Array): void {
    field.varint(!this.#draw.happens(this.#madness / 4) ? BigInt(bytes.length) : this.#border());
    field.bytes(bytes);
  }

  #body(): Uint8Array {
    const draw = this.#draw;
    if (draw.happens(0.05)) return draw.bytes(draw.between(0, 60));
    const field = new Fields();
    const tag = draw.of([UNRELIABLE, STREAM, STREAM, STREAM, STREAM, STREAM, STREAM, EMPTY]);
    field.u32(draw.happens(0.97) ? BigInt(tag) : this.#border());
    if (tag === STREAM) this.#streamMessage(field);
    else if (tag === UNRELIABLE) this.#payload(field, draw.bytes(draw.between(0, 50)));
    const bytes = field.written();
    return draw.happens(0.02) ? bytes.slice(0, draw.between(0, bytes.length)) : bytes;
  }

  #streamMessage(field: Fields): void {
    const draw = this.#draw;
    const type = draw.happens(0.98) ? STREAM_MESSAGES.indexOf(draw.of(SAID)) : 7;
    const stream = draw.happens(0.95) ? draw.between(0, STREAMS - 1) : draw.between(0, 65_535);
    const sequence = this.#sequences[stream] ?? 0;
    field.u32(BigInt(type));
    field.u16(stream);
    if (STREAM_MESSAGES[type] === "data" && !draw.happens(2 * this.#madness)) {
      field.u64(BigInt(sequence));
      this.#sequences[stream] = sequence + 1;
    } else field.u64(this.#near(sequence));
    if (STREAM_MESSAGES[type] === "syn") this.#sequences[stream] = 0;
    this.#payload(field, type === DATA_ACK ? this.#ackList() : draw.bytes(draw.between(0, 40)));
  }

  /** The same in the other dialect. */
  #payload(field: Fields, bytes: Uint8Array): void {
    field.u64(!this.#draw.happens(this.#madness / 4) ? BigInt(bytes.length) : this.#border());
    field.bytes(bytes);
  }

  #ackList(): Uint8Array {
    const draw = this.#draw;
    const field = new Fields();
    const count = draw.of([0, 0, 1, 2, 5, 150]);
    field.u64(draw.happens(0.9) ? BigInt(count) : this.#border());
    for (let i = 0; i < count; i++) field.u64(BigInt(draw.between(0, 5)));
    if (count > 0 && draw.happens(this.#madness)) field.u64(this.#border());
    if (draw.happens(0.3)) field.u64(this.#near(draw.between(0, 10)));
    return field.written();
  }

  #border(): bigint {
    return this.#draw.of(BORDERS);
  }

  /** A number around this one, or a border. */
  #near(number: number): bigint {
    const draw = this.#draw;
    if (draw.happens(this.#madness)) return this.#border();
    const distance = draw.of([0, 0, 1, 2, 3, 63, 64, 65, 255, 256, 257, 4_096, 10_000, 20_000]);
    return BigInt(Math.max(0, draw.happens(0.5) ? number - distance : number + distance));
  }
}

/** Writes fields of any value: what does not fit is cut off, and nothing is checked. */
class Fields {
  readonly #bytes: number[] = [];

  written(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  bytes(bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) this.#bytes.push(bytes[i]!);
  }

  u8(value: number): void {
    this.#bytes.push(value);
  }

  u16(value: number): void {
    this.#bytes.push(value & 255, value >>> 8);
  }

  u32(value: bigint): void {
    this.#fixed(value, 4);
  }

  u64(value: bigint): void {
    this.#fixed(value, 8);
  }

  varint(value: bigint): void {
    if (value < 251n) this.#fixed(value, 1);
    else if (value < 2n ** 16n) this.#marked(251, value, 2);
    else if (value < 2n ** 32n) this.#marked(252, value, 4);
    else this.#marked(253, value, 8);
  }

  #marked(marker: number, value: bigint, size: number): void {
    this.#bytes.push(marker);
    this.#fixed(value, size);
  }

  #fixed(value: bigint, size: number): void {
    for (let i = 0; i < size; i++) this.#bytes.push(Number(value >> BigInt(8 * i) & 255n));
  }
}
