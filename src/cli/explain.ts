/**
 * From errors to what the user is told: one sentence, and a way out that exists.
 *
 * What is already a {@linkcode Failure}, or is no error that can be explained, passes through.
 *
 * @module
 */
import { type Address, formatAddress } from "../address.ts";
import { SosistabError } from "../errors.ts";
import { DEFAULT_PORT } from "./arguments.ts";
import { type Advice, Failure, systemCode } from "./failure.ts";
import type { Transport } from "./open_session.ts";
import { shellWord } from "./shell_word.ts";

/** First port that does not need a privilege. */
const FIRST_FREE_PORT = 1024;

/** What system errors mean. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "this machine has no such address",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EEXIST: "it exists already",
  EHOSTUNREACH: "no route to that host",
  EISDIR: "it is a directory",
  ENETUNREACH: "no route to that network",
  ENOENT: "there is no such file",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is no directory",
  ENOTFOUND: "no address found for that name",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ETIMEDOUT: "it did not answer",
};

/** Says in words why the system refused something. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  const known = code === undefined ? undefined : REASONS[code];
  return known ?? (error instanceof Error ? error.message : String(error));
}

/**
 * Why `listen` could not begin.
 *
 * @param transport What it was to take: `auto` is UDP and TCP.
 */
export function explainListen(
  error: unknown,
  address: Address,
  transport: "auto" | "udp" | "tcp",
): unknown {
  if (!(error instanceof SosistabError)) return error;
  const { hostname, port } = address;
  const where = `${formatAddress(address)}/${transport === "auto" ? "udp+tcp" : transport}`;
  switch (error.code) {
    case "address-in-use":
      return new Failure("local", `cannot listen on ${where}: address already in use`, [
        {
          cause: "another process holds it",
          remedy: `ss -${LETTERS[transport]}lpn 'sport = :${port}'`,
        },
        { cause: "or choose another port", remedy: `sosistab listen ${besides(address)}` },
        ...(transport === "auto"
          ? [{
            cause: "or take one of the two",
            remedy: `sosistab listen ${addressWord(address)} --transport udp`,
          }]
          : []),
      ]);
    case "permission-denied":
      return new Failure("local", `cannot listen on ${where}: permission denied`, [
        portAdvice(
          address,
          `sosistab listen ${addressWord({ hostname, port: DEFAULT_PORT })}`,
        ),
      ]);
    case "name-not-found":
      return new Failure("local", `cannot listen on ${where}: no address found for ${hostname}`, [
        { remedy: `leave the host out to listen on all addresses: sosistab listen :${port}` },
      ]);
    default:
      return new Failure("local", `cannot listen on ${where}: ${systemReason(error.cause)}`, [
        { remedy: `leave the host out to listen on all addresses: sosistab listen :${port}` },
      ]);
  }
}

/** What `ss` calls them. */
const LETTERS = { auto: "tu", udp: "u", tcp: "t" } as const;

/** How `connect` asked in vain. */
export interface ConnectAttempt {
  /** How long, ms. */
  readonly timeout: number;
  /** Over what. */
  readonly transport: Transport;
  /** What became of byte streams, in words. */
  readonly streams?: string | undefined;
}

/** Why `connect` could not begin. */
export function explainConnect(error: unknown, server: Address, attempt: ConnectAttempt): unknown {
  if (!(error instanceof SosistabError)) return error;
  const { hostname } = server;
  const where = formatAddress(server);
  switch (error.code) {
    case "no-answer": {
      const { timeout, transport, streams } = attempt;
      const name = transport === "tls" ? "tls" : "tcp";
      const about = streams === undefined ? "" : ` (${name}: ${streams})`;
      const message = `no answer from ${where} in ${timeout / 1000} s${about}`;
      return new Failure("no-answer", message, explainSilence(server, transport));
    }
    case "name-not-found":
      return new Failure("local", `no address found for ${hostname}`, [
        { cause: "the host in the URL is misspelt", remedy: "on the server: sosistab url" },
        {
          cause: "this machine cannot look names up",
          remedy: `getent hosts ${shellWord(hostname)}`,
        },
      ]);
    case "proxy-failed":
    case "proxy-login-refused":
    case "proxy-refused":
      return explainProxy(error);
    default:
      return new Failure("local", `cannot reach ${where}: ${error.message}`, [
        { remedy: "see that this machine has a network: ip route" },
      ]);
  }
}

