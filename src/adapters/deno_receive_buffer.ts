/**
 * A larger receive buffer for UDP sockets on Deno, which itself has no way to ask for one.
 *
 * The default of Linux holds 92 datagrams of 1,200 bytes: at 100 Mbit/s a pause of 9 ms, and on a busy
 * machine a process waits that long for its turn. So the C library is asked, where the program may
 * call it (`--allow-ffi`, and `--allow-read` to find the socket); a program that may not loses a
 * percent or two on such a machine, and nobody is asked for a permission.
 *
 * @module
 */

// Protocol constants.

/** Of Linux, on all processors that Deno runs on. */
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;

/** The C library of Linux. */
const LIBRARY = "libc.so.6";

/** What the system knows of its UDP sockets, a line each. */
const SOCKET_LISTS = ["/proc/self/net/udp", "/proc/self/net/udp6"];

/** Our open files, each a link to what it is. */
const OPEN_FILES = "/proc/self/fd";

/**
 * Asks for a receive buffer for all of this process's sockets that are bound to a port. The system may
 * grant less, but twice the default it always does.
 *
 * @param size Bytes.
 * @returns Whether it was granted to one at least. Never throws.
 */
export function enlargeReceiveBuffer(port: number, size: number): boolean {
  if (Deno.build.os !== "linux" || !isPermitted()) return false;
  try {
    const links = new Set(inodesOf(port).map((inode) => `socket:[${inode}]`));
    const sockets = openFiles().filter(({ link }) => links.has(link));
    return setReceiveBuffer(sockets.map(({ fd }) => fd), size);
  } catch {
    // No such library, or no such files: another kind of Linux.
    return false;
  }
}

/** Asked for, for otherwise the user might be. */
function isPermitted(): boolean {
  return (["ffi", "read"] as const).every((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );
}

/** The second word of a line is the address, in hexadecimal; the tenth is the inode. */
function inodesOf(port: number): string[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return SOCKET_LISTS.flatMap(linesOf)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address]) => address?.endsWith(end))
    .flatMap((words) => words[9] ?? []);
}

/** None where a machine has no such sockets: without IPv6 there is no list of them. */
function linesOf(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n");
  } catch {
    return [];
  }
}

function openFiles(): { readonly fd: number; readonly link: string }[] {
  return [...Deno.readDirSync(OPEN_FILES)].flatMap(({ name }) => {
    try {
      return { fd: Number(name), link: Deno.readLinkSync(`${OPEN_FILES}/${name}`) };
    } catch {
      // The list itself was open while it was read.
      return [];
    }
  });
}

function setReceiveBuffer(sockets: readonly number[], size: number): boolean {
  const library = Deno.dlopen(LIBRARY, {
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  });
  const value = Int32Array.of(size);
  const results = sockets.map((fd) =>
    library.symbols.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, value, value.byteLength)
  );
  library.close();
  return results.includes(0);
}
