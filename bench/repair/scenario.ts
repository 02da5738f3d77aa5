/**
 * Datagrams through the whole stack over a simulated path, and what became of them.
 *
 * @module
 */
import {
  connect,
  type Link,
  type LinkConditions,
  listen,
  type Session,
  type SimulatedNetwork,
  simulatedNetwork,
} from "../../src/adapters/sim.ts";
import { leastParity, residualLoss } from "../../src/fec/redundancy.ts";

const SECRET_KEY = new Uint8Array(32).fill(7);

/** The other side sends something this often, ms: a voice call does. */
const ANSWER_INTERVAL = 20;
const ANSWER = new Uint8Array(20);

/** What may stay lost: the default. */
const TARGET = 0.005;

/** Longest run that is repaired at all. */
const MOST_PARITY = 128;

/** How late a datagram is that was not repaired, ms, at the most. */
const ON_TIME = 0.01;

/** A path's conditions from a time on, ms after the start of the traffic. */
export interface Phase {
  readonly from: number;
  readonly conditions: LinkConditions;
}

/** What is sent. Times in ms. */
export interface Traffic {
  readonly interval: number;
  readonly length: number;
  /** Age at which a datagram is of no use any more. */
  readonly tolerance: number;
  readonly rtt: number;
  readonly phases: readonly Phase[];
  readonly duration: number;
  readonly seed: number;
  /** Whether lost datagrams are repaired; they are by default. */
  readonly isRepaired?: boolean;
}

/** A run that has ended. */
export class Outcome {
  readonly #traffic: Traffic;
  /** How late each datagram came; `undefined`: never. */
  readonly #lateness: readonly (number | undefined)[];
  /** Parity frames that had been sent before each datagram, and in the end. */
  readonly #parity: readonly number[];

  constructor(
    traffic: Traffic,
    lateness: readonly (number | undefined)[],
    parity: readonly number[],
  ) {
    this.#traffic = traffic;
    this.#lateness = lateness;
    this.#parity = parity;
  }

  /** What happened to the datagrams of a stretch of time, ms. */
  between(from: number, to: number): Record<string, number> {
    const { interval, tolerance } = this.#traffic;
    const [first, end] = [Math.ceil(from / interval), Math.ceil(to / interval)];
    const lateness = this.#lateness.slice(first, end);
    const missing = lateness.filter((late) => late === undefined || late > ON_TIME);
    const never = lateness.filter((late) => late === undefined);
    const repaired = missing.filter((late) => late !== undefined && late <= tolerance + ON_TIME);
    const delays = repaired.map((late) => late ?? 0).sort((a, b) => a - b);
    const count = lateness.length;
    const loss = missing.length / count;
    const residual = (missing.length - repaired.length) / count;
    const overhead = ((this.#parity[end] ?? 0) - (this.#parity[first] ?? 0)) / count;
    return {
      loss: 100 * loss,
      missing: 100 * never.length / count,
      residual: 100 * residual,
      overhead: 100 * overhead,
      p50: delays[Math.floor(delays.length / 2)] ?? 0,
      p99: delays[Math.floor(delays.length * 0.99)] ?? 0,
    };
  }
}

/**
 * The share of useful packets, against that of the best mix of parity for runs of so many datagrams
 * when losses are independent.
 */
export function efficiency(runLength: number, nominal: number, figures: Record<string, number>) {
  const { residual = 0, overhead = 0 } = figures;
  const { mean } = leastParity(
    (count) => residualLoss(runLength, count, nominal),
    TARGET,
    MOST_PARITY,
  );
  const best = (1 - Math.min(TARGET, nominal)) / (1 + mean / runLength);
  return (1 - residual / 100) / (1 + overhead / 100) / best;
}

/** Sends datagrams, and waits until the last of them has come or is useless. */
export async function sendDatagrams(traffic: Traffic): Promise<Outcome> {
  const { interval, length, tolerance, rtt, phases, duration, seed } = traffic;
  const network = simulatedNetwork({ seed, crypto: "none", conditions: { delay: rtt / 2 } });
  const { near, far, links } = await open(network, traffic);
  const start = network.now;
  for (const { from, conditions } of phases) {
    network.at(start + from, () => links.forEach((link) => link.change(conditions)));
  }
  const count = Math.floor(duration / interval);
  const lateness: (number | undefined)[] = new Array(count).fill(undefined);
  const parity: number[] = [];
  const body = new Uint8Array(length);
  const view = new DataView(body.buffer);
  repeat(network, start, interval, count, (i) => {
    parity.push(near.stats().paritySent);
    view.setUint32(0, i);
    near.send(body, { maxAge: tolerance });
  });
  const answers = Math.floor(duration / ANSWER_INTERVAL);
  repeat(network, start + ANSWER_INTERVAL / 3, ANSWER_INTERVAL, answers, () => {
    far.send(ANSWER, { maxAge: 0 });
  });
  receiveAll(far, (datagram) => {
    const i = new DataView(datagram.buffer, datagram.byteOffset).getUint32(0);
    lateness[i] ??= network.now - rtt / 2 - (start + i * interval);
  });
  receiveAll(near, () => {});
  await network.pass(duration + tolerance + 2 * rtt);
  parity.push(near.stats().paritySent);
  return new Outcome(traffic, lateness, parity);
}

async function open(network: SimulatedNetwork, { isRepaired = true }: Traffic) {
  const [client, server] = [network.addNode("client"), network.addNode("server")];
  const listener = await listen(server, { port: 1, secretKey: SECRET_KEY, freshKey: true });
  const near = await network.run(connect(client, {
    hostname: "server",
    port: 1,
    serverKey: listener.publicKey,
    ...(isRepaired ? {} : { repair: false }),
  }));
  near.send(ANSWER, { maxAge: 0 });
  const far = await network.run(listener.accept());
  far.send(ANSWER, { maxAge: 0 });
  await network.pass(500);
  const links: readonly Link[] = [network.path(client, server), network.path(server, client)];
  return { near, far, links };
}

/** Does something at even intervals, without waiting for it. */
function repeat(
  network: SimulatedNetwork,
  start: number,
  interval: number,
  count: number,
  act: (i: number) => void,
): void {
  const step = (i: number) => {
    if (i >= count) return;
    network.at(start + i * interval, () => {
      act(i);
      step(i + 1);
    });
  };
  step(0);
}

function receiveAll(session: Session, onDatagram: (datagram: Uint8Array) => void): void {
  const receive = async () => {
    for (;;) onDatagram(await session.receive());
  };
  // The run is over before the session is.
  receive().catch(() => {});
}
