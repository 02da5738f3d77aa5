/**
 * Writes what a stream owes besides its data: openings, ends and acknowledgements.
 *
 * @module
 */
import { encodeAckList } from "../wire/ack_list.ts";
import { encodeMessage, type StreamMessageType } from "../wire/message.ts";
import { encodeResetCause } from "../wire/reset_cause.ts";
import { Writer } from "../wire/writer.ts";
import type { AckCopies } from "./ack_policy.ts";
import type { StreamMachine } from "./stream_machine.ts";

/** Where acknowledgements are put together: 150 entries, a count and a limit. */
const ackMemory = new Uint8Array(8 * 152);

const NOTHING = new Uint8Array(0);

/** What an acknowledgement hangs on besides the stream. */
export interface AckConditions {
  /** How each segment is told more than once. */
  readonly copies: AckCopies;
  /** Whether the other side is known to be of our own kind. */
  readonly isOwnKind: boolean;
}

/** Appends the message of that type, as the stream stands. */
export function writeOwed(
  stream: StreamMachine,
  type: StreamMessageType,
  conditions: AckConditions,
  writer: Writer,
  now: number,
): void {
  const { receiving, id: streamId } = stream;
  let sequence = 0;
  let payload: Uint8Array = NOTHING;
  if (type === "dataAck") {
    sequence = receiving.next;
    payload = encodeAcks(stream, conditions, now);
  } else if (type === "finAck") sequence = receiving.end;
  else if (type === "syn") payload = new TextEncoder().encode(stream.info);
  else if (type === "rst") payload = encodeResetCause(stream.resetCause);
  encodeMessage({ kind: "stream", type, streamId, sequence, payload }, writer);
}

function encodeAcks(
  { receiving, acks }: StreamMachine,
  { copies, isOwnKind }: AckConditions,
  now: number,
): Uint8Array {
  const entries = acks.takeEntries(receiving.next, copies, now);
  const limit = receiving.raiseLimit();
  const writer = new Writer(ackMemory);
  // Wire compatibility: the original has no flow limit.
  encodeAckList(entries, isOwnKind ? limit : undefined, writer);
  return ackMemory.subarray(0, writer.length);
}