/** What the silence of a server may mean. */
export function explainSilence({ port }: Address, transport: Transport): readonly Advice[] {
  return [
    { cause: "nobody listens there", remedy: `on the server: sosistab listen :${port}` },
    {
      cause: "the key in the URL is not this server's key",
      remedy: "on the server: sosistab url",
    },
    transportAdvice(port, transport),
    {
      cause: "the clocks differ by more than an hour, or 2 min through a proxy",
      remedy: "compare on both machines: date -u",
    },
  ];
}

function transportAdvice(port: number, transport: Transport): Advice {
  switch (transport) {
    case "auto":
      return {
        cause: "UDP and TCP are blocked on the way",
        remedy: `open port ${port} in the firewalls, or try another port or network`,
      };
    case "udp":
      return {
        cause: "UDP is blocked on the way",
        remedy: "try TCP: --transport tcp, or see which way works: sosistab ping",
      };
    case "tcp":
      return {
        cause: "TCP is blocked on the way, or not taken there",
        remedy: "see which way works: sosistab ping",
      };
    case "tls":
      return {
        cause: "the server has no certificate",
        remedy: "on the server: sosistab listen --cert FILE --cert-key FILE",
      };
  }
}

function explainProxy({ code, message, cause }: SosistabError): Failure {
  switch (code) {
    case "proxy-login-refused":
      return new Failure("local", message, [
        { remedy: "write the login into its URL: --proxy socks5://USER:PASSWORD@HOST:PORT" },
      ]);
    case "proxy-refused":
      return new Failure("local", message, [
        { cause: "nobody listens there", remedy: "on the server: sosistab listen" },
        {
          cause: "the proxy may not connect to it",
          remedy: "ask who runs it, or take another one",
        },
      ]);
    default: {
      // Underneath is an error of a socket, and underneath that the system's.
      const reason = cause instanceof SosistabError
        ? `: ${systemReason(cause.code === "name-not-found" ? cause : cause.cause ?? cause)}`
        : "";
      return new Failure("local", message + reason, [
        { remedy: "see that the proxy runs, and that --proxy names it" },
      ]);
    }
  }
}

/** Why a connection that worked has ended. */
export function explainLoss(error: unknown): unknown {
  if (!(error instanceof SosistabError)) return error;
  switch (error.code) {
    case "goodbye":
    case "reset":
      return new Failure("connection-lost", "connection lost: the other side cut it off", [
        { cause: "the program there was stopped", remedy: "start both sides again" },
        { cause: "it serves somebody else already", remedy: "start another sosistab listen there" },
        { cause: "the service that it forwards to is down", remedy: "see what it printed" },
      ]);
    case "idle-timeout":
      return new Failure("connection-lost", "connection lost: nothing was heard for too long", [
        { remedy: "start it again" },
      ]);
    case "connection-lost":
    case "no-answer":
    case "closed":
      return new Failure(
        "connection-lost",
        "connection lost: the other side has stopped answering",
        [
          { cause: "the program there has ended", remedy: "start both sides again" },
          { cause: "the network is gone", remedy: "wait for it, and start again" },
        ],
      );
    default:
      return new Failure("failed", error.message);
  }
}

/** Why a local TCP port could not be opened. */
export function explainLocalPort(error: unknown, address: Address): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  const message = `cannot listen on ${formatAddress(address)}/tcp: ${systemReason(error)}`;
  const another = `-L ${besides(address)}`;
  switch (code) {
    case "EADDRINUSE":
      return new Failure("local", message, [
        { cause: "another process holds it", remedy: `ss -tlpn 'sport = :${address.port}'` },
        { cause: "or choose another port", remedy: another },
      ]);
    case "EACCES":
    case "EPERM":
      return new Failure("local", message, [
        portAdvice(address, `-L ${addressWord({ ...address, port: 8080 })}`),
      ]);
    default:
      return new Failure("local", message, [
        { remedy: `leave the address out: -L ${address.port}` },
      ]);
  }
}

/** Why a file could not be read. */
export function explainRead(error: unknown, path: string): unknown {
  if (systemCode(error) === undefined) return error;
  return new Failure("local", `cannot read ${path}: ${systemReason(error)}`, [
    { remedy: `see who may read it: ls -l ${shellWord(path)}` },
  ]);
}

function portAdvice({ port }: Address, another: string): Advice {
  return port < FIRST_FREE_PORT
    ? {
      cause: `ports below ${FIRST_FREE_PORT} need a privilege`,
      remedy: `choose a higher one: ${another}`,
    }
    : { remedy: `choose another port: ${another}` };
}

/** The same place, one port further. */
function besides({ hostname, port }: Address): string {
  return addressWord({ hostname, port: port < 65_535 ? port + 1 : DEFAULT_PORT });
}

function addressWord(address: Address): string {
  return shellWord(formatAddress(address));
}
