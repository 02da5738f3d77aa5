/**
 * The errors of three runtimes in the words of one.
 *
 * @module
 */
import { isIP } from "node:net";
import { type Address, formatAddress } from "../address.ts";
import { SosistabError, type SosistabErrorCode } from "../errors.ts";

/**
 * Says why the system refused a socket.
 *
 * @param cause What the runtime threw.
 * @param address Where the socket was to be bound.
 */
export function socketError(cause: unknown, address: Address): SosistabError {
  const code = socketErrorCode(cause);
  return new SosistabError(code, `cannot bind ${formatAddress(address)}: ${reason(code, cause)}`, {
    cause,
  });
}

/**
 * Says why a byte stream could not be opened.
 *
 * @param cause What the runtime threw.
 * @param address Where it was to lead.
 */
export function connectError(cause: unknown, address: Address): SosistabError {
  const code = connectErrorCode(cause);
  const where = formatAddress(address);
  return new SosistabError(code, `cannot connect to ${where}: ${reason(code, cause)}`, { cause });
}

/**
 * Says why a byte stream broke.
 *
 * @param cause What the runtime threw.
 * @param address The other end.
 */
export function streamError(cause: unknown, address: Address): SosistabError {
  const isReset = isCut(cause);
  const where = formatAddress(address);
  return new SosistabError(
    isReset ? "reset" : "connection-lost",
    isReset ? `${where} cut the stream` : `the stream to ${where} broke: ${messageOf(cause)}`,
    { cause },
  );
}

/** Throws a `RangeError` when the address is none that a socket can be bound to. */
export function checkBindAddress({ hostname, port }: Address): void {
  if (isIP(hostname) === 0) {
    throw new RangeError(`hostname must be an IP literal, got "${hostname}"`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`port must be an integer from 0 to 65,535, got ${port}`);
  }
}

/** Throws a `RangeError` when the address is none that a stream can lead to. */
export function checkConnectAddress(address: Address): void {
  checkBindAddress(address);
  if (address.port === 0) throw new RangeError("port must be an integer from 1 to 65,535, got 0");
}

/** Whether the other end has sent an RST, or what it comes to: was written to after it had gone. */
export function isCut(cause: unknown): boolean {
  return ["ECONNRESET", "EPIPE", "ECONNABORTED"].includes(systemCode(cause));
}

/** What an error says to people. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function socketErrorCode(cause: unknown): SosistabErrorCode {
  // Deno's own check comes before the system's and has a name, but no code.
  if (cause instanceof Error && cause.name === "NotCapable") return "permission-denied";
  switch (systemCode(cause)) {
    case "EADDRINUSE":
      return "address-in-use";
    case "EACCES":
    case "EPERM":
      return "permission-denied";
    default:
      return "socket-failed";
  }
}

function connectErrorCode(cause: unknown): SosistabErrorCode {
  switch (systemCode(cause)) {
    case "ECONNREFUSED":
    case "ECONNRESET":
      return "reset";
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "EHOSTDOWN":
      return "no-answer";
    // The system has no port left to connect from, which is not the other end's address.
    case "EADDRINUSE":
      return "socket-failed";
    default:
      return socketErrorCode(cause);
  }
}

function reason(code: SosistabErrorCode, cause: unknown): string {
  switch (code) {
    case "address-in-use":
      return "the address is in use";
    case "permission-denied":
      return "permission denied";
    case "reset":
      return "it was refused";
    case "no-answer":
      return "nobody has answered";
    default:
      return messageOf(cause);
  }
}

function systemCode(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
