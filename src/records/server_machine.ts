/**
 * The server's half of a connection.
 *
 * Whoever connects must prove with a hello that he knows the server's key, then say his name, and
 * then send frames. What does not fit is answered by nothing at all: from then on bytes are counted
 * and thrown away, for ever, and nothing is sent; a stranger cannot tell how far he came, nor after
 * how many bytes he failed.
 *
 *     silent -> answered -> open -> draining      a frame was too long: bytes were damaged
 *        '------------------------> draining      noise, a repeated hello, a bad key, no time
 *
 * Source: the sosistab wire, version 3, section 5.1.
 *
 * @module
 */
import { formatHex } from "../bytes.ts";
import { SESSION_OVERHEAD } from "../crypto/aead.ts";
import { deriveStreamKeys, tripleDiffieHellman } from "../crypto/keys.ts";
import { StreamCipher } from "../crypto/stream_cipher.ts";
import type { KeyPair, X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { decodeHandshakeFrame, WIRE_VERSION } from "../wire/hello.ts";
import { ByteGatherer } from "./byte_gatherer.ts";
import { NAME_LENGTH } from "./client_machine.ts";
import { FrameReader } from "./frame_reader.ts";
import type { HelloCiphers } from "./hello_ciphers.ts";
import { answerCipher, type HelloLength, LENGTH_BOX, openHelloLength } from "./opening.ts";
import { HELLO_LENGTH, MOST_OPENING_BOX, sealOpeningFrame } from "./opening_message.ts";

/** What all connections of one server share. */
export interface ServerRecordOptions {
  /** The server's long-term pair. */
  readonly keyPair: KeyPair;
  /** Those of its public key. */
  readonly helloCiphers: HelloCiphers;
  readonly x25519: X25519;
  readonly random: Random;
  /**
   * Whether a hello has not been seen before, and remembers it.
   *
   * @param id The client's ephemeral public key, 32 bytes: each hello has its own.
   * @param minute That of the key which opened the hello, since 1970.
   */
  readonly isFresh: (
    id: Uint8Array,
    minute: number,
    now: number,
    epochSeconds: number,
  ) => boolean;
  /** Asked before a hello is answered, and before that costs anything; by default it always may be. */
  readonly mayAnswer?: () => boolean;
}

/** How far a server's connection is. */
export type ServerRecordPhase = "silent" | "answered" | "open" | "draining";

/** Why bytes are thrown away. */
export type DrainReason = "stranger" | "replay" | "refused" | "broken";

type State =
  | { readonly kind: "length"; readonly box: ByteGatherer }
  | { readonly kind: "hello"; readonly box: ByteGatherer; readonly opened: HelloLength }
  | {
    readonly kind: "name";
    readonly box: ByteGatherer;
    readonly upload: StreamCipher;
    readonly download: StreamCipher;
  }
  | {
    readonly kind: "open";
    readonly name: string;
    readonly reader: FrameReader;
    readonly download: StreamCipher;
  }
  | { readonly kind: "draining"; readonly reason: DrainReason };

/** A connection from somebody. Times in ms, except `epochSeconds`. */
export class ServerRecordMachine {
  readonly #options: ServerRecordOptions;
  #state: State = { kind: "length", box: new ByteGatherer(LENGTH_BOX) };
  #answer: Uint8Array | undefined;
  #drainedBytes = 0;

  constructor(options: ServerRecordOptions) {
    this.#options = options;
  }

  /** How far it is. */
  get phase(): ServerRecordPhase {
    const { kind } = this.#state;
    if (kind === "open" || kind === "draining") return kind;
    return kind === "name" ? "answered" : "silent";
  }

  /** The client's name in hexadecimal, once it is open. */
  get name(): string | undefined {
    return this.#state.kind === "open" ? this.#state.name : undefined;
  }

  /** Why it drains, when it does. */
  get drainReason(): DrainReason | undefined {
    return this.#state.kind === "draining" ? this.#state.reason : undefined;
  }

  /** Bytes that were thrown away. */
  get drainedBytes(): number {
    return this.#drainedBytes;
  }

  /**
   * Bytes have come. {@linkcode pollAnswer} and {@linkcode pollDatagram} want to be asked until they
   * have no more.
   *
   * @param bytes Decrypted in place; lent until then.
   */
  handleBytes(bytes: Uint8Array, now: number, epochSeconds: number): void {
    let rest = bytes;
    while (rest.length > 0) {
      const state = this.#state;
      switch (state.kind) {
        case "draining":
          this.#drainedBytes += rest.length;
          return;
        case "open":
          return state.reader.push(rest);
        case "name":
          rest = this.#readName(state, rest);
          break;
        default:
          rest = rest.subarray(state.box.take(rest));
          if (!state.box.isComplete) return;
          this.#state = state.kind === "length"
            ? this.#readLength(state.box, epochSeconds)
            : this.#readHello(state, now, epochSeconds);
      }
    }
  }

  /** What goes onto the connection in one write, once; `undefined`: nothing. */
  pollAnswer(): Uint8Array | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  /** The next datagram, which is lent until the next call, or `undefined`. */
  pollDatagram(): Uint8Array | undefined {
    if (this.#state.kind !== "open") return undefined;
    const { reader } = this.#state;
    const datagram = reader.poll();
    if (reader.isBroken) this.#state = { kind: "draining", reason: "broken" };
    return datagram;
  }

  /**
   * Makes bytes for the connection of frames. It must be open.
   *
   * @param frames Any number of them; encrypted in place, and given back.
   */
  seal(frames: Uint8Array): Uint8Array {
    if (this.#state.kind !== "open") throw new Error("the connection is not open");
    this.#state.download.apply(frames);
    return frames;
  }

  /** Throws away all that comes from now on: nobody knows any more what it means. */
  drain(): void {
    this.#state = { kind: "draining", reason: "broken" };
  }

  #readLength(box: ByteGatherer, epochSeconds: number): State {
    const { helloCiphers } = this.#options;
    const minute = Math.floor(epochSeconds / 60);
    const opened = openHelloLength((minute) => helloCiphers.at(minute), box.bytes, minute);
    return opened === undefined || opened.length < HELLO_LENGTH + SESSION_OVERHEAD ||
        opened.length > MOST_OPENING_BOX
      ? STRANGER
      : { kind: "hello", box: new ByteGatherer(opened.length), opened };
  }

  #readHello(
    { box, opened }: State & { kind: "hello" },
    now: number,
    epochSeconds: number,
  ): State {
    const { keyPair, x25519, random, isFresh, mayAnswer } = this.#options;
    const { cipher, minute } = opened;
    const plaintext = cipher.open(box.bytes);
    const hello = plaintext === undefined ? undefined : decodeHandshakeFrame(plaintext);
    if (hello?.kind !== "clientHello" || hello.version !== WIRE_VERSION) return STRANGER;
    if (mayAnswer?.() === false) return REFUSED;
    if (!isFresh(hello.ephemeralPublicKey, minute, now, epochSeconds)) return REPLAY;
    const ephemeral = x25519.generate();
    const secret = tripleDiffieHellman(x25519, { long: keyPair, ephemeral }, hello);
    ephemeral.secretKey.fill(0);
    if (secret === undefined) return STRANGER;
    const { upload, download } = deriveStreamKeys(secret);
    secret.fill(0);
    const answer = {
      kind: "serverHello",
      longPublicKey: keyPair.publicKey,
      ephemeralPublicKey: ephemeral.publicKey,
      resumeToken: NO_TOKEN,
    } as const;
    this.#answer = sealOpeningFrame(answerCipher(keyPair.publicKey, minute), answer, random);
    return {
      kind: "name",
      box: new ByteGatherer(NAME_LENGTH),
      upload: new StreamCipher(upload),
      download: new StreamCipher(download),
    };
  }

  /** Returns what follows the name. */
  #readName(state: State & { kind: "name" }, bytes: Uint8Array): Uint8Array {
    const { box, upload, download } = state;
    const part = bytes.subarray(0, NAME_LENGTH - box.bytes.length);
    upload.apply(part);
    box.take(part);
    if (box.isComplete) {
      const name = formatHex(box.bytes);
      this.#state = { kind: "open", name, reader: new FrameReader(upload), download };
    }
    return bytes.subarray(part.length);
  }
}

const NO_TOKEN = new Uint8Array(0);
const STRANGER: State = { kind: "draining", reason: "stranger" };
const REFUSED: State = { kind: "draining", reason: "refused" };
const REPLAY: State = { kind: "draining", reason: "replay" };
