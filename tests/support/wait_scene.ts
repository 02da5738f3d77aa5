/**
 * Two ends with all that can be waited for, and the troubles that they meet.
 */
import assert from "node:assert/strict";
import { SosistabError } from "../../src/errors.ts";
import type { Host } from "../../src/host.ts";
import { connect } from "../../src/net/client.ts";
import type { Closure, Multiplex, RelConn, Session } from "../../src/net/contract.ts";
import { listen } from "../../src/net/listener.ts";
import type { Listener } from "../../src/net/listen_contract.ts";
import { countedAlarms } from "./counted_alarms.ts";
import { MemoryStore } from "./memory_store.ts";
import { PORT, SECRET_KEY, VirtualPair } from "./virtual_pair.ts";

/** One way takes so long, ms. */
export const DELAY = 20;

/** What programs set, ms. */
export const IDLE_TIMEOUT = 60_000;
export const DEAD_AFTER = 10_000;
export const CONNECT_TIMEOUT = 5_000;

/** How long a server is away that is restarted, and a path that comes back, ms. */
export const OUTAGE = 4_000;

/** One end: a multiplex with a stream, and a session without. */
export interface WaitingEnd {
  readonly mux: Multiplex;
  readonly conn: RelConn;
  readonly raw: Session;
}

/** How a wait has ended: by an error's code, by the signal's reason, or by what it gave. */
export type Outcome = string;

/** Both ends, on hosts whose alarms are counted. */
export class WaitScene {
  readonly pair = new VirtualPair({ delay: DELAY }, 1, { crypto: "none" });
  readonly #store = new MemoryStore();
  readonly #closers: (() => Promise<void>)[] = [];
  #alarms = 0;
  #listener: Listener | undefined;
  #ends: { readonly client: WaitingEnd; readonly server: WaitingEnd } | undefined;

  get listener(): Listener {
    return this.#listener!;
  }

  end(role: "client" | "server"): WaitingEnd {
    return this.#ends![role];
  }

  /** Opens everything. */
  async open(): Promise<void> {
    const { pair } = this;
    await this.listen(true);
    const clients = [await pair.run(this.connect()), await pair.run(this.connect())] as const;
    const servers = [
      await pair.run(this.listener.accept()),
      await pair.run(this.listener.accept()),
    ] as const;
    const [near, far] = [clients[0], servers[0]].map((each) =>
      each.multiplex({ deadAfter: DEAD_AFTER })
    );
    const [conn, other] = await pair.run(Promise.all([near!.openConn(), far!.acceptConn()]));
    this.#ends = {
      client: { mux: near!, conn, raw: clients[1] },
      server: { mux: far!, conn: other, raw: servers[1] },
    };
    await pair.pass(1_000);
  }

  /** Puts a server up. */
  async listen(freshKey: boolean): Promise<void> {
    const listener = await listen(this.#counted(this.pair.serverHost), {
      port: PORT,
      secretKey: SECRET_KEY,
      freshKey,
      replayStore: this.#store,
      idleTimeout: IDLE_TIMEOUT,
    });
    this.#listener = listener;
    this.#closers.push(() => listener.close());
  }

  /** Connects once more. */
  async connect(signal?: AbortSignal): Promise<Session> {
    const session = await connect(this.#counted(this.pair.clientHost), {
      hostname: "server",
      port: PORT,
      serverKey: this.listener.publicKey,
      idleTimeout: IDLE_TIMEOUT,
      timeout: CONNECT_TIMEOUT,
      ...(signal === undefined ? {} : { signal }),
    });
    this.#closers.push(() => session.close());
    return session;
  }

  /** The server is killed: it has no time for a word. Later it is there again. */
  async restart(): Promise<void> {
    const { pair, listener } = this;
    pair.blackout(true);
    const backAt = pair.now + OUTAGE;
    await pair.run(listener.close());
    await pair.pass(backAt - pair.now);
    pair.blackout(false);
    await this.listen(false);
  }

  /** Ends everything, and checks that nothing is left. */
  async close(label: string): Promise<void> {
    await this.pair.run(Promise.all(this.#closers.map((close) => close())));
    assert.equal(this.pair.network.openSockets, 0, label);
    assert.equal(this.#alarms, 0, label);
  }

  #counted(host: Host): Host {
    const setAlarm = countedAlarms(host, (change) => void (this.#alarms += change));
    return { ...host, setAlarm };
  }
}

/** Says how a wait ends, in a word or two. */
export async function outcomeOf(wait: Promise<unknown>, reason: unknown): Promise<Outcome> {
  try {
    const value = await wait;
    if (isClosure(value)) return [value.by, value.error?.code].filter((each) => each).join(", ");
    return isDone(value) ? "done" : "ok";
  } catch (error) {
    if (error === reason) return "reason";
    assert.ok(error instanceof SosistabError, `${error}`);
    return error.code;
  }
}

function isClosure(value: unknown): value is Closure {
  return typeof value === "object" && value !== null && "by" in value;
}

function isDone(value: unknown): boolean {
  return typeof value === "object" && value !== null && "done" in value && value.done === true;
}
