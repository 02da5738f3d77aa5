/**
 * A byte stream by `node:net` or `node:tls`, which behave alike on Deno, Bun and Node.
 *
 * Own web streams and not those of `Readable.toWeb`: these know how many bytes wait, cut when they
 * are aborted though a write hangs, and close each half alone. The socket is read when somebody
 * reads here and not before, so that the system's own window is the backpressure; a write is done
 * when the system has its bytes.
 *
 * @module
 */
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { type Address, formatAddress, normalizeHostname } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { StreamSocket } from "../host.ts";
import { streamError } from "./socket_error.ts";

// Tuning.

/**
 * How long a closed stream may take to get rid of what was written, ms. Nobody waits for it any
 * more, and the other end may have stopped reading for good.
 */
const CLOSE_TIMEOUT = 30_000;

/**
 * How long a stream that is closed and has sent its end waits for the other one's, ms. A socket that
 * is given back with bytes unread, or that is sent more, makes the system cut the connection, and
 * the other end may lose by that what it has not read yet: a round trip of a bad path, and some.
 */
const LINGER = 5_000;

/** What lies below a stream: the TCP connection, or the stream that TLS is spoken over. */
export interface Outside {
  /** This end. */
  readonly localAddr: Address;
  /** The other end. */
  readonly remoteAddr: Address;
  /** Reads no more for now. */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** Calls back when there is room for more to write. */
  whenRoom(run: () => void): void;
  /** Cuts the connection. */
  cut(): void;
}

