/**
 * What `node:tls` speaks over: a socket, or a byte stream of any other make.
 *
 * Over a socket it is faster, but not on Deno: there TLS over a socket cannot be held back. What
 * nobody reads it piles up without end, and when it is made to wait it may lose the end of the
 * stream. Over the bridge of this file it is the bridge that waits, and never TLS.
 *
 * Bun has it the other way round: over a bridge it takes whatever it is given at once, so that the
 * bridge must be asked whether there is room, and a cut looks like an end. Over both, a half that is
 * closed closes the other one soon.
 *
 * @module
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Address } from "../address.ts";
import type { ByteStream } from "../host.ts";
import type { Outside } from "./net_stream.ts";

/** Something for TLS to speak over. */
export interface TlsBridge {
  /** For `node:tls`. */
  readonly duplex: Duplex;
  /** What the stream inside is told of the one outside. */
  over(inside: Socket): Outside;
}

/** The two ends of a stream. */
export interface Ends {
  /** This end. */
  readonly localAddr: Address;
  /** The other end. */
  readonly remoteAddr: Address;
}

/**
 * Lets TLS speak over a socket itself.
 *
 * @param socket From now on the bridge's alone.
 */
export function socketBridge(socket: Socket, { localAddr, remoteAddr }: Ends): TlsBridge {
  return {
    duplex: socket,
    over: (inside) => ({
      localAddr,
      remoteAddr,
      pause: () => void inside.pause(),
      resume: () => void inside.resume(),
      whenRoom: (run) => run(),
      cut: () => void socket.resetAndDestroy(),
    }),
  };
}

/**
 * Lets TLS speak over any byte stream.
 *
 * @param stream From now on the bridge's alone.
 * @param ends Its ends, where they are known.
 */
export function streamBridge(stream: ByteStream, ends: Ends = NOWHERE): TlsBridge {
  const reader = stream.readable.getReader();
  const writer = stream.writable.getWriter();
  // Whoever reads or writes next is told.
  reader.closed.catch(() => {});
  writer.closed.catch(() => {});
  let isPaused = false;
  let isWanted = false;

  const duplex: Duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      isWanted = true;
      readMore();
    },
    write(chunk: Uint8Array, _encoding, done) {
      writer.write(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
        .then(() => done(), done);
    },
    final(done) {
      writer.close().then(() => done(), done);
    },
    destroy(error, done) {
      if (error) writer.abort(error).catch(() => {});
      stream.close();
      done(error);
    },
  });

  function readMore(): void {
    if (isPaused || !isWanted) return;
    isWanted = false;
    reader.read().then(
      ({ value }) => void duplex.push(value ?? null),
      (error) => void duplex.destroy(error),
    );
  }

  const outside: Outside = {
    localAddr: ends.localAddr,
    remoteAddr: ends.remoteAddr,
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      readMore();
    },
    whenRoom(run) {
      if (!duplex.writableNeedDrain || duplex.destroyed) return run();
      const settle = () => {
        duplex.off("drain", settle);
        duplex.off("close", settle);
        run();
      };
      duplex.on("drain", settle);
      duplex.on("close", settle);
    },
    cut: () => void duplex.destroy(new Error("the stream inside was cut")),
  };
  return { duplex, over: () => outside };
}

const NOWHERE: Ends = {
  localAddr: { hostname: "", port: 0 },
  remoteAddr: { hostname: "", port: 0 },
};
