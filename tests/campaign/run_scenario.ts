/**
 * One run of the campaign, and what it found.
 */
import process from "node:process";
import { setImmediate } from "node:timers";
import {
  type LinkConditions,
  type SimulatedNetwork,
  simulatedNetwork,
  type SimulatedNode,
} from "../../src/adapters/sim.ts";
import { CampaignWorld } from "./campaign_world.ts";
import { ClientProgram } from "./client_program.ts";
import { beginFault, effectOf, type Fault, type FaultTarget } from "./faults.ts";
import { describeScenario, drawScenario, type Scenario, TROUBLE } from "./scenario.ts";
import { ServerProgram } from "./server_program.ts";
import { Tally } from "./tally.ts";
import { AmplificationWatch, HostWatch, type TrafficWatch, watchedHost } from "./watched_host.ts";

/** How long what was begun may take to come to its end once nothing is wrong any more, ms. */
const SETTLING = 75_000;

/** How long it may take to show that all is well, ms: most of it after a restart that forgot all. */
const PROVING = 240_000;

/** How long ends may take, ms: then nothing may be pending. */
const CLOSING = 5_000;

/** How long a run takes at the least, ms. */
const LEAST_TIME = 60_000;

/** How long the system's byte streams may outlive their programs, ms: their last timers. */
const LINGERING = 15 * 60_000;

/** What a run has shown. */
export interface RunResult {
  readonly tally: Tally;
  readonly traceHash: string;
  /** What must not be. */
  readonly violations: readonly string[];
}

/** What went wrong in a run, and how to see it again. */
export class CampaignFailure extends Error {
  constructor(scenario: Scenario, violations: readonly string[]) {
    const again = `again: deno task campaign 1 ${scenario.seed}`;
    super([...violations.slice(0, 5), describeScenario(scenario), again].join("\n"));
    this.name = "CampaignFailure";
  }
}

/** Runs the scenario of a seed; throws a {@linkcode CampaignFailure} when something was not as it must be. */
export async function runSeed(seed: number): Promise<RunResult> {
  const scenario = drawScenario(seed);
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown) => void uncaught.push(error);
  const kinds = ["unhandledRejection", "uncaughtException"] as const;
  for (const kind of kinds) process.on(kind, onUncaught);
  try {
    const result = await new Run(scenario).run();
    await new Promise<void>((resolve) => void setImmediate(resolve));
    const violations = [...result.violations, ...uncaught.map((error) => `uncaught: ${error}`)];
    if (violations.length > 0) throw new CampaignFailure(scenario, violations);
    return result;
  } finally {
    for (const kind of kinds) process.off(kind, onUncaught);
  }
}

class Run {
  readonly #scenario: Scenario;
  readonly #network: SimulatedNetwork;
  readonly #world: CampaignWorld;
  readonly #serverNode: SimulatedNode;
  readonly #server: ServerProgram;
  readonly #watches: HostWatch[] = [];
  readonly #amplification: AmplificationWatch;
  readonly #targets: FaultTarget[] = [];
  readonly #clients: ClientProgram[] = [];

