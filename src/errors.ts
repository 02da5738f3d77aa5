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
 * - `keys-spent`: the session's keys were used for as many packets as is safe. A client of this library
 *   agrees on others long before; one of the original does not.
 * - `goodbye`: the other end has closed the session, and said so.
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
 * - `internal-fault`: a mistake in this library, or in what it was given to work with, came to light
 *   in the session, which is given up. The `cause` is what was thrown; please report it.
 */
export type SosistabErrorCode =
  | "no-answer"
  | "connection-lost"
  | "session-lost"
  | "idle-timeout"
  | "keys-spent"
  | "goodbye"
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
  | "time-limit"
  | "internal-fault";

/**
 * Why the other end's library cut or refused a stream, without its program:
 *
 * - `protocol-error`: this end has broken a rule of the wire;
 * - `too-many-streams`: it has as many streams of this end as it takes, or no memory for more;
 * - `backlog-full`: too many of them wait to be accepted;
 * - `id-in-use`: the stream's number belonged to another one a short while ago;
 * - `going-away`: its listener is being closed, and lets open streams finish only.
 */
export type ResetReason =
  | "protocol-error"
  | "too-many-streams"
  | "backlog-full"
  | "id-in-use"
  | "going-away";

/** What is known of an error besides its code. */
export interface SosistabErrorOptions {
  /** The error underneath, where there is one. */
  readonly cause?: unknown;
  /** The code that the other end's program gave to `RelConn.reset`. */
  readonly resetCode?: number | undefined;
  /** Why the other end's library cut the stream. */
  readonly resetReason?: ResetReason | undefined;
}

/** An error that is nobody's mistake. Messages never hold a key. */
export class SosistabError extends Error {
  /** What went wrong, for programs. */
  readonly code: SosistabErrorCode;
  /**
   * With `reset`: the code that the other end's program gave to `RelConn.reset`, 0 to 4,294,967,295.
   * `undefined` when it gave none, and always when the other end is of the original.
   */
  readonly resetCode: number | undefined;
  /** With `reset`: why the other end's library cut the stream or refused it, if it was not its program. */
  readonly resetReason: ResetReason | undefined;

  /**
   * Made by the library; programs only look at it.
   *
   * @param code What went wrong, for programs.
   * @param message The same for people: one sentence without a full stop.
   */
  constructor(code: SosistabErrorCode, message: string, options: SosistabErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.resetCode = options.resetCode;
    this.resetReason = options.resetReason;
    this.name = "SosistabError";
    this.code = code;
  }
}
