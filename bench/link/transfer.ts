/**
 * One transfer: a receiver, a link, and a sender that writes as fast as it may for some seconds.
 *
 * @module
 */
import { Child } from "./child.ts";
import type { Command, Link, LinkCounts } from "./link.ts";
import { REPORT_INTERVAL } from "./progress.ts";

/** What can be measured: two ends that speak `progress.ts`. */
export interface Contestant {
  /** What it is, for people. */
  readonly name: string;
  /** Starts the receiver. */
  receive(hostname: string): Command;
  /** Starts the sender. `serverKey` is what the receiver said of itself. */
  send(address: string, serverKey: string): Command;
  /** What it is held against. */
  readonly floors?: "own" | "original";
}

/** What came of a transfer. */
export interface Outcome {
  /** Mbit/s of stream data, after the first 30 % of the time. */
  readonly goodput: number;
  /** The same from the first byte on. */
  readonly fromStart: number;
  /** Bytes that had come, with the seconds since the first of them. */
  readonly course: readonly Sample[];
  /** What the sender took, of one core; unknown for others. */
  readonly senderCpu: number | undefined;
  /** The same of the receiver. */
  readonly receiverCpu: number | undefined;
  /** What the sender's end counted, where it is ours. */
  readonly senderStats: unknown;
  /** From the sender to the receiver. */
  readonly link: LinkCounts;
}

/** How much had come when. */
export interface Sample {
  /** Bytes. */
  readonly bytes: number;
  /** Since the first byte. */
  readonly seconds: number;
}

/** The part of the time that belongs to the start. */
const START_PART = 0.3;

/** How long the first byte may take, ms: a handshake under loss, on a runtime that is slow to start. */
const PATIENCE = 15_000;

interface Told {
  readonly event?: string;
  readonly [field: string]: unknown;
}

/**
 * Does it.
 *
 * @param seconds From the first byte on.
 * @returns Rejects when nothing came at all.
 */
export async function transfer(
  open: () => Promise<Link>,
  { name, receive, send }: Contestant,
  seconds: number,
): Promise<Outcome> {
  const link = await open();
  const ends: Child[] = [];
  const heard = new Map<Child, Told[]>();
  const course: Sample[] = [];
  const listening = Promise.withResolvers<Told>();
  const first = Promise.withResolvers<void>();
  const start = (command: Command, onTold: (told: Told) => void): Child => {
    const all: Told[] = [];
    const child: Child = new Child(command, (line) => {
      const told: Told = JSON.parse(line);
      all.push(told);
      onTold(told);
    });
    ends.push(child);
    heard.set(child, all);
    return child;
  };
  try {
    const receiver = start(
      link.enter("receiver", receive(link.receiverHost)),
      (told) => {
        if (told.event === "listening") listening.resolve(told);
        if (told.event !== "progress") return;
        course.push({ bytes: Number(told.bytes), seconds: Number(told.seconds) });
        first.resolve();
      },
    );
    const { address, public_key } = await within(listening.promise, receiver, "does not listen");
    const to = await link.towards(String(address));
    const sender = start(link.enter("sender", send(to, String(public_key))), () => {});
    await within(first.promise, sender, "nothing came");
    // A little longer, so that the last report is not missing.
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 2 * REPORT_INTERVAL));
    await Promise.all(ends.map((end) => end.stop()));
    const endOf = (child: Child) => heard.get(child)?.find(({ event }) => event === "end");
    return {
      goodput: megabits(course, seconds * START_PART, seconds),
      fromStart: megabits(course, 0, seconds),
      course,
      senderCpu: numberOf(endOf(sender)?.cpu),
      receiverCpu: numberOf(endOf(receiver)?.cpu),
      senderStats: endOf(sender)?.stats,
      link: await link.close(),
    };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`);
  } finally {
    await Promise.all(ends.map((end) => end.stop()));
    await link.close();
  }
}

/** What had come at a time: between two reports in proportion, after the last no more. */
export function bytesAt(course: readonly Sample[], seconds: number): number {
  let before: Sample = { bytes: 0, seconds: 0 };
  for (const sample of course) {
    if (sample.seconds >= seconds) {
      const part = (seconds - before.seconds) / (sample.seconds - before.seconds);
      return before.bytes + part * (sample.bytes - before.bytes);
    }
    before = sample;
  }
  return before.bytes;
}

function megabits(course: readonly Sample[], from: number, to: number): number {
  return (bytesAt(course, to) - bytesAt(course, from)) * 8 / 1e6 / (to - from);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Waits for something of a child, not longer than is sensible. */
async function within<T>(promise: Promise<T>, child: Child, complaint: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} ${child.complaint}`)), PATIENCE);
  });
  const gone = child.ended.then(() => {
    throw new Error(`it ended early: ${child.complaint}`);
  });
  try {
    return await Promise.race([promise, gone, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
