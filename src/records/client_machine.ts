/**
 * The client's half of a connection.
 *
 * It says hello, and can say nothing more until the answer has come: the answer holds half of the
 * keys. An answer that nobody but the server can give opens the connection; anything else shows a
 * stranger, for ever. Then the client says its name, 16 bytes that it draws for itself; the server
 * knows by it which connections belong together. Datagrams follow, in frames, in both directions.
 *
 *     opening -> open -> broken      a frame was too long: bytes were damaged on their way
 *        '-----> stranger            the answer is not the server's
 *
 * Source: the sosistab wire, version 3, section 5.1.
 *
 * @module
 */
import { equalBytes } from "../bytes.ts";
import { SESSION_OVERHEAD, type SessionCipher } from "../crypto/aead.ts";
import { deriveStreamKeys, type OwnKeys, tripleDiffieHellman } from "../crypto/keys.ts";
import { StreamCipher } from "../crypto/stream_cipher.ts";
import type { X25519 } from "../host.ts";
import type { Random } from "../random.ts";
import { decodeHandshakeFrame, WIRE_VERSION } from "../wire/hello.ts";
import { ByteGatherer } from "./byte_gatherer.ts";
import { FrameReader } from "./frame_reader.ts";
import { answerCipher, helloCipher, LENGTH_BOX, openLengthBox } from "./opening.ts";
import { HELLO_LENGTH, MOST_OPENING_BOX, sealFirstFrame } from "./opening_message.ts";
import { looksLikeTls } from "./tls_sniff.ts";

// Protocol constants: changing one breaks interoperation.

/** Bytes of a client's name. */
export const NAME_LENGTH = 16;

/** Settings of a {@linkcode ClientRecordMachine}. */
export interface ClientRecordOptions {
  /** The server's public key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** {@linkcode NAME_LENGTH} random bytes, the same on all connections of one client. */
  readonly name: Uint8Array;
  readonly x25519: X25519;
  readonly random: Random;
}

/** How far a client's connection is. */
export type ClientRecordPhase = "opening" | "open" | "stranger" | "broken";

type State =
  | { readonly kind: "length"; readonly box: ByteGatherer }
  | { readonly kind: "answer"; readonly box: ByteGatherer }
  | { readonly kind: "open"; readonly reader: FrameReader; readonly upload: StreamCipher }
  | { readonly kind: "stranger" };

/** A connection to a server. */
export class ClientRecordMachine {
  /** What goes onto the connection first, in one write. */
  readonly hello: Uint8Array;
  readonly #options: ClientRecordOptions;
  readonly #keys: OwnKeys;
  readonly #answerCipher: SessionCipher;
  #state: State = { kind: "length", box: new ByteGatherer(LENGTH_BOX) };
  #isNamed = false;

  /** @param epochSeconds The wall clock: the server must agree within two minutes. */
  constructor(options: ClientRecordOptions, epochSeconds: number) {
    const { serverKey, name, x25519, random } = options;
    if (name.length !== NAME_LENGTH) {
      throw new RangeError(`name must be ${NAME_LENGTH} bytes, got ${name.length}`);
    }
    this.#options = options;
    // A client has no identity: its long-term pair lives as long as the opening.
    this.#keys = { long: x25519.generate(), ephemeral: x25519.generate() };
    const minute = Math.floor(epochSeconds / 60);
    this.#answerCipher = answerCipher(serverKey, minute);
    this.hello = sealHello(helloCipher(serverKey, minute), this.#keys, random);
  }

  /** How far it is. */
  get phase(): ClientRecordPhase {
    const state = this.#state;
    if (state.kind === "open") return state.reader.isBroken ? "broken" : "open";
    return state.kind === "stranger" ? "stranger" : "opening";
  }

  /** Whether the name has been said: the server hears of a client then. */
  get isNamed(): boolean {
    return this.#isNamed;
  }

  /**
   * Bytes have come. {@linkcode pollDatagram} wants to be asked until it has no more.
   *
   * @param bytes Decrypted in place; lent until then.
   */
  handleBytes(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const state = this.#state;
      if (state.kind === "stranger") return;
      if (state.kind === "open") return state.reader.push(rest);
      rest = rest.subarray(state.box.take(rest));
      if (state.box.isComplete) {
        this.#state = state.kind === "length" ? this.#readLength(state.box) : this.#open(state.box);
      }
    }
  }

  /** The next datagram, which is lent until the next call, or `undefined`. */
  pollDatagram(): Uint8Array | undefined {
    return this.#state.kind === "open" ? this.#state.reader.poll() : undefined;
  }

  /**
   * Makes bytes for the connection of frames; the first time with the name before them. It must be
   * open.
   *
   * @param frames Any number of them, also none; encrypted in place, and given back.
   */
  seal(frames: Uint8Array): Uint8Array {
    if (this.#state.kind !== "open") throw new Error("the connection is not open");
    const bytes = this.#isNamed ? frames : joined(this.#options.name, frames);
    this.#isNamed = true;
    this.#state.upload.apply(bytes);
    return bytes;
  }

  #readLength(box: ByteGatherer): State {
    const length = openLengthBox(this.#answerCipher, box.bytes);
    return length === undefined || length < HELLO_LENGTH + SESSION_OVERHEAD ||
        length > MOST_OPENING_BOX
      ? STRANGER
      : { kind: "answer", box: new ByteGatherer(length) };
  }

  #open(box: ByteGatherer): State {
    const plaintext = this.#answerCipher.open(box.bytes);
    const frame = plaintext === undefined ? undefined : decodeHandshakeFrame(plaintext);
    if (frame?.kind !== "serverHello") return STRANGER;
    const { serverKey, x25519 } = this.#options;
    // Without this whoever knows the server's key could answer in its place with a key of his own.
    if (!equalBytes(frame.longPublicKey, serverKey)) return STRANGER;
    const secret = tripleDiffieHellman(x25519, this.#keys, frame);
    if (secret === undefined) return STRANGER;
    const { upload, download } = deriveStreamKeys(secret);
    secret.fill(0);
    this.#keys.long.secretKey.fill(0);
    this.#keys.ephemeral.secretKey.fill(0);
    const reader = new FrameReader(new StreamCipher(download));
    return { kind: "open", reader, upload: new StreamCipher(upload) };
  }
}

/** Seals a hello that nobody takes for TLS. */
function sealHello(cipher: SessionCipher, keys: OwnKeys, random: Random): Uint8Array {
  const frame = {
    kind: "clientHello",
    longPublicKey: keys.long.publicKey,
    ephemeralPublicKey: keys.ephemeral.publicKey,
    version: WIRE_VERSION,
  } as const;
  let hello: Uint8Array;
  do hello = sealFirstFrame(cipher, frame, random); while (looksLikeTls(hello));
  return hello;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

const STRANGER: State = { kind: "stranger" };
