/**
 * The scenarios: each builds a lab, lets time pass, and says what it saw.
 *
 * @module
 */
import type { CongestionChoice, LinkConditions } from "../../src/adapters/sim.ts";
import {
  type FlowOptions,
  Lab,
  type PathShape,
  readAll,
  whenTheRunIsOver,
  writeAll,
} from "./lab.ts";

/** Before this nothing is measured, ms and round trips: controllers are still looking for the rate. */
const WARM_UP = 3_000;
const WARM_UP_RTTS = 15;

type Result = Record<string, number>;

/** Bulk in one stream. */
export async function bulk(
  shape: PathShape,
  congestion: CongestionChoice,
  duration: number,
  seed: number,
): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow({ congestion });
  lab.begin();
  flow.transfer().catch(whenTheRunIsOver);
  await lab.pass(Math.max(WARM_UP, WARM_UP_RTTS * shape.rtt));
  const before = flow.sender.stats();
  lab.measure();
  await lab.pass(duration);
  const after = flow.sender.stats();
  return {
    share: lab.share(flow.goodput),
    queue: lab.up.waits.percentile(0.95),
    dropped: 100 * lab.drops,
    needless: 100 * (after.needless - before.needless) / lab.up.counts.sent,
    back: 100 * lab.down.counts.bytesSent / lab.up.counts.bytesSent,
  };
}

/** Several flows, started one after the other; measured in the second half. */
export async function share(
  shape: PathShape,
  flows: readonly FlowOptions[],
  gap: number,
  duration: number,
  seed: number,
): Promise<Result> {
  const lab = new Lab(shape, seed);
  for (const options of flows) await lab.addFlow(options);
  lab.begin();
  const start = lab.now;
  for (const flow of lab.flows) {
    flow.transfer().catch(whenTheRunIsOver);
    await lab.pass(gap);
  }
  await lab.pass(start + duration / 2 - lab.now);
  lab.measure();
  await lab.pass(duration / 2);
  const rates = lab.flows.map(({ goodput }) => goodput);
  const sum = rates.reduce((a, b) => a + b, 0);
  return {
    share: lab.share(sum),
    jain: jain(rates),
    first: rates[0]! / sum,
    dropped: 100 * lab.drops,
    queue: lab.up.waits.percentile(0.95),
    queueRtts: lab.up.waits.percentile(0.95) / shape.rtt,
  };
}

/** The rate of the link changes after 5 s. */
export async function rateStep(shape: PathShape, to: number, seed: number): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  lab.begin();
  flow.transfer().catch(whenTheRunIsOver);
  await lab.pass(5_000);
  lab.up.change({ rate: to });
  lab.down.change({ rate: to });
  lab.measure();
  let sent = 0;
  let rttsTo90 = Infinity;
  for (let rtts = 1; rtts <= 40; rtts++) {
    const bytes = lab.up.counts.bytesSent;
    flow.mark();
    await lab.pass(shape.rtt);
    if (rtts > 5 && rtts <= 13) sent += lab.up.counts.bytesSent - bytes;
    if (lab.share(flow.goodput) >= 0.9) rttsTo90 = Math.min(rttsTo90, rtts);
  }
  return {
    sent: sent * 8 / (8 * shape.rtt) / 1000 / to,
    rtts: Math.min(rttsTo90, 99),
    dropped: 100 * lab.drops,
  };
}

/** The loss changes after 5 s: the least goodput of a window of 250 ms in the 3 s after it. */
export async function onset(shape: PathShape, to: LinkConditions, seed: number): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  lab.begin();
  flow.transfer().catch(whenTheRunIsOver);
  await lab.pass(5_000);
  lab.up.change(to);
  lab.down.change(to);
  lab.measure();
  let least = Infinity;
  for (let i = 0; i < 12; i++) {
    flow.mark();
    await lab.pass(250);
    least = Math.min(least, lab.share(flow.goodput));
  }
  return { least };
}

/** A transfer from the first byte to the last. */
export async function start(shape: PathShape, length: number, seed: number): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  lab.begin();
  lab.measure();
  const begun = lab.now;
  await lab.network.run(flow.transfer(length));
  return { seconds: (lab.now - begun) / 1000, dropped: 100 * lab.drops };
}

