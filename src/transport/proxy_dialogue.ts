/**
 * A client's talk with a proxy, until the proxy steps aside.
 *
 * What a proxy says is bounded in length and in time, and read to the byte: what stands behind it is
 * the server's, and goes to whoever gets the stream. Whatever goes wrong cuts the connection.
 *
 * @module
 */
import { type Address, formatAddress, isIpv6 } from "../address.ts";
import { SosistabError } from "../errors.ts";
import type { ByteStream, Host } from "../host.ts";
import { parseIpv6 } from "./ipv6_bytes.ts";
import { unlessAborted } from "./unless_aborted.ts";

// Tuning.

/**
 * How long a proxy may take for all of it, ms. It has to reach the server meanwhile, for which
 * proxies themselves have limits of 10 to 60 s.
 */
const PROXY_TIMEOUT = 30_000;

/** Where a proxy is, and who wants to use it. */
export interface ProxyOptions {
  /** The proxy's host name or IP literal. */
  readonly hostname: string;
  /** The proxy's port, 1 to 65,535. */
  readonly port: number;
  /** For proxies that want a login. */
  readonly username?: string;
  /** The empty one by default; only with a user name. */
  readonly password?: string;
}

/** A login, in bytes. */
export interface ProxyLogin {
  readonly username: Uint8Array;
  readonly password: Uint8Array;
}

/** Throws a `RangeError` or a `TypeError` for options that cannot be meant. */
export function checkProxyOptions(host: Host, { hostname, port }: ProxyOptions): void {
  if (host.connectStream === undefined) throw new TypeError("the host has no byte streams");
  if (!isHostname(hostname)) {
    throw new RangeError(
      `the proxy's hostname must be a host name or an IP literal, got ${JSON.stringify(hostname)}`,
    );
  }
  checkPort("the proxy's port", port);
}

/** The login of options, if there is one. Throws a `RangeError` when it is longer than it may be. */
export function loginOf(
  { username, password }: ProxyOptions,
  longest: number,
): ProxyLogin | undefined {
  if (username === undefined) {
    if (password !== undefined) throw new TypeError("a password needs a username");
    return undefined;
  }
  const login = {
    username: new TextEncoder().encode(username),
    password: new TextEncoder().encode(password ?? ""),
  };
  if (login.username.length < 1 || login.username.length > longest) {
    throw new RangeError(
      `username must be 1 to ${longest} bytes long, got ${login.username.length}`,
    );
  }
  if (login.password.length > longest) {
    throw new RangeError(`password must be at most ${longest} bytes long`);
  }
  return login;
}

/** Throws a `RangeError` for what a proxy cannot be asked to connect to. */
export function checkTarget({ hostname, port }: Address): void {
  if (!isHostname(hostname)) {
    throw new RangeError(
      `hostname must be an IP literal or a host name of 1 to 255 ASCII letters, got ${
        JSON.stringify(hostname)
      }`,
    );
  }
  checkPort("port", port);
}

/**
 * Connects to a proxy, and lets it be talked to.
 *
 * @param talk Settles when the proxy has stepped aside; what it throws is thrown on.
 * @returns The stream to the server, which begins with what was not read. Rejects with the
 * {@linkcode SosistabError} `proxy-failed` and with the signal's reason.
 */
