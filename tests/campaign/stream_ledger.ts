/**
 * What was written into streams, and what was read: bytes out = bytes in, in order, exactly once.
 *
 * A stream is known by its info, which names it at both ends. Each direction has a generator of its
 * own, so what is read is compared by its place.
 */
import { firstWrong, generatedBytes } from "./generator.ts";

/** Told of what must not be. */
export type Report = (violation: string) => void;

/** One end of a stream. */
export class StreamEndRecord {
  readonly name: string;
  readonly #salt: number;
  readonly #peerSalt: number;
  readonly #report: Report;
  #peer: StreamEndRecord | undefined;
  #written = 0;
  /** More than this may have been taken when a write was broken off. */
  #offered = 0;
  #isFinished = false;
  #read = 0;
  /** Why the other end may be cut, once there is a reason. */
  cause: string | undefined;
  /** Whether this end has said that it does not read any more. */
  isDiscarding = false;

  constructor(name: string, salt: number, peerSalt: number, report: Report) {
    this.name = name;
    this.#salt = salt;
    this.#peerSalt = peerSalt;
    this.#report = report;
  }

  /** The other end of the stream. */
  get peer(): StreamEndRecord {
    if (this.#peer === undefined) throw new Error("a stream has one end alone");
    return this.#peer;
  }

  /** Joins two ends. */
  static join(one: StreamEndRecord, other: StreamEndRecord): void {
    one.#peer = other;
    other.#peer = one;
  }

  /** The next bytes to write: they count as offered from now on. */
  next(length: number): Uint8Array {
    this.#offered += length;
    return generatedBytes(this.#written, length, this.#salt);
  }

  /** All that was offered was taken. */
  onWritten(): void {
    this.#written = this.#offered;
  }

  /** Nothing will be written any more. */
  onFinished(): void {
    this.#isFinished = true;
  }

  /** Bytes that were read. */
  get read(): number {
    return this.#read;
  }

  /** Bytes have been read. */
  onRead(bytes: Uint8Array): void {
    const wrong = firstWrong(bytes, this.#read, this.#peerSalt);
    if (wrong >= 0) this.#report(`${this.name} has read a wrong byte at ${wrong}`);
    this.#read += bytes.length;
    if (this.#read > this.peer.#offered) {
      this.#report(`${this.name} has read ${this.#read} bytes of ${this.peer.#offered}`);
    }
  }

  /** The end has been read. */
  onEnd(): void {
    if (this.isDiscarding) return;
    const { peer } = this;
    if (!peer.#isFinished) this.#report(`${this.name} has read an end that nobody has written`);
    if (this.#read < peer.#written) {
      this.#report(`${this.name} has read an end after ${this.#read} of ${peer.#written} bytes`);
    }
  }
}

/** All streams of a run. */
export class StreamLedger {
  readonly #report: Report;
  readonly #streams = new Map<string, { record: StreamEndRecord; owner: string }>();
  readonly #accepted = new Set<string>();
  readonly #owners = new Map<string, string>();
  #salt = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** A stream is being opened. */
  open(label: string, owner: string): StreamEndRecord {
    const [salt, peerSalt] = [this.#salt++, this.#salt++];
    const near = new StreamEndRecord(`${label} at ${owner}`, salt, peerSalt, this.#report);
    const far = new StreamEndRecord(
      `${label} at the end that accepted it`,
      peerSalt,
      salt,
      this.#report,
    );
    StreamEndRecord.join(near, far);
    this.#streams.set(label, { record: near, owner });
    return near;
  }

  /**
   * A stream was accepted.
   *
   * @param isServer All that it accepts must come from one other multiplex then; a client's may go on in
   * another session of the server.
   */
  accept(label: string, acceptor: string, isServer: boolean): StreamEndRecord | undefined {
    const stream = this.#streams.get(label);
    if (stream === undefined) {
      this.#report(`${acceptor} has accepted a stream that nobody has opened: ${label}`);
      return undefined;
    }
    if (this.#accepted.has(label)) this.#report(`${acceptor} has accepted ${label} again`);
    this.#accepted.add(label);
    const owner = this.#owners.get(acceptor) ?? stream.owner;
    this.#owners.set(acceptor, owner);
    if (owner !== stream.owner && isServer) {
      this.#report(`${acceptor} has accepted streams of ${owner} and of ${stream.owner}`);
    }
    return stream.record.peer;
  }

  /** Whose streams a multiplex has accepted; `undefined`: none. */
  ownerOf(acceptor: string): string | undefined {
    return this.#owners.get(acceptor);
  }
}
