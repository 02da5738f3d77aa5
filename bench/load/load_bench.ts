/**
 * What a load test works with: a server and clients in processes of their own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { ServerSettings } from "./load_server.ts";
import { Program, type Told } from "./program.ts";
import type { LoadRuntime } from "./runtimes.ts";

const SERVER = fileURLToPath(new URL("load_server.ts", import.meta.url));
const CLIENT = fileURLToPath(new URL("load_client.ts", import.meta.url));

/** How long a program may take to end, ms. */
const END_LIMIT = 20_000;

/** How large tests are. */
export interface LoadSize {
  /** A factor on the numbers of sessions, streams and datagrams. */
  readonly scale: number;
  /** Streams that are opened and closed, before the factor. */
  readonly churns: number;
  /** Of a test that is as long as one likes. */
  readonly seconds: number;
}

/** Figures by their names. */
export type Figures = Readonly<Record<string, number>>;

/** The processes of one test. */
export class LoadBench {
  /** How large the test is to be. */
  readonly size: LoadSize;
  /** Tells people how far it is. */
  readonly say: (line: string) => void;
  readonly #runtime: LoadRuntime;
  readonly #programs: Program[] = [];

  constructor(runtime: LoadRuntime, size: LoadSize, say: (line: string) => void) {
    this.#runtime = runtime;
    this.size = size;
    this.say = say;
  }

  /** A number of the full test, as it is here: at least one. */
  scaled(count: number): number {
    return Math.max(1, Math.round(count * this.size.scale));
  }

  /** Starts a server. */
  async server(settings: ServerSettings = {}): Promise<{ program: Program; port: number }> {
    const { program, told } = await this.#start("server", SERVER, JSON.stringify(settings));
    return { program, port: Number(told.port) };
  }

  /** Starts clients, each in a process of its own. */
  async clients(count: number): Promise<Program[]> {
    const started = Array.from(
      { length: count },
      (_, i) => this.#start(`client ${i}`, CLIENT, String(i)),
    );
    return (await Promise.all(started)).map(({ program }) => program);
  }

  /** Ends all, and says which would not end by itself. */
  async close(): Promise<string[]> {
    const ends = await Promise.all(
      this.#programs.splice(0).reverse().map(async (program) => ({
        name: program.name,
        isEnded: await program.end(END_LIMIT),
      })),
    );
    return ends.filter(({ isEnded }) => !isEnded).map(({ name }) => name);
  }

  async #start(
    name: string,
    script: string,
    argument: string,
  ): Promise<{ program: Program; told: Told }> {
    const first = Promise.withResolvers<Told>();
    const program = new Program(name, [...this.#runtime.command, script, argument], first.resolve);
    this.#programs.push(program);
    void program.ended.then(() => first.reject(new Error(`${name} ends: ${program.complaint}`)));
    return { program, told: await first.promise };
  }
}

/** Asks several programs the same. */
export function askAll(
  programs: readonly Program[],
  order: string,
  settings: (index: number) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<Told[]> {
  return Promise.all(programs.map((program, i) => program.ask(order, settings(i))));
}

/** Processor time of a program since it began, ms. */
export async function cpuOf(program: Program): Promise<number> {
  return Number((await program.ask("cpu")).cpu);
}

/** The sum of a field of several answers. */
export function sumOf(answers: readonly Told[], field: string): number {
  return answers.reduce((sum, answer) => sum + Number(answer[field]), 0);
}

/** The largest value of a field of several answers. */
export function mostOf(answers: readonly Told[], field: string): number {
  return Math.max(...answers.map((answer) => Number(answer[field])));
}

/** A part of a number, as even as can be: part `index` of `parts`. */
export function share(total: number, parts: number, index: number): number {
  return Math.floor(total / parts) + (index < total % parts ? 1 : 0);
}
