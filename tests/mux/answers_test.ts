import { test } from "node:test";
import assert from "node:assert/strict";
import { type Answer, Answers } from "../../src/mux/answers.ts";
import { decodeAckList } from "../../src/wire/ack_list.ts";
import { decodeMessage, type Message } from "../../src/wire/message.ts";
import { Writer } from "../../src/wire/writer.ts";

/** Takes the next answer as the other side would read it. */
function next(answers: Answers): Message | undefined {
  const memory = new Uint8Array(100);
  const writer = new Writer(memory);
  return answers.poll(writer) ? decodeMessage(memory.subarray(0, writer.length)) : undefined;
}

test("poll() writes the oldest answer, and tells when there is none", () => {
  const answers = new Answers();
  answers.add({ kind: "empty" });
  answers.add({ kind: "rst", streamId: 7 });
  answers.add({ kind: "finAck", streamId: 8, sequence: 9 });
  const payload = new Uint8Array(0);
  assert.deepEqual({ ...next(answers) }, { kind: "empty" });
  const rst = { kind: "stream", type: "rst", streamId: 7, sequence: 0, payload };
  assert.deepEqual({ ...next(answers) }, rst);
  const finAck = { kind: "stream", type: "finAck", streamId: 8, sequence: 9, payload };
  assert.deepEqual({ ...next(answers) }, finAck);
  assert.equal(next(answers), undefined);
});

test("poll() writes an acknowledgement with the empty list that the wire wants", () => {
  const answers = new Answers();
  answers.add({ kind: "dataAck", streamId: 3, sequence: 44 });
  const message = next(answers);
  assert.equal(message?.kind, "stream");
  if (message?.kind !== "stream") return;
  assert.equal(message.type, "dataAck");
  assert.equal(message.sequence, 44);
  assert.equal(decodeAckList(message.payload)?.length, 0);
});

test("add() adds no answer when 64 wait", () => {
  const answers = new Answers();
  const answer = (streamId: number): Answer => ({ kind: "rst", streamId });
  for (let i = 0; i < 100; i++) answers.add(answer(i));
  const ids: number[] = [];
  for (let message = next(answers); message; message = next(answers)) {
    if (message.kind === "stream") ids.push(message.streamId);
  }
  assert.deepEqual(ids, Array.from({ length: 64 }, (_, i) => i));
  answers.add(answer(5));
  assert.notEqual(next(answers), undefined);
});
