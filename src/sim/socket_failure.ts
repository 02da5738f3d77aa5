/**
 * What a system may have against a program's sockets, for a while.
 *
 * ```text
 *            what is sent                            what is opened
 * EMFILE     goes out                                fails; nobody is accepted, and who asks waits
 * ENOBUFS    is dropped, and `send` says so          opens
 * EPERM      is dropped, and the socket told later   fails, sockets of datagrams excepted
 * ECONNREFUSED  the same                             streams are refused
 * ```
 *
 * Byte streams that are open go on in any case: their kernel has what it needs.
 *
 * @module
 */
import { SosistabError, type SosistabErrorCode } from "../errors.ts";

/**
 * Why a system refuses what sockets ask for: no file descriptor is left, no memory for packets, a
 * firewall forbids it, or somebody answers by ICMP that nobody listens.
 */
export type SocketFailure = "EMFILE" | "ENOBUFS" | "EPERM" | "ECONNREFUSED";

/** What can be opened. */
export type Opening = "datagrams" | "stream" | "listener";

const REASONS: Readonly<Record<SocketFailure, string>> = {
  EMFILE: "too many open files",
  ENOBUFS: "no buffer space available",
  EPERM: "operation not permitted",
  ECONNREFUSED: "connection refused",
};

/** The error of an attempt to open something; `undefined`: it opens. */
export function openingError(
  failure: SocketFailure | undefined,
  opening: Opening,
): SosistabError | undefined {
  const code = failure === undefined ? undefined : openingCode(failure, opening);
  if (failure === undefined || code === undefined) return undefined;
  return new SosistabError(code, `the socket was refused: ${REASONS[failure]}`, {
    cause: systemError(failure),
  });
}

/** What a socket of datagrams is told of one that was dropped; `undefined`: nothing. */
export function sendingError(failure: SocketFailure): Error | undefined {
  return failure === "EPERM" || failure === "ECONNREFUSED" ? systemError(failure) : undefined;
}

/** Whether datagrams are dropped. */
export function dropsDatagrams(failure: SocketFailure | undefined): failure is SocketFailure {
  return failure !== undefined && failure !== "EMFILE";
}

function openingCode(failure: SocketFailure, opening: Opening): SosistabErrorCode | undefined {
  switch (failure) {
    case "EMFILE":
      return "socket-failed";
    case "EPERM":
      return opening === "datagrams" ? undefined : "permission-denied";
    case "ECONNREFUSED":
      return opening === "stream" ? "reset" : undefined;
    case "ENOBUFS":
      return undefined;
  }
}

function systemError(failure: SocketFailure): Error {
  return Object.assign(new Error(`${REASONS[failure]} (${failure})`), { code: failure });
}
