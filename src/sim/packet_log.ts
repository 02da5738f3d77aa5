/**
 * What passes at a node, as lines of JSON.
 *
 * What is inside of a packet is seen where it is sealed and opened: the log stands around the
 * cipher, so it needs nobody's help, and a run is the same with it and without.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import type { PacketCipher, SessionState } from "../host.ts";
import { decodeFrame } from "../wire/frame.ts";
import { decodeMessage } from "../wire/message.ts";
import type { PacketLogEntry } from "./contract.ts";

/** What is told of a packet's content. */
type Content = Omit<PacketLogEntry, "time" | "node" | "direction" | "peer" | "size">;

const OTHER: Content = { kind: "other" };

/** The log of one node. */
export class PacketLog {
  readonly #node: string;
  readonly #now: () => number;
  readonly #write: (line: string) => void;
  #state: SessionState | undefined;
  #sealed: Content | undefined;
  #arrived: { readonly size: number; readonly from: Address } | undefined;
  #opened: Content | undefined;

  constructor(node: string, now: () => number, write: (line: string) => void) {
    this.#node = node;
    this.#now = now;
    this.#write = write;
  }

  /** Looks at what passes a cipher. */
  watch(cipher: PacketCipher): PacketCipher {
    return {
      seal: (packet, length, nonce) => {
        this.#sealed = { ...contentOf(packet.subarray(0, length)), ...this.#state };
        return cipher.seal(packet, length, nonce);
      },
      open: (packet) => {
        const plaintext = cipher.open(packet);
        if (plaintext !== undefined) this.#opened = contentOf(plaintext);
        return plaintext;
      },
    };
  }

  /** A session is about to send. */
  onSessionState(state: SessionState): void {
    this.#state = state;
  }

  /** A socket sends. */
  onSent(size: number, to: Address): void {
    // What has come caused it.
    this.#tellArrived();
    this.#tell("sent", size, to, this.#sealed ?? OTHER);
    this.#sealed = undefined;
    this.#state = undefined;
  }

  /** A socket is given a datagram; `run` lets the program have it. */
  onReceived(size: number, from: Address, run: () => void): void {
    this.#arrived = { size, from };
    try {
      run();
    } finally {
      this.#tellArrived();
    }
  }

  #tellArrived(): void {
    const arrived = this.#arrived;
    if (arrived === undefined) return;
    this.#tell("received", arrived.size, arrived.from, this.#opened ?? OTHER);
    this.#arrived = this.#opened = undefined;
  }

  #tell(direction: "sent" | "received", size: number, peer: Address, content: Content): void {
    const time = this.#now();
    const at = { time, node: this.#node, direction, peer: formatAddress(peer), size };
    const entry: PacketLogEntry = { ...at, ...content };
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
