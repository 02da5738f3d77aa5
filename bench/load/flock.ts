/**
 * Many clients of one server in one process.
 *
 * @module
 */
import {
  connect,
  type ConnectOptions,
  type Host,
  type Multiplex,
  publicKeyOf,
  type Session,
  SosistabError,
} from "../../mod.ts";
import { delay } from "../../tests/support/delay.ts";

/** The key of every server of a load test. */
const SERVER_KEY = publicKeyOf(new Uint8Array(32).fill(7));

/** How often a ping is sent until it is answered, ms: more often than a client doubts its server. */
const PING_INTERVAL = 800;

/**
 * Pings of a flock that are under way at the same time. Thousands at once would measure a queue that
 * grows faster than any server empties it, and how patient the clients are.
 */
const PINGS_AT_ONCE = 16;

/** How long a stranger waits for what must not come, ms. */
const STRANGER_PATIENCE = 300;

/** What a flock is to open. */
export interface FlockOptions extends Pick<ConnectOptions, "protocol" | "shards" | "timeout"> {
  /** The server's port on 127.0.0.1. */
  readonly port: number;
  /** Sessions. */
  readonly count: number;
  /** Handshakes at the same time. */
  readonly atOnce: number;
}

/** How pings went. */
export interface PingResult {
  /** Sessions whose ping was answered. */
  readonly answered: number;
  /** From the beginning to the last answer, ms. */
  readonly took: number;
  /** Pings that were sent again. */
  readonly repeats: number;
}

/** Clients, each with a session and a multiplex. */
export class Flock {
  /** Those that are connected. */
  readonly members: Multiplex[] = [];
  readonly #host: Host;

  /** @param first Their addresses begin there: each has one of its own, where the system has that. */
  constructor(host: Host, first: number) {
    this.#host = withOwnAddresses(host, first);
  }

  /** Lets clients connect; returns how many could. */
  async open(options: FlockOptions): Promise<number> {
    const opened = await this.#connectAll(options, (session) => {
      this.members.push(session.multiplex());
    });
    return opened;
  }

  /**
   * Lets strangers connect and go away again, to a server that has no room.
   *
   * @returns How many got through the handshake, and how many packets came afterwards.
   */
  async knock(options: FlockOptions): Promise<{ greeted: number; heard: number }> {
    let heard = 0;
    const greeted = await this.#connectAll(options, async (session) => {
      session.multiplex();
      await delay(STRANGER_PATIENCE);
      heard += session.multiplex().stats().framesReceived;
      await session.close();
    });
    return { greeted, heard };
  }

  /** Lets each send a message, some at a time, until all are answered or the time is over, ms. */
  async ping(limit: number): Promise<PingResult> {
    const startedAt = performance.now();
    const deadline = startedAt + limit;
    const result = { answered: 0, took: 0, repeats: 0 };
    const waiting = this.members.values();
    const work = async () => {
      for (const member of waiting) {
        const pings = await pingOnce(member, deadline);
        if (pings === undefined) continue;
        result.answered++;
        result.repeats += pings - 1;
        result.took = performance.now() - startedAt;
      }
    };
    await Promise.all(Array.from({ length: PINGS_AT_ONCE }, work));
    return result;
  }

  /** Ends them all. */
  async close(): Promise<void> {
    await Promise.all(this.members.splice(0).map((member) => member.close()));
  }

  async #connectAll(
    options: FlockOptions,
    use: (session: Session) => Promise<void> | void,
  ): Promise<number> {
    const { port, count, atOnce, ...way } = options;
    let left = count;
    let opened = 0;
    const work = async () => {
      while (left-- > 0) {
        try {
          const to = { hostname: "127.0.0.1", port, serverKey: SERVER_KEY };
          const session = await connect(this.#host, { ...to, ...way });
          opened++;
          await use(session);
        } catch (error) {
          if (!(error instanceof SosistabError)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return opened;
  }
}

/** A host whose every datagram socket has another address of 127.0.0.0/8, where all belong to us. */
function withOwnAddresses(host: Host, first: number): Host {
  let next = first;
  return {
    ...host,
    bindDatagram: async (address, handler) => {
      const number = next++;
      const [high, middle, low] = [1 + (number >> 16), (number >> 8) & 255, number & 255];
      try {
        return await host.bindDatagram(
          { hostname: `127.${high}.${middle}.${low}`, port: 0 },
          handler,
        );
      } catch {
        return await host.bindDatagram(address, handler);
      }
    },
  };
}

/** Sends pings until one is answered; returns how many, or `undefined` if none was in time. */
async function pingOnce(member: Multiplex, deadline: number): Promise<number | undefined> {
  for (let pings = 1; performance.now() < deadline; pings++) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PING_INTERVAL);
    try {
      member.sendUrel(new Uint8Array(8), { maxAge: 0 });
      await member.receiveUrel({ signal: patience.signal });
      return pings;
    } catch (error) {
      if (error instanceof SosistabError) return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}
