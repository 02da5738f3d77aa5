/**
 * Tells a TLS client from one that speaks to us in the open, by the first bytes of a connection.
 *
 * | offset | size | of a TLS hello                             |
 * | -----: | ---: | ------------------------------------------ |
 * |      0 |    5 | record header, at which nobody looks       |
 * |      5 |    1 | 1: a client hello                          |
 * |      6 |    3 | its length, big-endian, less than 10,000   |
 *
 * An opening of ours is noise, and one in 430,000 would pass for TLS; so the client draws such a one
 * anew. Source: the sosistab wire, version 3, section 5.2.
 *
 * @module
 */

// Protocol constants: changing one breaks interoperation.

/** How many bytes the test wants. */
export const TLS_SNIFF_LENGTH = 9;

const CLIENT_HELLO = 1;
const HELLO_LENGTH_END = 10_000;

/**
 * Whether a connection that begins so is TLS.
 *
 * @param bytes The first bytes; what follows the first {@linkcode TLS_SNIFF_LENGTH} counts for
 * nothing, and fewer are never TLS.
 */
export function looksLikeTls(bytes: Uint8Array): boolean {
  if (bytes.length < TLS_SNIFF_LENGTH || bytes[5] !== CLIENT_HELLO) return false;
  return (bytes[6]! << 16 | bytes[7]! << 8 | bytes[8]!) < HELLO_LENGTH_END;
}
