/**
 * Why a stream was cut: what our own kind says in the payload of a Rst. The original puts nothing
 * there, and does not look.
 *
 * | offset | size | field                                                      |
 * | -----: | ---: | ---------------------------------------------------------- |
 * |      0 |    1 | who says it: 0 the program, 1 the library                  |
 * |      1 |    4 | the program's code, u32; or the index in `RESET_REASONS`   |
 *
 * What follows is skipped: later versions may say more.
 *
 * @module
 */
import type { ResetReason } from "../errors.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

// Protocol constants: changing one breaks interoperation.

/** Why the library itself cuts a stream, in wire order. */
const RESET_REASONS: readonly ResetReason[] = [
  "protocol-error",
  "too-many-streams",
  "backlog-full",
  "id-in-use",
  "going-away",
];

/** The highest code that a program can give. */
export const MOST_RESET_CODE: number = 2 ** 32 - 1;

const PROGRAM = 0;
const LIBRARY = 1;
const LENGTH = 5;

/** Why a stream was cut: the program's code, or the library's reason. */
export type ResetCause =
  | { readonly kind: "program"; readonly code: number }
  | { readonly kind: "library"; readonly reason: ResetReason };

/** Encodes a cause; no bytes at all for none. */
export function encodeResetCause(cause: ResetCause | undefined): Uint8Array {
  if (cause === undefined) return new Uint8Array(0);
  const isProgram = cause.kind === "program";
  const bytes = new Uint8Array(LENGTH);
  const writer = new Writer(bytes);
  writer.u8(isProgram ? PROGRAM : LIBRARY);
  writer.u32(isProgram ? cause.code : RESET_REASONS.indexOf(cause.reason));
  return bytes;
}

/** Decodes the payload of a Rst; `undefined` for anything that tells no cause. */
export function decodeResetCause(payload: Uint8Array): ResetCause | undefined {
  const reader = new Reader(payload);
  const who = reader.u8();
  const code = reader.u32();
  if (!reader.ok) return undefined;
  if (who === PROGRAM) return { kind: "program", code };
  const reason = RESET_REASONS[code];
  return who === LIBRARY && reason !== undefined ? { kind: "library", reason } : undefined;
}
