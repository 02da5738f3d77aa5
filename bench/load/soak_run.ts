/**
 * One soak: two servers, a client, bad paths between them, and faults each half minute.
 *
 * One server only ever restarts in its process, so its memory can be followed; the other one is killed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { delay } from "../../tests/support/delay.ts";
import { seededFraction } from "../../tests/support/seeded_random.ts";
import { processorTime } from "./footprint.ts";
import { Program, type Told } from "./program.ts";
import type { LoadRuntime } from "./runtimes.ts";
import { between, BLACKOUT, type Draw, FAULTS, settle, type SoakSite } from "./soak_faults.ts";
import type { EndReport } from "./soak_end.ts";
import { type Stall, StallWatch } from "./stall_watch.ts";
import { leaksOf, SoakJudge, type TimedReport } from "./soak_judge.ts";
import { openPaths } from "./soak_paths.ts";

const SERVER = fileURLToPath(new URL("soak_server.ts", import.meta.url));
const CLIENT = fileURLToPath(new URL("soak_client.ts", import.meta.url));

/** Faults come so often, and last for a drawn part of that, ms. */
const FAULT_INTERVAL = 30_000;
const FAULT_LENGTH = [4_000, 20_000] as const;

/** Faults at the same time, at the most. */
const MOST_FAULTS = 3;

/** How often the ends are asked for a report, ms. */
const REPORT_INTERVAL = 20_000;

/** How long an end may take to start, to finish, and then to end by itself, ms. */
const FINISH_LIMIT = 90_000;

/** What a soak is. */
export interface SoakOptions {
  /** What the ends run on. */
  readonly runtime: LoadRuntime;
  /** How long, ms. */
  readonly length: number;
  /** Decides over the faults and the traffic. */
  readonly seed: number;
  /** Between the beginnings of faults, ms; half a minute by default. */
  readonly faultInterval?: number;
  /** Gets a line now and then. */
  readonly onLine: (line: string) => void;
}

/** How it went. */
export interface SoakResult {
  /** What must not have happened, in words. */
  readonly violations: readonly string[];
  /** What broke, with a reason or without one. */
  readonly broken: string;
  /** The client's reports. */
  readonly client: readonly TimedReport[];
  /** Those of the server that lived all the time. */
  readonly server: readonly TimedReport[];
  /** Processor time of the client and of that server, as a share of one core. */
  readonly load: number;
  /** The same of the process with the paths. */
  readonly pathLoad: number;
  /** How often each fault has struck. */
  readonly faults: ReadonlyMap<string, number>;
  /** How often a process stood still because the machine was elsewhere, and the longest, ms. */
  readonly stalls: { readonly count: number; readonly longest: number };
}

