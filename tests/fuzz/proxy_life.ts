/**
 * What a proxy answers: as it should be or almost, in pieces of any size, then an end or a cut.
 */
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { Host, StreamSocket } from "../../src/host.ts";
import type { Connector } from "../../src/transport/connector.ts";
import { httpConnector } from "../../src/transport/http_connector.ts";
import { socks5Connector } from "../../src/transport/socks5_connector.ts";
import { Draw } from "./draw.ts";
import type { Input, Life, Target } from "./life.ts";
import { LoneHost } from "./lone_host.ts";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const PROXY = { hostname: "192.0.2.9", port: 1080, username: "me", password: "secret" };
const SERVER = { hostname: "server.example", port: 443 };

const SOCKS: readonly string[] = [
  "\x05\x00",
  "\x05\x02\x01\x00",
  "\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x02\x12\x34",
  "\x05\x02\x01\x00\x05\x00\x00\x03\x05proxy\x00\x50",
  `\x05\x00\x05\x00\x00\x04${"\xfe".repeat(16)}\x00\x50 and more`,
  "\x05\xff",
  "\x05\x00\x05\x05\x00\x01\x0a\x00\x00\x02\x12\x34",
];
const HTTP: readonly string[] = [
  "HTTP/1.1 200 OK\r\n\r\n",
  "HTTP/1.0 200\r\nContent-Length: 0\r\n\r\nand more",
  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 Fine\r\n\r\n",
  "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n",
  "HTTP/1.1 502 No\r\n\r\n",
  `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(3_000)}\r\n`,
];

/** What may come out besides a stream. */
const CODES: readonly string[] = ["proxy-failed", "proxy-refused", "proxy-login-refused"];

/** A target: the connectors that go through proxies. */
export function proxyTarget(kind: "socks5" | "http"): Target {
  return {
    inputsPerLife: 1_000,
    mostHeld: 4e6,
    mustTake: [kind],
    begin: (seed) => new ProxyLife(kind, seed),
  };
}

class ProxyLife implements Life {
  readonly isOver = false;
  readonly #kind: "socks5" | "http";
  readonly #draw: Draw;
  /** How the pieces fall: it hangs on what has come alone. */
  readonly #pieces: Draw;
  readonly #host: LoneHost;
  readonly #connector: Connector;
  #answer: Uint8Array = new Uint8Array(0);
  #opened = 0;
  #closed = 0;

  constructor(kind: "socks5" | "http", seed: number) {
    this.#kind = kind;
    this.#draw = new Draw(seed);
    this.#pieces = new Draw(seed + 1);
    const host = this.#host = new LoneHost(seed);
    const withStreams: Host = Object.assign(Object.create(host), {
      now: () => host.now(),
      setAlarm: (at: number, wake: () => void) => host.setAlarm(at, wake),
      connectStream: () => Promise.resolve(this.#stream()),
    });
    const make = kind === "socks5" ? socks5Connector : httpConnector;
    this.#connector = make(withStreams, PROXY);
  }

  next(): Input {
    const draw = this.#draw;
    const bytes = latin1(draw.of(this.#kind === "socks5" ? SOCKS : HTTP));
    for (let i = draw.of([0, 0, 1, 1, 3]); i > 0; i--) {
      bytes[draw.between(0, bytes.length - 1)] = draw.happens(0.5)
        ? draw.of([0, 1, 2, 4, 5, 10, 13, 32, 58, 254, 255])
        : draw.between(0, 255);
    }
    const cut = draw.happens(0.2) ? draw.between(0, bytes.length) : bytes.length;
    return { kind: this.#kind, bytes: bytes.subarray(0, cut) };
  }

  async take(bytes: Uint8Array): Promise<boolean> {
    this.#answer = bytes.slice();
    try {
      const stream = await this.#connector(SERVER, {});
      stream.close();
      return true;
    } catch (error) {
      assert.ok(error instanceof SosistabError && CODES.includes(error.code), String(error));
      return false;
    }
  }

  check(): void {
    assert.equal(this.#opened, this.#closed, "streams are left open");
    assert.equal(this.#host.alarms, 0, "alarms are left");
    this.#host.assertNoFault();
  }

  end(): void {
    this.check();
  }

  /** A proxy that says what it has to say, whatever it is asked, and goes. */
  #stream(): StreamSocket {
    const bytes = this.#answer;
    const pieces = this.#pieces;
    let at = 0;
    let isClosed = false;
    this.#opened++;
    const address = { hostname: "192.0.2.9", port: 1080 };
    return {
      localAddr: address,
      remoteAddr: address,
      readable: new ReadableStream({
        pull: (controller) => {
          if (at >= bytes.length) return controller.close();
          const end = at + pieces.between(1, bytes.length);
          controller.enqueue(bytes.slice(at, end));
          at = end;
        },
      }, { highWaterMark: 0 }),
      writable: new WritableStream({}),
      close: () => {
        if (!isClosed) this.#closed++;
        isClosed = true;
      },
    };
  }
}
