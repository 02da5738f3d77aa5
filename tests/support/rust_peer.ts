/**
 * Runs the Rust peer (`tests/interop/peer/`) from a test: starts it, reads its events, and sees to
 * it that it ends. What it can do stands at the top of its `main.rs`.
 *
 * @module
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Address } from "../../src/address.ts";
import { formatAddress, parseAddress } from "../../src/address.ts";
import { formatHex } from "../../src/bytes.ts";

/** Something that the peer reported. `event` says what; the other fields depend on it. */
export interface PeerEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** How the peer carries its datagrams. */
export type PeerTransport = "udp" | "tcp" | "tls";

/** What both roles of the peer may be told. */
interface PeerOptions {
  /** `udp` unless given. */
  readonly transport?: PeerTransport;
  /** Seconds after which it ends by itself; 60 unless given. */
  readonly limit?: number;
}

/** How a server is started. */
export interface RustServerOptions extends PeerOptions {
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  /** Echo the session's datagrams themselves, without a multiplex. */
  readonly raw?: boolean;
  /** Infos of the streams that it opens on each session. */
  readonly open?: readonly string[];
}

/** How a client is started. */
export interface RustClientOptions extends PeerOptions {
  /** Where the server is. */
  readonly server: Address;
  /** The server's key, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** 1 unless given. */
  readonly shards?: number;
  /** Replaces its worst shard this often, ms; never unless given. */
  readonly resetInterval?: number;
  /** An action and its arguments: `["download", 100_000, 32]`. */
  readonly action: readonly (string | number)[];
}

/** A server that listens. */
export interface RustServer {
  readonly peer: RustPeer;
  readonly addr: Address;
  /** As the peer itself computed it, 64 hexadecimal digits. */
  readonly publicKey: string;
}

/** How long an event is waited for, ms, where a test says nothing. */
const EVENT_TIMEOUT = 20_000;

/** How long a peer gets to end by itself before it is killed, ms. */
const STOP_TIMEOUT = 2_000;

/** As much of stderr as is kept for an error message. */
const STDERR_KEPT = 4_000;

/** A running Rust peer. Stop it at the end of the test. */
export class RustPeer {
  /** All that it reported so far. */
  readonly events: PeerEvent[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  /** How many events of each name were handed out by {@linkcode event}. */
  readonly #taken = new Map<string, number>();
  readonly #exit: Promise<number>;
  #ended = false;
  #line = "";
  #stderr = "";
  /** Called when there is something new: an event, or the end. */
  readonly #watchers = new Set<() => void>();

  /**
   * Starts a peer.
   *
   * @param program Its path, from `buildPeer()`.
   * @param args Its command line.
   */
  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args);
    this.#child.stdin.on("error", () => {});
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#exit = new Promise((resolve) => {
      const end = (code: number): void => {
        this.#ended = true;
        this.#notify();
        resolve(code);
      };
      this.#child.on("error", (error) => {
        this.#stderr += String(error);
        end(-1);
      });
      this.#child.on("close", (code) => end(code ?? -1));
    });
  }

  /** Starts a server on a free port of 127.0.0.1, and waits until it listens. */
  static async server(program: string, options: RustServerOptions): Promise<RustServer> {
    const { secretKey, transport = "udp", raw = false, open = [] } = options;
    const peer = new RustPeer(program, [
      "server",
      "127.0.0.1:0",
      formatHex(secretKey),
      transport === "tls" ? "tcp" : transport,
      raw ? "raw" : "mux",
      ...open.flatMap((info) => ["--open", info]),
      ...limitArguments(options),
    ]);
    try {
      const { address, public_key } = await peer.event("listening");
      const addr = parseAddress(String(address));
      if (!addr) throw new Error(`the peer listens on ${address}, which is no address`);
      return { peer, addr, publicKey: String(public_key) };
    } catch (error) {
      await peer.stop();
      throw error;
    }
  }

  /** Starts a client, which does one action. */
  static client(program: string, options: RustClientOptions): RustPeer {
    const { server, serverKey, transport = "udp", shards = 1, resetInterval, action } = options;
    return new RustPeer(program, [
      "client",
      formatAddress(server),
      formatHex(serverKey),
      transport,
      String(shards),
      ...action.map(String),
      ...(resetInterval === undefined ? [] : ["--reset-interval", String(resetInterval)]),
      ...limitArguments(options),
    ]);
  }

  /**
   * Waits for the next event of a name: each call takes another one.
   *
   * @param timeout How long, ms.
   * @returns Rejects when the time is over, or when the peer ends or fails before.
   */
  async event(name: string, timeout: number = EVENT_TIMEOUT): Promise<PeerEvent> {
    const taken = this.#taken.get(name) ?? 0;
    const find = (): PeerEvent | undefined =>
      this.events.filter(({ event }) => event === name)[taken];
    const failed = (): boolean => this.#ended || this.events.some(({ event }) => event === "error");
    await this.#until(() => find() !== undefined || failed(), timeout);
    const found = find();
    if (!found) throw new Error(`no event "${name}" from the peer: ${this.#account()}`);
    this.#taken.set(name, taken + 1);
    return found;
  }

  /** Waits for the end. @returns The exit code. Rejects when the time is over. */
  async exit(timeout: number = EVENT_TIMEOUT): Promise<number> {
    await this.#until(() => this.#ended, timeout);
    if (!this.#ended) throw new Error(`the peer does not end: ${this.#account()}`);
    return await this.#exit;
  }

  /** Asks for statistics. */
  async stats(): Promise<PeerEvent> {
    this.#child.stdin.write("stats\n");
    return await this.event("stats");
  }

  /** Ends the peer, kindly at first. Never rejects; doing so twice is harmless. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#until(() => this.#ended, STOP_TIMEOUT);
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.#exit;
  }

  #read(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.events.push(JSON.parse(line));
    this.#notify();
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Waits for a condition, or until the time is over. */
  async #until(isDone: () => boolean, timeout: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(watch);
        resolve();
      };
      const watch = (): void => {
        if (isDone()) end();
      };
      const timer = setTimeout(end, timeout);
      this.#watchers.add(watch);
      watch();
    });
  }

  /** What is known of the peer, for an error message. */
  #account(): string {
    const last = this.events.slice(-5).map((event) => JSON.stringify(event)).join("\n");
    return `${this.#ended ? "it has ended" : "it still runs"}, its last events are\n${last}\n` +
      `and on stderr it said\n${this.#stderr}`;
  }
}

function limitArguments({ limit }: PeerOptions): string[] {
  return limit === undefined ? [] : ["--limit", String(limit)];
}
