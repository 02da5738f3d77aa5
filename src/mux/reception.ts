/**
 * Receives what belongs to no live stream: openings, and messages of streams that are not there.
 *
 * A message of an unknown stream is answered by a Rst, unless it is one itself. Our own kind wants an
 * answer to that, too, and gets a FinAck, which nobody answers. A stream that both ends have closed is
 * at peace: what is repeated because our answer was lost is answered again.
 *
 * @module
 */
import type { StreamMessage } from "../wire/message.ts";
import type { ResetReason } from "../errors.ts";
import type { Answers } from "./answers.ts";
import { PROTOCOL_ERROR } from "./stream_end.ts";
import type { StreamMachine } from "./stream_machine.ts";
import type { StreamTable } from "./stream_table.ts";

// Protocol constants.

/** Longest info string of a stream, bytes. */
export const MOST_INFO = 1024;

/** The reception of one session. Times in ms. */
export class Reception {
  readonly #streams: StreamTable;
  readonly #answers: Answers;
  readonly #incoming: StreamMachine[] = [];
  #malformed = 0;
  #refused = 0;
  #isRefusing = false;

  constructor(streams: StreamTable, answers: Answers) {
    this.#streams = streams;
    this.#answers = answers;
  }

  /** Openings that broke a rule of the wire. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Streams that were refused: the other side has too many, or the id is still in use. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes no more streams. */
  refuseNew(): void {
    this.#isRefusing = true;
  }

  /** The next stream that the other side has opened. */
  takeIncoming(): StreamMachine | undefined {
    return this.#incoming.shift();
  }

  /** A Syn has come for a stream that is not there, or that this end is opening itself. */
  handleSyn({ streamId, payload }: StreamMessage, own: StreamMachine | undefined, now: number) {
    if (payload.length > MOST_INFO) {
      this.#malformed++;
      this.#answers.add({ kind: "rst", streamId, cause: PROTOCOL_ERROR });
      return;
    }
    // Both sides opened the same id. The other side takes our Syn for its answer, so the id is its.
    if (own !== undefined) this.#streams.renumber(own, now);
    if (this.#isRefusing) return this.#refuse(streamId, "going-away");
    if (this.#streams.isResting(streamId, now)) {
      // A copy that comes late: the stream was opened, and has come to its end in order.
      if (this.#streams.endOf(streamId, now) !== undefined) return;
      return this.#refuse(streamId, "id-in-use");
    }
    const stream = this.#streams.accept(streamId, new TextDecoder().decode(payload), now);
    if (stream === undefined) return this.#refuse(streamId, "too-many-streams");
    this.#incoming.push(stream);
  }

  /** Another message has come for a stream that is not there. */
  handleStray({ type, streamId, sequence }: StreamMessage, now: number): void {
    if (this.#streams.answersRsts && (type === "rst" || type === "finAck")) {
      // Not by a Rst, which would be answered in its turn.
      if (type === "rst") this.#answers.add({ kind: "finAck", streamId, sequence });
      return;
    }
    if (type === "rst") return;
    const end = this.#streams.endOf(streamId, now);
    if (end === undefined) this.#answers.add({ kind: "rst", streamId });
    else if (type === "data") this.#answers.add({ kind: "dataAck", streamId, sequence: end });
    else if (type === "fin") this.#answers.add({ kind: "finAck", streamId, sequence });
  }

  #refuse(streamId: number, reason: ResetReason): void {
    this.#refused++;
    this.#answers.add({ kind: "rst", streamId, cause: { kind: "library", reason } });
  }
}
