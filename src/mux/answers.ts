/**
 * Answers to messages that belong to no live stream.
 *
 * @module
 */
import { encodeMessage } from "../wire/message.ts";
import { encodeResetCause, type ResetCause } from "../wire/reset_cause.ts";
import type { Writer } from "../wire/writer.ts";

// Tuning.

/** Answers that may wait to be sent; a flood of questions gets no more. */
const MOST_ANSWERS = 64;

/** Empty to a body that is no message; the others to a stream that is not there. */
export type Answer =
  | { readonly kind: "empty" }
  | { readonly kind: "rst"; readonly streamId: number; readonly cause?: ResetCause }
  | { readonly kind: "finAck" | "dataAck"; readonly streamId: number; readonly sequence: number };

/** A bounded queue of answers. */
export class Answers {
  readonly #waiting: Answer[] = [];

  /** Adds an answer, unless too many wait. */
  add(answer: Answer): void {
    if (this.#waiting.length < MOST_ANSWERS) this.#waiting.push(answer);
  }

  /** Writes the oldest answer; `false` when there is none. */
  poll(writer: Writer): boolean {
    const answer = this.#waiting.shift();
    if (answer === undefined) return false;
    if (answer.kind === "empty") encodeMessage(answer, writer);
    else {
      const { kind: type, streamId } = answer;
      const sequence = answer.kind === "rst" ? 0 : answer.sequence;
      const payload = answer.kind === "dataAck"
        ? EMPTY_LIST
        : encodeResetCause(answer.kind === "rst" ? answer.cause : undefined);
      encodeMessage({ kind: "stream", type, streamId, sequence, payload }, writer);
    }
    return true;
  }
}

/** An acknowledgement's list of segments, without any. */
const EMPTY_LIST = new Uint8Array(8);