export async function talkToProxy(
  host: Host,
  proxy: Address,
  signal: AbortSignal | undefined,
  talk: (dialogue: ProxyDialogue) => Promise<void>,
): Promise<ByteStream> {
  signal?.throwIfAborted();
  const ending = new AbortController();
  const onAbort = () => ending.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  const alarm = host.setAlarm(
    host.now() + PROXY_TIMEOUT,
    () => ending.abort(proxyFailed(proxy, "has not answered in time")),
  );
  let dialogue: ProxyDialogue | undefined;
  try {
    dialogue = new ProxyDialogue(await reach(host, proxy, ending.signal), proxy, ending.signal);
    await talk(dialogue);
    return dialogue.finish();
  } catch (error) {
    dialogue?.cut();
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    alarm[Symbol.dispose]();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What is said to a proxy, and heard from it. */
export class ProxyDialogue {
  readonly #stream: ByteStream;
  readonly #proxy: Address;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** What has come and was not read. */
  #rest: Uint8Array = new Uint8Array(0);

  /** @param signal Cuts the connection, by which every wait ends. */
  constructor(stream: ByteStream, proxy: Address, signal: AbortSignal) {
    this.#stream = stream;
    this.#proxy = proxy;
    this.#reader = stream.readable.getReader();
    this.#writer = stream.writable.getWriter();
    signal.addEventListener("abort", () => this.cut());
    if (signal.aborted) this.cut();
  }

  /** Says something, in one write. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(bytes);
    } catch (cause) {
      throw this.failed("has cut the connection", cause);
    }
  }

  /** Reads so many bytes. */
  async read(length: number): Promise<Uint8Array> {
    while (this.#rest.length < length) await this.#readMore();
    return this.#take(length);
  }

  /**
   * Reads up to an empty line, and through it.
   *
   * @param limit Bytes that it may be long, the empty line included.
   */
  async readHead(limit: number): Promise<Uint8Array> {
    for (let from = 0;;) {
      const end = endOfHead(this.#rest, from);
      if (end > limit || (end < 0 && this.#rest.length >= limit)) {
        throw this.failed("has answered with more than belongs there");
      }
      if (end >= 0) return this.#take(end);
      from = Math.max(0, this.#rest.length - 3);
      await this.#readMore();
    }
  }

  /** The error of a proxy that did not do its part. */
  failed(how: string, cause?: unknown): SosistabError {
    return proxyFailed(this.#proxy, how, cause);
  }

  /** Cuts the connection. */
  cut(): void {
    this.#writer.abort().catch(() => {});
    this.#stream.close();
  }

  /** The proxy has stepped aside: this is what it leaves. */
  finish(): ByteStream {
    this.#writer.releaseLock();
    if (this.#rest.length > 0) return withRest(this.#rest, this.#reader, this.#stream);
    this.#reader.releaseLock();
    return this.#stream;
  }

  async #readMore(): Promise<void> {
    const { value } = await this.#reader.read().catch((cause) => {
      throw this.failed("has cut the connection", cause);
    });
    if (value === undefined) throw this.failed("has closed the connection in the middle");
    const joined = new Uint8Array(this.#rest.length + value.length);
    joined.set(this.#rest);
    joined.set(value, this.#rest.length);
    this.#rest = joined;
  }

  #take(length: number): Uint8Array {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

/** Connects to the first of the proxy's addresses that answers. */
async function reach(host: Host, proxy: Address, signal: AbortSignal): Promise<ByteStream> {
  const { port } = proxy;
  let failure: unknown;
  try {
    for (const hostname of await unlessAborted(host.resolve(proxy.hostname), signal)) {
      try {
        const stream = await host.connectStream?.({ hostname, port }, { signal });
        if (stream !== undefined) return stream;
      } catch (error) {
        if (signal.aborted) throw error;
        failure = error;
      }
    }
  } catch (error) {
    failure = error;
  }
  throw proxyFailed(proxy, "cannot be reached", failure);
}

/** The place behind the first empty line, or -1. */
function endOfHead(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 3 < bytes.length; at++) {
    const isEnd = bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 &&
      bytes[at + 3] === 10;
    if (isEnd) return at + 4;
  }
  return -1;
}

/** A stream that begins with bytes that were read from it. */
function withRest(
  rest: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  stream: ByteStream,
): ByteStream {
  let first: Uint8Array | undefined = rest;
  const readable = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const value = first ?? (await reader.read()).value;
      first = undefined;
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { readable, writable: stream.writable, close: () => stream.close() };
}

function proxyFailed(proxy: Address, how: string, cause?: unknown): SosistabError {
  const message = `the proxy at ${formatAddress(proxy)} ${how}`;
  return new SosistabError("proxy-failed", message, { cause });
}

/** Whether a text can be the name of a host; and it holds nothing that ends a line or a field. */
function isHostname(text: string): boolean {
  return isIpv6(text) ? parseIpv6(text) !== undefined : /^[A-Za-z0-9._-]{1,255}$/.test(text);
}

function checkPort(name: string, port: number): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`${name} must be an integer from 1 to 65,535, got ${port}`);
  }
}
