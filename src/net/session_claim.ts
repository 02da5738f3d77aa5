/**
 * A client's claim that a new session goes on with an old one: the continuation of the extension block.
 *
 * | offset | size | field                                                                   |
 * | -----: | ---: | ----------------------------------------------------------------------- |
 * |      0 |    8 | name of the old session                                                 |
 * |      8 |   16 | proof: the new session's name, hashed under a key of the old one        |
 *
 * Both are drawn from the sessions' secrets (`crypto/keys.ts`), so nobody else can make a claim, and
 * one that was overheard fits no other session.
 *
 * @module
 */
import { equalBytes, formatHex } from "../bytes.ts";
import { SESSION_NAME_LENGTH, type SessionIdentity } from "../crypto/keys.ts";

/**
 * Makes a claim.
 *
 * @param old The session that is claimed.
 * @param name The name of the session that claims it.
 */
export function makeClaim(old: SessionIdentity, name: Uint8Array): Uint8Array {
  return Uint8Array.of(...old.name, ...old.prove(name));
}

/** The name of the session that is claimed, as a key for maps. */
export function claimedName(claim: Uint8Array): string {
  return formatHex(claim.subarray(0, SESSION_NAME_LENGTH));
}

/** Whether the claim proves that the session `name` has the secret of the old one. */
export function provesClaim(claim: Uint8Array, old: SessionIdentity, name: Uint8Array): boolean {
  return equalBytes(makeClaim(old, name), claim);
}