/** Does it. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const soak = new Soak(options);
  try {
    return await soak.run();
  } finally {
    await soak.close();
  }
}

interface Site extends SoakSite {
  program: Program;
}

class Soak {
  readonly #options: SoakOptions;
  readonly #judge = new SoakJudge();
  readonly #draw: Draw;
  /** From here on time counts. */
  #startedAt = performance.now();
  readonly #faults = new Map<string, number>();
  readonly #sites: Site[] = [];
  readonly #ends = new Map<string, EndReport>();
  /** This process has the paths. */
  readonly #stalls = new StallWatch((stall) => this.#onStall("the paths", stall));
  #client: Program | undefined;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#draw = seededFraction(options.seed);
  }

  async run(): Promise<SoakResult> {
    const { length } = this.#options;
    for (let server = 0; server < 2; server++) this.#sites.push(await this.#openSite(server));
    const ports = this.#sites.map(({ relay }) => String(relay.addr.port));
    this.#client = await this.#startClient(ports);
    this.#startedAt = performance.now();
    const client: TimedReport[] = [];
    const server: TimedReport[] = [];
    const reporting = this.#report(client, server, length);
    await Promise.all([reporting, this.#strike(length)]);
    const pathLoad = processorTime() / this.#now;
    await this.#finish();
    const load = [client, server].reduce((sum, reports) => sum + (reports.at(-1)?.cpu ?? 0), 0);
    return {
      violations: this.#judge.violations,
      broken: this.#judge.broken,
      client,
      server,
      load: load / length,
      pathLoad,
      faults: this.#faults,
      stalls: this.#judge.stalls,
    };
  }

  /** Ends all that is left. */
  async close(): Promise<void> {
    this.#stalls.stop();
    await Promise.all([this.#client, ...this.#sites.map(({ program }) => program)]
      .map((program) => program?.kill()));
    for (const { relay, streamRelay } of this.#sites) {
      relay.close();
      streamRelay.close();
    }
  }

  get #now(): number {
    return performance.now() - this.#startedAt;
  }

  async #openSite(server: number): Promise<Site> {
    const { seed } = this.#options;
    const { program, port } = await this.#startServer(server, 0);
    const target = { hostname: "127.0.0.1", port };
    const { relay, streamRelay } = await openPaths(target, seed + server);
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = async (deed: () => Promise<unknown>): Promise<void> => {
      const own = last.then(async () => {
        this.#judge.onRestart(this.#now, server);
        await deed();
        this.#judge.onRestart(this.#now, server);
      });
      last = own;
      await own;
    };
    const site: Site = {
      program,
      relay,
      streamRelay,
      restart: () => inTurn(() => site.program.ask("restart")),
      // The other server's memory is followed through all its life.
      crash: (downFor) =>
        server === 0 ? site.restart() : inTurn(async () => {
          await site.program.kill();
          await delay(downFor);
          ({ program: site.program } = await this.#startServer(server, port));
        }),
    };
    settle(site);
    return site;
  }

  async #startServer(server: number, port: number): Promise<{ program: Program; port: number }> {
    const listening = Promise.withResolvers<number>();
    const { command } = this.#options.runtime;
    const program = this.#start(
      `server ${server}`,
      [...command, SERVER, String(port)],
      (told) => void (told.event === "listening" && listening.resolve(Number(told.port))),
    );
    void program.ended.then(() =>
      listening.reject(new Error(`a server does not start: ${program.complaint}`))
    );
    return { program, port: await listening.promise };
  }

  /** Starts the client, and waits until something has come through. */
  async #startClient(ports: readonly string[]): Promise<Program> {
    const ready = Promise.withResolvers<void>();
    const { runtime, seed } = this.#options;
    const command = [...runtime.command, CLIENT, String(seed), ...ports];
    const client = this.#start(
      "client",
      command,
      (told) => void (told.event === "ready" && ready.resolve()),
    );
    void client.ended.then(() =>
      ready.reject(new Error(`the client ends early: ${client.complaint}`))
    );
    await within(FINISH_LIMIT, ready.promise, "nothing comes through");
    return client;
  }

  #start(name: string, command: readonly string[], onTold?: (told: Told) => void): Program {
    const program = new Program(name, command, (told) => {
      const known = this.#judge.violations.length;
      this.#judge.onTold(this.#now, name, told);
      for (const text of this.#judge.violations.slice(known)) this.#log(`WRONG: ${text}`);
      if (told.event === "stall") {
        this.#onStall(name, { length: Number(told.length), isOwn: told.isOwn === true });
      }
      if (told.event === "end") this.#ends.set(name, told as unknown as EndReport);
      onTold?.(told);
    });
    return program;
  }

  #onStall(who: string, stall: Stall): void {
    this.#judge.onStall(this.#now, who, stall);
    this.#log(`${who} stood still for ${Math.round(stall.length)} ms`);
  }

  #log(text: string): void {
    this.#options.onLine(`${Math.round(this.#now / 1000)} s: ${text}`);
  }

  /** Asks the ends how they are. */
  async #report(client: TimedReport[], server: TimedReport[], length: number): Promise<void> {
    let minute = 0;
    while (this.#now < length) {
      await delay(Math.min(REPORT_INTERVAL, length - this.#now));
      client.push(await this.#askFor(this.#client!));
      server.push(await this.#askFor(this.#sites[0]!.program));
      if (this.#now < minute * 60_000) continue;
      minute = Math.floor(this.#now / 60_000) + 1;
      this.#log(formatProgress(client.at(-1)!, server.at(-1)!, this.#judge));
    }
  }

  async #askFor(program: Program): Promise<TimedReport> {
    const report = await program.ask("report") as unknown as EndReport;
    return { ...report, at: this.#now };
  }

  /** Lets faults happen, and ends before the time is over, so that all can come to a good end. */
  async #strike(length: number): Promise<void> {
    const { faultInterval = FAULT_INTERVAL } = this.#options;
    const pace = faultInterval / FAULT_INTERVAL;
    while (this.#now + faultInterval < length) {
      const nextAt = this.#now + faultInterval;
      const count = 1 + Math.floor(this.#draw() * MOST_FAULTS);
      const strikes = Array.from({ length: count }, () => this.#strikeOnce(pace));
      const calm = delay(between(...FAULT_LENGTH, this.#draw) * pace);
      await Promise.all([...strikes, calm]);
      for (const site of this.#sites) settle(site);
      await delay(Math.max(0, nextAt - this.#now));
    }
  }

  async #strikeOnce(pace: number): Promise<void> {
    const fault = FAULTS[Math.floor(this.#draw() * FAULTS.length)]!;
    const server = Math.floor(this.#draw() * this.#sites.length);
    this.#faults.set(fault.name, (this.#faults.get(fault.name) ?? 0) + 1);
    this.#log(`${fault.name} at server ${server}`);
    if (fault.name === BLACKOUT) this.#judge.onBlackout(this.#now, server);
    await fault.strike(this.#sites[server]!, this.#draw, pace);
  }

  /** Lets the client and then the servers come to an end, and looks at what is left of them. */
  async #finish(): Promise<void> {
    try {
      await within(FINISH_LIMIT, this.#client!.ask("finish"), "the client does not finish");
    } catch (error) {
      this.#judge.onViolation(error instanceof Error ? error.message : String(error));
    }
    for (const program of [this.#client!, ...this.#sites.map(({ program }) => program)]) {
      const isEnded = await program.end(FINISH_LIMIT);
      if (!isEnded) this.#judge.onViolation(`${program.name} did not end by itself`);
      const report = this.#ends.get(program.name);
      const { word } = this.#options.runtime;
      const leaks = report === undefined
        ? [`${program.name}: ${program.complaint}`]
        : leaksOf(program.name, report, word);
      for (const leak of leaks) this.#judge.onViolation(leak);
    }
    this.#judge.finish();
  }
}

function formatProgress(
  client: EndReport,
  server: EndReport,
  judge: SoakJudge,
): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const memory = ({ rss, heap }: EndReport) => `${megabytes(rss)} (heap ${megabytes(heap)})`;
  return [
    `${client.sessions} sessions, ${client.streams} streams, ${client.messages} messages`,
    `${megabytes(client.bytes + server.bytes)} MB right`,
    `MB: client ${memory(client)}, server ${memory(server)}`,
    `broken: ${judge.broken}`,
    `${judge.violations.length} violations`,
  ].join("; ");
}

async function within<T>(limit: number, promise: Promise<T>, complaint: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), limit);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
