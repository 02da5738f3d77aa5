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

/** Throws a `RangeError` when the address is none that a socket can be bound to. */
export function checkBindAddress({ hostname, port }: Address): void {
  if (isIP(hostname) === 0) {
    throw new RangeError(`hostname must be an IP literal, got "${hostname}"`);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`port must be an integer from 0 to 65,535, got ${port}`);
  }
}

function socketErrorCode(cause: unknown): SosistabErrorCode {
  if (!(cause instanceof Error)) return "socket-failed";
  // Deno's own check comes before the system's and has a name, but no code.
  if (cause.name === "NotCapable") return "permission-denied";
  switch ("code" in cause ? cause.code : undefined) {
    case "EADDRINUSE":
      return "address-in-use";
    case "EACCES":
    case "EPERM":
      return "permission-denied";
    default:
      return "socket-failed";
  }
}

function reason(code: SosistabErrorCode, cause: unknown): string {
  switch (code) {
    case "address-in-use":
      return "the address is in use";
    case "permission-denied":
      return "permission denied";
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
