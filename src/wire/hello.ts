/**
 * The frames of the handshake.
 *
 * | offset | size | field                            | in            |
 * | -----: | ---: | -------------------------------- | ------------- |
 * |      0 |    4 | variant: 0, 1 or 2               | all           |
 * |      4 |   32 | long-term public key             | 0, 1: hellos  |
 * |     36 |   32 | ephemeral public key             | 0, 1: hellos  |
 * |     68 |    8 | version                          | 0: client     |
 * |     68 |  8+n | resume token, a byte string      | 1: server     |
 * |   76+n |  7+m | extension block: may stand here  | 1: server     |
 * |      4 |  8+n | resume token, a byte string      | 2: resume     |
 * |   12+n |    1 | shard id                         | 2: resume     |
 *
 * All integers are little-endian; a byte string is a u64 length and its bytes. Whatever follows
 * the frame is padding. The extension block is our own, see `extension.ts`. Source: the sosistab wire,
 * version 3, section 2.
 *
 * @module
 */
import { decodeExtension, encodeExtension, type Extension } from "./extension.ts";
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

// Protocol constants: changing one breaks interoperation.

/** The version of the wire that this implementation speaks. */
export const WIRE_VERSION = 3;

const CLIENT_HELLO = 0;
const SERVER_HELLO = 1;
const CLIENT_RESUME = 2;

const PUBLIC_KEY_LENGTH = 32;

/**
 * One frame of the handshake. Keys and tokens are views on the bytes that were decoded: copy them
 * to keep them.
 */
export type HandshakeFrame = ClientHello | ServerHello | ClientResume;

/** A client asks for a session. */
export interface ClientHello {
  /** Tells the kinds of frame apart. */
  readonly kind: "clientHello";
  /** 32 bytes; a client draws it anew for each session, so it names nobody. */
  readonly longPublicKey: Uint8Array;
  /** 32 bytes. */
  readonly ephemeralPublicKey: Uint8Array;
  /** The version of the wire; any number up to 2^53-1 is decoded. */
  readonly version: number;
}

/** A server grants a session. */
export interface ServerHello {
  /** Tells the kinds of frame apart. */
  readonly kind: "serverHello";
  /** 32 bytes: the key by which the server is known. */
  readonly longPublicKey: Uint8Array;
  /** 32 bytes. */
  readonly ephemeralPublicKey: Uint8Array;
  /** The server's own note on the session, which the client sends back as it is. */
  readonly resumeToken: Uint8Array;
  /** What a server of our own kind says about itself; to the original it is padding. */
  readonly extension?: Extension;
}

/** A client takes up a session, or says that one of its sockets now has another address. */
export interface ClientResume {
  /** Tells the kinds of frame apart. */
  readonly kind: "clientResume";
  /** The token out of the {@linkcode ServerHello}. */
  readonly resumeToken: Uint8Array;
  /** Which of the client's sockets speaks, 0 to 255. */
  readonly shardId: number;
}

/**
 * Decodes the first frame of a handshake packet.
 *
 * @param plaintext Borrowed; the fields of the result are views on it.
 * @returns The frame, or `undefined` for anything that begins with none.
 */
export function decodeHandshakeFrame(plaintext: Uint8Array): HandshakeFrame | undefined {
  const reader = new Reader(plaintext);
  const variant = reader.u32();
  switch (variant) {
    case CLIENT_HELLO: {
      const longPublicKey = reader.bytes(PUBLIC_KEY_LENGTH);
      const ephemeralPublicKey = reader.bytes(PUBLIC_KEY_LENGTH);
      const version = reader.u64();
      return reader.ok
        ? { kind: "clientHello", longPublicKey, ephemeralPublicKey, version }
        : undefined;
    }
    case SERVER_HELLO: {
      const longPublicKey = reader.bytes(PUBLIC_KEY_LENGTH);
      const ephemeralPublicKey = reader.bytes(PUBLIC_KEY_LENGTH);
      const resumeToken = reader.byteString();
      if (!reader.ok) return undefined;
      const extension = decodeExtension(reader);
      const frame = {
        kind: "serverHello",
        longPublicKey,
        ephemeralPublicKey,
        resumeToken,
      } as const;
      return extension === undefined ? frame : { ...frame, extension };
    }
    case CLIENT_RESUME: {
      const resumeToken = reader.byteString();
      const shardId = reader.u8();
      return reader.ok ? { kind: "clientResume", resumeToken, shardId } : undefined;
    }
    default:
      return undefined;
  }
}

/** Appends a frame to `writer`; the padding is the caller's. */
export function encodeHandshakeFrame(frame: HandshakeFrame, writer: Writer): void {
  switch (frame.kind) {
    case "clientHello":
      writer.u32(CLIENT_HELLO);
      writer.bytes(frame.longPublicKey);
      writer.bytes(frame.ephemeralPublicKey);
      writer.u64(frame.version);
      return;
    case "serverHello":
      writer.u32(SERVER_HELLO);
      writer.bytes(frame.longPublicKey);
      writer.bytes(frame.ephemeralPublicKey);
      writer.byteString(frame.resumeToken);
      if (frame.extension !== undefined) encodeExtension(frame.extension, writer);
      return;
    case "clientResume":
      writer.u32(CLIENT_RESUME);
      writer.byteString(frame.resumeToken);
      writer.u8(frame.shardId);
      return;
  }
}
