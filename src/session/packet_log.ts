/**
 * What passes at a machine, as lines of JSON.
 *
 * What is inside of a packet is seen where it is sealed and opened: the log stands around the
 * cipher, so it needs nobody's help, and a run is the same with it and without. Where a packet goes
 * to, and what is no packet of a session, is seen at the datagram socket; of byte streams only the
 * ciphers are watched.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { PacketCipher, SessionState } from "../host.ts";
import { decodeFrame } from "../wire/frame.ts";
import { decodeMessage } from "../wire/message.ts";

/** What is told of a datagram that is sent or that has come. */
export interface PacketLogEntry {
  /** On the clock of the host, ms; in a simulated network since that was made. */
  readonly time: number;
  /** The name of the node, in a simulated network. */
  readonly node?: string;
  /** Whether it left the machine or came to it. */
  readonly direction: "sent" | "received";
  /** The other end's address; missing of what came through a byte stream. */
  readonly peer?: string;
  /** Bytes of the datagram. */
  readonly size: number;
  /** A frame of a session, or another datagram: a handshake, or no part of sosistab. */
  readonly kind: "data" | "parity" | "other";
  /** Data: the number of the frame. */
  readonly frame?: number;
  /** Data: the highest frame that its sender has received. */
  readonly highReceived?: number;
  /** Data: how many frames its sender has received. */
  readonly totalReceived?: number;
  /** Data: the kind of the multiplex's message, or the type of a stream's. */
  readonly message?: string;
  /** Data of a stream: its id. */
  readonly stream?: number;
  /** Data of a stream: the segment's number. */
  readonly sequence?: number;
  /** Parity: the first frame of its run. */
  readonly runStart?: number;
  /** Parity: data frames of its run. */
  readonly dataCount?: number;
  /** Parity: which one it is. */
  readonly parityIndex?: number;
  /** What a session sends: the smoothed round trip, ms. */
  readonly rtt?: number;
  /** What a multiplex sends: what its congestion controller lets be in flight, packets. */
  readonly window?: number;
}

/** What is told of a packet's content, and of the session that sends it. */
type Content = Omit<PacketLogEntry, "time" | "node" | "direction" | "peer" | "size">;

const OTHER: Content = { kind: "other" };

/** The log of one machine. */
export class PacketLog {
  readonly #node: string | undefined;
  readonly #now: () => number;
  readonly #write: (line: string) => void;
  #state: SessionState | undefined;
  /** Its size tells it from a handshake, should it never have reached the socket. */
  #sealed: { readonly size: number; readonly content: Content } | undefined;
  #arrived: { readonly size: number; readonly from: Address } | undefined;
  #opened: Content | undefined;

  /**
   * @param node The machine's name, where it has one.
   * @param write Given the lines, without line feeds. Must not throw.
   */
  constructor(node: string | undefined, now: () => number, write: (line: string) => void) {
    this.#node = node;
    this.#now = now;
    this.#write = write;
  }

  /** Looks at what passes a cipher. */
  watch(cipher: PacketCipher): PacketCipher {
    // Of its session: further pieces of a body, and what asks about the path, are not announced.
    let state: SessionState | undefined;
    return {
      seal: (packet, length, nonce) => {
        state = this.#state ?? state;
        this.#state = undefined;
        const content = contentOf(packet.subarray(0, length));
        const size = cipher.seal(packet, length, nonce);
        this.#onSealed(content, size, state);
        return size;
      },
      open: (packet) => {
        const size = packet.length;
        const plaintext = cipher.open(packet);
        if (plaintext !== undefined) this.#onOpened(contentOf(plaintext), size);
        return plaintext;
      },
      wipe: () => cipher.wipe?.(),
    };
  }

  /** A session is about to seal a packet. */
  onSessionState(state: SessionState): void {
    this.#state = state;
  }

  /** A datagram socket sends. */
  onSent(size: number, to: Address): void {
    const sealed = this.#sealed;
    this.#sealed = undefined;
    this.#tellSent(size, to, sealed?.size === size ? sealed.content : OTHER);
  }

  /** A datagram socket is given something; `run` lets the program have it. */
  onReceived(size: number, from: Address, run: () => void): void {
    this.#arrived = { size, from };
    try {
      run();
    } finally {
      this.#tellArrived();
    }
  }

  #onSealed(content: Content, size: number, state: SessionState | undefined): void {
    if (state === undefined) {
      this.#sealed = { size, content };
      return;
    }
    const { rtt, window, remoteAddr, isOverStream } = state;
    const known = { ...content, rtt, ...window === undefined ? {} : { window } };
    if (isOverStream) this.#tellSent(size, remoteAddr, known);
    else this.#sealed = { size, content: known };
  }

  #onOpened(content: Content, size: number): void {
    if (this.#arrived === undefined) this.#tell("received", size, undefined, content);
    else this.#opened = content;
  }

  #tellSent(size: number, to: Address, content: Content): void {
    // What has come caused it.
    this.#tellArrived();
    this.#tell("sent", size, to, content);
  }

  #tellArrived(): void {
    const arrived = this.#arrived;
    if (arrived === undefined) return;
    this.#tell("received", arrived.size, arrived.from, this.#opened ?? OTHER);
    this.#arrived = this.#opened = undefined;
  }

  #tell(
    direction: "sent" | "received",
    size: number,
    peer: Address | undefined,
    content: Content,
  ): void {
    const entry: PacketLogEntry = {
      time: this.#now(),
      ...this.#node === undefined ? {} : { node: this.#node },
      direction,
      ...peer === undefined ? {} : { peer: formatAddress(peer) },
      size,
      ...content,
    };
    this.#write(JSON.stringify(entry));
  }
}

function contentOf(plaintext: Uint8Array): Content {
  const frame = decodeFrame(plaintext)?.frame;
  if (frame === undefined) return OTHER;
  if (frame.kind === "parity") {
    const { kind, runStart, dataCount, parityIndex } = frame;
    return { kind, runStart, dataCount, parityIndex };
  }
  const { kind, frameNumber, highReceived, totalReceived } = frame;
  const numbers = { kind, frame: frameNumber, highReceived, totalReceived };
  const message = decodeMessage(frame.body);
  if (message === undefined) return numbers;
  if (message.kind !== "stream") return { ...numbers, message: message.kind };
  const { type, streamId, sequence } = message;
  return { ...numbers, message: type, stream: streamId, sequence };
}
