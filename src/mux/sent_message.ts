/**
 * What the loss recovery must know of a message that was written.
 *
 * @module
 */
import { encodeMessage } from "../wire/message.ts";
import type { Writer } from "../wire/writer.ts";
import type { Segment } from "./segment.ts";

/** A message that was written, as far as its frame's number matters. */
export interface SentMessage {
  /** The piece of a stream that it carries, if it carries one. */
  readonly segment: Segment | undefined;
  /** Whether the other side answers it at once. */
  readonly isEliciting: boolean;
  /** Whether something is awaited because of it: silence may mean that the other side has gone. */
  readonly isQuestion: boolean;
  /** Whether it went out on suspicion, outside the window. */
  readonly isProbe: boolean;
  /** Whether no new data waits behind it. */
  readonly isLast: boolean;
  /** How old it may be for a repair to be of use, ms; 0: none is wanted. */
  readonly maxAge: number;
}

/** A message that wants no answer. */
export const ANSWER: SentMessage = {
  segment: undefined,
  isEliciting: false,
  isQuestion: false,
  isProbe: false,
  isLast: false,
  maxAge: 0,
};

/** A message that is answered at once. */
export const QUESTION: SentMessage = { ...ANSWER, isEliciting: true, isQuestion: true };

/** A Rst: it may have been answered before, by a side that has forgotten the stream since. */
export const DEMAND: SentMessage = { ...ANSWER, isQuestion: true };

/** Writes a segment. */
export function writeSegment(
  segment: Segment,
  about: Pick<SentMessage, "isProbe" | "isLast" | "maxAge">,
  writer: Writer,
): SentMessage {
  const { owner, kind: type, sequence, payload } = segment;
  encodeMessage({ kind: "stream", type, streamId: owner.id, sequence, payload }, writer);
  return { segment, isEliciting: true, isQuestion: true, ...about };
}
