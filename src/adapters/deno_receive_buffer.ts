/**
 * A larger receive buffer for UDP sockets on Deno, which itself has no way to ask for one.
 *
 * The default of Linux holds 92 datagrams of 1,200 bytes: at 100 Mbit/s a pause of 9 ms, and on a busy
 * machine a process waits that long for its turn. So the C library is asked, where the program may
 * call it (`--allow-ffi`); a program that may not loses a percent or two on such a machine, and nobody
 * is asked for a permission.
 *
 * Deno does not tell the number of a socket's file, so all numbers are tried from 0 on until one is a
 * UDP socket at the port. (To read what the system knows of its sockets and of our files took 15 ms
 * in a process with a thousand of them; this takes one, and most of that to open the library.)
 *
 * @module
 */

// Protocol constants.

/** Of Linux, on all processors that Deno runs on. */
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_RCVBUF = 8;
const SOCK_DGRAM = 2;

/** Bytes of the longest address, that of IPv6, and where the port stands in all of them. */
const ADDRESS_LENGTH = 28;
const PORT_OFFSET = 2;

/** The C library of Linux. */
const LIBRARY = "libc.so.6";

/** What is called of it; all return 0, or -1 for an error. */
const SYMBOLS = {
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const;

// Tuning.

/** Files that a process can have open; a new one gets the lowest number that is free. */
const MOST_FILES = 65_536;

/**
 * Asks for a receive buffer for a socket of this process that is bound to a port: of several, for the
 * first that has none of that size yet. The system may grant less, but twice the default it always does.
 *
 * @param size Bytes.
 * @returns Whether it was granted. Never throws.
 */
export function enlargeReceiveBuffer(port: number, size: number): boolean {
  if (Deno.build.os !== "linux" || !isPermitted()) return false;
  try {
    const library = Deno.dlopen(LIBRARY, SYMBOLS);
    try {
      return new SocketFiles(library.symbols).enlarge(port, size);
    } finally {
      library.close();
    }
  } catch {
    // No such library: another kind of Linux.
    return false;
  }
}

/** Asked for, for otherwise the user might be. */
function isPermitted(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/** The open files of this process that are sockets. */
class SocketFiles {
  readonly #calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly #address = new Uint8Array(ADDRESS_LENGTH);
  readonly #value = new Int32Array(1);
  readonly #length = new Uint32Array(1);

  constructor(calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"]) {
    this.#calls = calls;
  }

  /** Sets the buffer of the first at a port that is smaller; whether there was one. */
  enlarge(port: number, size: number): boolean {
    for (let file = 0; file < MOST_FILES; file++) {
      if (this.#portOf(file) !== port || this.#option(file, SO_TYPE) !== SOCK_DGRAM) continue;
      if ((this.#option(file, SO_RCVBUF) ?? size) >= size) continue;
      this.#value[0] = size;
      const { byteLength } = this.#value;
      return this.#calls.setsockopt(file, SOL_SOCKET, SO_RCVBUF, this.#value, byteLength) === 0;
    }
    return false;
  }

  /** `undefined`: it is no socket. */
  #portOf(file: number): number | undefined {
    this.#length[0] = ADDRESS_LENGTH;
    if (this.#calls.getsockname(file, this.#address, this.#length) !== 0) return undefined;
    return this.#address[PORT_OFFSET]! << 8 | this.#address[PORT_OFFSET + 1]!;
  }

  #option(file: number, option: number): number | undefined {
    this.#length[0] = this.#value.byteLength;
    const result = this.#calls.getsockopt(
      file,
      SOL_SOCKET,
      option,
      this.#value,
      this.#length,
    );
    return result === 0 ? this.#value[0] : undefined;
  }
}
