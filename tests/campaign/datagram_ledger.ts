/**
 * Datagrams that were sent, and those that came: each at most once, and whole.
 *
 * ```text
 * 0  4  sender
 * 4  4  number
 * 8  .  bytes of a generator
 * ```
 */
import { firstWrong, generatedBytes } from "./generator.ts";
import type { Report } from "./stream_ledger.ts";

const HEADER = 8;

/** What one end has sent to another. */
export class DatagramSender {
  readonly name: string;
  readonly id: number;
  /** The length of each, by number. */
  readonly lengths: number[] = [];
  /** Whether each has come. */
  readonly arrived: boolean[] = [];

  constructor(name: string, id: number) {
    this.name = name;
    this.id = id;
  }

  /** The next datagram. */
  next(length: number): Uint8Array {
    const number = this.lengths.push(Math.max(HEADER, length)) - 1;
    const bytes = generatedBytes(0, Math.max(HEADER, length), this.id * 65_536 + number);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.id);
    view.setUint32(4, number);
    return bytes;
  }
}

/** All senders of a run. */
export class DatagramLedger {
  readonly #report: Report;
  readonly #senders: DatagramSender[] = [];
  readonly #sources = new Map<string, DatagramSender>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** Somebody is going to send. */
  sender(name: string): DatagramSender {
    const sender = new DatagramSender(name, this.#senders.length);
    this.#senders.push(sender);
    return sender;
  }

  /**
   * A datagram has come.
   *
   * @param isServer All that it gets must be of one sender then; a client may go on in another session
   * of the server.
   */
  onReceived(datagram: Uint8Array, receiver: string, isServer: boolean): void {
    const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
    const sender = datagram.length < HEADER ? undefined : this.#senders[view.getUint32(0)];
    const number = sender === undefined ? 0 : view.getUint32(4);
    const length = sender?.lengths[number];
    if (sender === undefined || length === undefined) {
      return this.#report(`${receiver} has received a datagram that nobody has sent`);
    }
    const what = `${receiver} has received datagram ${number} of ${sender.name}`;
    const salt = sender.id * 65_536 + number;
    if (datagram.length !== length) this.#report(`${what}, ${datagram.length} bytes of ${length}`);
    else if (firstWrong(datagram.subarray(HEADER), HEADER, salt) >= 0) {
      this.#report(`${what}, damaged`);
    }
    if (sender.arrived[number]) this.#report(`${what} again`);
    sender.arrived[number] = true;
    const source = this.#sources.get(receiver) ?? sender;
    this.#sources.set(receiver, source);
    if (source !== sender && isServer) this.#report(`${what}, which was for somebody else`);
  }
}
