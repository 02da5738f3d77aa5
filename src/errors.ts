/**
 * The one error class of the library.
 *
 * A caller's mistake (a key of 31 bytes, a negative time-out) is a `TypeError` or a `RangeError`.
 * Everything that can go wrong without anybody's mistake is a {@linkcode SosistabError}, told apart
 * by its `code`.
 *
 * @module
 */

/**
 * What went wrong:
 *
 * - `no-answer`: the server did not answer the handshake in time. A server is silent to strangers,
 *   so a wrong key looks the same as no server at all.
 * - `connection-lost`: the other end stopped answering while something was waiting for it.
 * - `session-lost`: the server has forgotten the session, as after a restart. Its streams have ended;
 *   its multiplex goes on, and new ones can be opened.
 * - `idle-timeout`: nothing was heard for the session's idle time.
 * - `closed`: the session, multiplex, stream or listener was closed at this end.
 * - `reset`: the other end cut the stream, or refused it.
 * - `datagram-too-large`: a message is longer than the path takes.
 * - `too-many-streams`: this end has as many streams open as it may.
 * - `name-not-found`: a host name has no address.
 * - `address-in-use`, `permission-denied`, `socket-failed`: the system refused a socket.
 * - `proxy-failed`: a proxy could not be reached, fell silent, or does not speak its protocol.
 * - `proxy-login-refused`: a proxy wants a user name and a password, or others than it was given.
 * - `proxy-refused`: a proxy does not connect to the server, and says so.
 * - `time-limit`: in a simulation, what was awaited did not come within its limit of virtual time.
 */
export type SosistabErrorCode =
  | "no-answer"
  | "connection-lost"
  | "session-lost"
  | "idle-timeout"
  | "closed"
  | "reset"
  | "datagram-too-large"
  | "too-many-streams"
  | "name-not-found"
  | "address-in-use"
  | "permission-denied"
  | "socket-failed"
  | "proxy-failed"
  | "proxy-login-refused"
  | "proxy-refused"
  | "time-limit";

/** An error that is nobody's mistake. Messages never hold a key. */
export class SosistabError extends Error {
  /** What went wrong, for programs. */
  readonly code: SosistabErrorCode;

  /**
   * Made by the library; programs only look at it.
   *
   * @param code What went wrong, for programs.
   * @param message The same for people: one sentence without a full stop.
   * @param options `cause`: the error underneath, where there is one.
   */
  constructor(code: SosistabErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "SosistabError";
    this.code = code;
  }
}