/** A {@linkcode StreamSocket} on a socket that is connected. */
export class NetStream implements StreamSocket {
  /** This end. */
  readonly localAddr: Address;
  /** The other end. */
  readonly remoteAddr: Address;
  /** Whether it is a stream inside of TLS. */
  readonly isSecure: boolean;
  /** What comes. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What goes out. */
  readonly writable: WritableStream<Uint8Array>;
  readonly #socket: Socket;
  readonly #outside: Outside;
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  #writer: WritableStreamDefaultController | undefined;
  /** Settles a read that waits for bytes. */
  #onRead: (() => void) | undefined;
  /** What came when nobody waited: hardly ever more than one. */
  #held: Uint8Array[] = [];
  #hasEnded = false;
  /** Settles a write, or the end of all, that waits for room. */
  #onWritten: ((error?: unknown) => void) | undefined;
  /** Chunks that were given to `writable` and that the system does not have yet. */
  #unwritten = 0;
  #state: "open" | "closing" | "over" = "open";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param socket From now on this object's alone; with `allowHalfOpen`.
   * @param outside Where the socket is one of TLS, the stream that it speaks over.
   */
  constructor(socket: Socket, outside?: Outside) {
    this.#socket = socket;
    this.#outside = outside ?? tcpOf(socket);
    this.isSecure = outside !== undefined;
    this.localAddr = this.#outside.localAddr;
    this.remoteAddr = this.#outside.remoteAddr;
    this.readable = new ReadableStream({
      start: (controller) => void (this.#reader = controller),
      pull: () => this.#pull(),
      cancel: () => this.#stopReading(),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writer = controller;
        // Not by `abort`, which would wait until a write is done.
        controller.signal.addEventListener("abort", () => this.#cut());
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#end(),
    }, { highWaterMark: 1, size: () => (this.#unwritten++, 1) });
    for (const [event, listener] of this.#listeners) socket.on(event, listener);
    socket.on("data", this.#onData);
    if (socket.readableEnded) this.#endReading();
    if (socket.destroyed) this.#onClose();
  }

  /** Closes both halves. */
  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#endReading();
    this.#stopReading();
    this.#timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT);
    if (this.#unwritten === 0) this.#socket.end();
    if (this.#socket.writableFinished) this.#linger();
  }

  /**
   * Takes the socket out, whole, so that something else can use it.
   *
   * @returns `undefined` when the stream is in use, has ended, or is none of TCP alone.
   */
  release(): Socket | undefined {
    const isIdle = !this.readable.locked && this.#onRead === undefined &&
      !this.writable.locked && this.#unwritten === 0;
    const isWhole = this.#reader !== undefined && !this.#hasEnded && !this.#socket.writableEnded;
    if (!isIdle || !isWhole || this.#state !== "open" || this.isSecure) return undefined;
    this.#state = "over";
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener);
    this.#socket.off("data", this.#onData);
    this.#socket.pause();
    for (const chunk of this.#held.reverse()) this.#socket.unshift(chunk);
    return this.#socket;
  }

  /** What the socket tells, and who is told. */
  readonly #listeners: readonly (readonly [string, (fact: unknown) => void])[] = [
    ["end", () => this.#onEnd()],
    ["finish", () => this.#onFinish()],
    ["error", (error) => this.#onError(error)],
    ["close", () => this.#onClose()],
  ];

  #pull(): Promise<void> | void {
    const chunk = this.#held.shift();
    if (chunk !== undefined) {
      this.#reader?.enqueue(chunk);
      if (this.#hasEnded && this.#held.length === 0) this.#endReading();
      return;
    }
    return new Promise((resolve) => {
      this.#onRead = resolve;
      this.#outside.resume();
    });
  }

  readonly #onData = (bytes: Uint8Array): void => {
    if (this.#reader === undefined) return;
    // A plain `Uint8Array`: the `slice` of a `Buffer` does not copy, and readers rely on that it does.
    const chunk = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#onRead === undefined) {
      this.#held.push(chunk);
      this.#outside.pause();
    } else {
      this.#reader.enqueue(chunk);
      this.#settleRead();
    }
  };

  #settleRead(): void {
    const settle = this.#onRead;
    this.#onRead = undefined;
    settle?.();
  }

  /** Nothing comes any more. */
  #endReading(): void {
    this.#reader?.close();
    this.#reader = undefined;
    this.#settleRead();
  }

  /** Nobody wants to read: what comes is thrown away, so that its end is seen. */
  #stopReading(): void {
    this.#reader = undefined;
    this.#held = [];
    this.#outside.resume();
  }

  #write(chunk: Uint8Array): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      // By this `writable` breaks, and forgets what else it was given.
      this.#unwritten = 0;
      throw new TypeError("a stream takes Uint8Array only");
    }
    if (this.#socket.writableEnded) throw closedHere();
    return new Promise((resolve, reject) => {
      this.#onWritten = (error) => {
        this.#onWritten = undefined;
        if (error) return reject(this.#errorOf(error));
        this.#outside.whenRoom(() => {
          resolve();
          if (--this.#unwritten === 0 && this.#state === "closing") this.#socket.end();
        });
      };
      this.#socket.write(chunk, (error) => this.#onWritten?.(error));
    });
  }

  /** Ends the writing half; settles when the system has all of it. */
  #end(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onWritten = (error) => {
        this.#onWritten = undefined;
        if (error) reject(this.#errorOf(error));
        else resolve();
      };
      this.#socket.end();
      if (this.#socket.writableFinished) this.#onWritten();
    });
  }

  #cut(): void {
    if (this.#state === "over") return;
    // Its own abort ends `writable`.
    this.#writer = undefined;
    this.#fail(closedHere());
    this.#outside.cut();
    this.#socket.destroy();
  }

  #onEnd(): void {
    this.#hasEnded = true;
    if (this.#held.length === 0) this.#endReading();
  }

  #onFinish(): void {
    this.#onWritten?.();
    if (this.#state === "closing") this.#linger();
  }

  /** All is sent, the end too: the other one's is awaited for a while, but no process lives for it. */
  #linger(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.destroy(), LINGER);
    this.#timer.unref();
    this.#socket.unref();
  }

  #onError(error: unknown): void {
    this.#fail(this.#errorOf(error));
  }

  /** The socket is gone: in good order, or nobody says why. */
  #onClose(): void {
    clearTimeout(this.#timer);
    // Bun's TLS sockets are gone before they say that all is sent.
    if (this.#socket.writableEnded && this.#unwritten === 0) this.#onWritten?.();
    this.#fail(new SosistabError("connection-lost", `the stream to ${this.#where} is gone`));
  }

  /** Tells whoever reads or writes, once. Those who have come to the end are not told. */
  #fail(error: SosistabError): void {
    if (this.#state === "over") return;
    const isClosing = this.#state === "closing";
    this.#state = "over";
    const hasFinished = this.#socket.writableFinished;
    this.#onWritten?.(hasFinished ? undefined : error);
    if (isClosing || !hasFinished) this.#writer?.error(hasFinished ? closedHere() : error);
    // What came before the end may still be held.
    if (this.#hasEnded) return;
    this.#reader?.error(error);
    this.#reader = undefined;
    this.#settleRead();
  }

  #errorOf(cause: unknown): SosistabError {
    return cause instanceof SosistabError ? cause : streamError(cause, this.remoteAddr);
  }

  get #where(): string {
    return formatAddress(this.remoteAddr);
  }
}

function closedHere(): SosistabError {
  return new SosistabError("closed", "the stream was closed at this end");
}

/** Where the two ends of a socket are; of one that broke before it was looked at nothing is known. */
export function endsOf(socket: Socket): Pick<Outside, "localAddr" | "remoteAddr"> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  return {
    localAddr: addressOf(localAddress, localPort),
    remoteAddr: addressOf(remoteAddress, remotePort),
  };
}

function addressOf(hostname = "", port = 0): Address {
  return { hostname: normalizeHostname(hostname), port };
}

/** What lies below a stream of TCP. */
function tcpOf(socket: Socket): Outside {
  return {
    ...endsOf(socket),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    whenRoom: (run) => run(),
    cut: () => void socket.resetAndDestroy(),
  };
}