/** Requests and their answers over an open stream, one at a time. */
export async function requests(
  shape: PathShape,
  length: number,
  count: number,
  seed: number,
): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  lab.begin();
  const answer = async () => {
    for (let i = 0; i < count; i++) {
      await readAll(flow.far, length);
      writeAll(flow.far, length);
    }
  };
  answer().catch(whenTheRunIsOver);
  const times: number[] = [];
  lab.measure();
  for (let i = 0; i < count; i++) {
    const asked = lab.now;
    writeAll(flow.conn, length);
    await lab.network.run(readAll(flow.conn, length));
    times.push((lab.now - asked) / shape.rtt);
    // Not in step with anything.
    await lab.pass(200 + 37 * (i % 6));
  }
  times.sort((a, b) => a - b);
  const sent = (lab.up.counts.bytesSent + lab.down.counts.bytesSent) / (2 * count * length);
  return { median: percentile(times, 0.5), p95: percentile(times, 0.95), sent };
}

/** Unreliable messages through the same session as bulk: 50 a second of 160 bytes are 64 kbit/s. */
export async function messagesBesideBulk(shape: PathShape, seed: number): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  lab.begin();
  flow.transfer().catch(whenTheRunIsOver);
  await lab.pass(WARM_UP);
  lab.measure();
  const delays: number[] = [];
  const receive = async () => {
    for (;;) {
      const message = await flow.receiver.receiveUrel();
      const sentAt = new DataView(message.buffer, message.byteOffset).getFloat64(0);
      delays.push(lab.now - sentAt);
    }
  };
  receive().catch(whenTheRunIsOver);
  const message = new Uint8Array(160);
  const count = 500;
  for (let i = 0; i < count; i++) {
    new DataView(message.buffer).setFloat64(0, lab.now);
    flow.sender.sendUrel(message);
    await lab.pass(20);
  }
  delays.sort((a, b) => a - b);
  return {
    share: lab.share(flow.goodput),
    p95: percentile(delays, 0.95),
    lost: 100 * (1 - delays.length / count),
  };
}

/** Many streams of one session at once: how equal they are. */
export async function streams(shape: PathShape, count: number, seed: number): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  const bytes: number[] = [];
  const follow = async (index: number) => {
    const conn = index === 0 ? flow.far : await flow.receiver.acceptConn();
    const into = new Uint8Array(65_536);
    bytes[index] = 0;
    for (;;) bytes[index]! += await conn.read(into) ?? 0;
  };
  for (let i = 0; i < count; i++) {
    follow(i).catch(whenTheRunIsOver);
    const conn = i === 0 ? flow.conn : await lab.network.run(flow.sender.openConn());
    writeAll(conn, Infinity);
  }
  lab.begin();
  await lab.pass(WARM_UP);
  lab.measure();
  const before = [...bytes];
  await lab.pass(10_000);
  return {
    share: lab.share(flow.goodput),
    jain: jain(bytes.map((n, i) => n - before[i]!)),
  };
}

/** Small messages on one stream, bulk on another of the same session. */
export async function smallBesideBulk(shape: PathShape, seed: number): Promise<Result> {
  const lab = new Lab(shape, seed);
  const flow = await lab.addFlow();
  const accepted = flow.receiver.acceptConn();
  const conn = await lab.network.run(flow.sender.openConn());
  const far = await lab.network.run(accepted);
  lab.begin();
  flow.transfer().catch(whenTheRunIsOver);
  await lab.pass(WARM_UP);
  lab.measure();
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const sentAt = lab.now;
    writeAll(conn, 200);
    await lab.network.run(readAll(far, 200));
    times.push(lab.now - sentAt);
    await lab.pass(50 - (lab.now - sentAt) % 50);
  }
  times.sort((a, b) => a - b);
  return {
    share: lab.share(flow.goodput),
    p95: percentile(times, 0.95),
    lost: 0,
  };
}

/** Jain's index: 1 when all are equal. */
function jain(rates: readonly number[]): number {
  const sum = rates.reduce((a, b) => a + b, 0);
  return sum * sum / (rates.length * rates.reduce((a, b) => a + b * b, 0));
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