  constructor(scenario: Scenario) {
    const { seed, crypto, clients, budget } = scenario;
    this.#scenario = scenario;
    const network = this.#network = simulatedNetwork({ seed, crypto });
    const world = this.#world = new CampaignWorld(network, seed, budget);
    this.#amplification = new AmplificationWatch((violation) => world.report(violation));
    this.#serverNode = network.addNode("server");
    const amplification = this.#amplification;
    this.#server = new ServerProgram(
      world,
      this.#host(this.#serverNode, {
        onSent: (hostname, length) => amplification.onSent(hostname, length),
        onReceived: (hostname, length) => amplification.onReceived(hostname, length),
      }),
      scenario,
    );
    clients.forEach((plan, i) => this.#addClient(i, plan));
  }

  async run(): Promise<RunResult> {
    const [world, network] = [this.#world, this.#network];
    const { violations, tally } = world;
    try {
      await this.#runPhases();
    } catch (error) {
      violations.push(`at ${network.now} ms: ${error instanceof Error ? error.stack : error}`);
    }
    tally.add("virtual seconds: all", Math.round(network.now / 1_000));
    return { tally, violations, traceHash: network.traceHash };
  }

  async #runPhases(): Promise<void> {
    const [world, network, server] = [this.#world, this.#network, this.#server];
    this.#look();
    await network.run(server.start());
    for (const fault of this.#scenario.faults) network.at(fault.at, () => this.#begin(fault));
    const programs = Promise.all(this.#clients.map((client) => client.run()));
    await this.#until(world.sleep(TROUBLE), TROUBLE);
    await this.#calm();
    await this.#settle(programs);
    await this.#until(
      Promise.all(this.#clients.map((client) => client.proveAlive())),
      PROVING,
    );
    await this.#until(this.#serverStreams(), SETTLING);
    const ends = [
      () => Promise.all(this.#clients.map((client) => client.close())),
      () => server.close(),
    ];
    if (this.#scenario.seed % 2 === 0) ends.reverse();
    for (const end of ends) await this.#until(end(), CLOSING);
    if (world.violations.length > 0) return;
    world.isOver = true;
    await network.pass(Math.max(CLOSING, LEAST_TIME - network.now));
    world.waits.checkNone();
    for (const watch of this.#watches) watch.checkNone();
    if (network.openSockets > 0) await network.pass(LINGERING);
    if (network.openSockets > 0) world.report(`${network.openSockets} sockets are left`);
  }

  /** The server's ends of streams come to their end as well, where the client's have. */
  async #serverStreams(): Promise<void> {
    const alive = this.#clients.flatMap(({ multiplexes }) => multiplexes)
      .filter(({ life }) => life.over === undefined).map(({ life }) => life.name);
    for (const program of this.#server.multiplexes) {
      const owner = this.#world.streams.ownerOf(program.life.name);
      if (owner !== undefined && alive.includes(owner)) await program.ended;
    }
  }

  /** Lets the programs of the clients come to their end. */
  async #settle(programs: Promise<unknown>): Promise<void> {
    const { causes } = this.#world;
    let isDone = false;
    void programs.then(() => isDone = true);
    const inTime = Promise.race([programs, this.#world.sleep(SETTLING)]);
    await this.#until(inTime, SETTLING);
    if (isDone) return;
    const idle = Math.max(...this.#scenario.clients.map(({ idleTimeout }) => idleTimeout));
    await this.#until(programs, causes.hasGivenUp ? idle : 0);
  }

  /** Lets time pass until something is done, or must not be as it is. */
  async #until(promise: Promise<unknown>, limit: number): Promise<void> {
    const [world, network] = [this.#world, this.#network];
    if (world.violations.length > 0) return;
    const done = network.run(Promise.race([promise, world.broken]), limit + 1);
    await done.catch((error) => {
      if (error.code !== "time-limit") throw error;
      for (const what of world.waits.names()) world.report(`${what} is pending after ${limit} ms`);
      world.report(`not done after ${limit} ms`);
    });
  }

  /** Looks at what is pending, once a second. */
  #look(): void {
    this.#world.waits.check();
    if (!this.#world.isOver) this.#network.at(this.#network.now + 1_000, () => this.#look());
  }

  #begin(fault: Fault): void {
    const world = this.#world;
    if (world.isCalm) return;
    world.tally.add(`fault: ${fault.kind}`);
    const end = beginFault(fault, this.#targets[fault.client]!);
    const isOver = world.causes.onTrouble(effectOf(fault.kind));
    this.#network.at(world.now + fault.length, () => {
      isOver();
      if (!world.isCalm) end();
    });
  }

  /** From now on nothing is wrong. */
  async #calm(): Promise<void> {
    const world = this.#world;
    if (world.violations.length > 0) return;
    this.#serverNode.failSockets();
    for (const { client, links, throttles, path } of this.#targets) {
      client.failSockets();
      for (const link of links) repair(link, path);
      for (const link of throttles) repair(link, {});
    }
    await this.#until(this.#server.ready, SETTLING);
    world.isCalm = true;
  }

  #addClient(index: number, plan: Scenario["clients"][number]): void {
    const [network, world] = [this.#network, this.#world];
    const name = `client ${index}`;
    const client = network.addNode(name);
    const links = [network.path(client, "server"), network.path("server", client)];
    for (const link of links) link.change(plan.path);
    const throttles = links.map(() => network.addBottleneck({}));
    network.route(client, "server", { datagrams: [throttles[0]!] });
    network.route("server", client, { datagrams: [throttles[1]!] });
    const host = this.#host(client, {
      onConnected: () => this.#amplification.onConnected(client.address),
      onReceived: () => this.#amplification.onReached(client.address),
    });
    this.#targets.push({
      client,
      server: this.#serverNode,
      path: plan.path,
      links,
      throttles,
      onStall: (time) => world.waits.onStall(time),
      restart: (isKilled, length) => this.#restart(isKilled, length),
    });
    const overflowed = () => links.reduce((sum, link) => sum + link.counts.overflowed, 0);
    this.#clients.push(new ClientProgram(world, host, this.#server, plan, name, overflowed));
  }

  #restart(isKilled: boolean, length: number): void {
    const all = this.#targets.flatMap(({ links }) => links);
    this.#server.restart(length, isKilled, (isOff) => {
      for (const link of all) link.change({ isDown: isOff });
    });
  }

  #host(node: SimulatedNode, traffic: TrafficWatch) {
    const watch = new HostWatch(node.name, (violation) => this.#world.report(violation));
    this.#watches.push(watch);
    return watchedHost(node, watch, traffic, this.#scenario.crypto === "real");
  }
}

/** Takes all conditions back but the usual ones. */
function repair(
  link: { readonly conditions: LinkConditions; change(to: LinkConditions): void },
  usual: LinkConditions,
) {
  const none = Object.fromEntries(Object.keys(link.conditions).map((name) => [name, undefined]));
  link.change({ ...none, ...usual });
}
