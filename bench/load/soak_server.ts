/**
 * The server of a soak: `soak_server.ts PORT`. Keeps its part of every deal, and sends every message
 * back.
 *
 * Orders: `report`, and `restart`, which closes the listener and opens one at the same port. It ends
 * when its stdin does, with a last report.
 *
 * @module
 */
import process from "node:process";
import { listen, type Listener, type Multiplex, type RelConn, type Session } from "../../mod.ts";
import { delay } from "../../tests/support/delay.ts";
import { say } from "../link/progress.ts";
import { takeOrders } from "./orders.ts";
import { type Deal, keepDeal, parseDeal } from "./soak_deal.ts";
import { SoakEnd } from "./soak_end.ts";

/** The secret key of every server of a soak. */
const SECRET_KEY = new Uint8Array(32).fill(7);

/** Sessions whose client has vanished end after so long a silence, ms: longer than any fault. */
const IDLE_TIMEOUT = 60_000;

/** How long closed sessions may take to let go of all that they have, ms. */
const GRACE = 1_000;

const end = await SoakEnd.create();
const running = new Set<Promise<void>>();
let listener = await open(Number(process.argv[2] ?? 0));
let serving = serve(listener);
say({ event: "listening", port: listener.addr.port });

takeOrders({
  report: () => end.report(),
  restart: async () => {
    const { port } = listener.addr;
    await listener.close();
    await serving;
    listener = await open(port);
    serving = serve(listener);
  },
}, async () => {
  await listener.close();
  await serving;
  await Promise.all(running);
  await delay(GRACE);
  end.close();
  say({ event: "end", ...await end.report() });
});

function open(port: number): Promise<Listener> {
  return listen(end.host, {
    hostname: "127.0.0.1",
    port,
    secretKey: SECRET_KEY,
    // No other listener's answers are at stake, and clients shall be back soon.
    freshKey: true,
    tcp: true,
    idleTimeout: IDLE_TIMEOUT,
  });
}

async function serve(listener: Listener): Promise<void> {
  for await (const session of listener) run(serveSession(session));
}

function run(work: Promise<void>): void {
  running.add(work);
  void work.finally(() => running.delete(work));
}

async function serveSession(session: Session): Promise<void> {
  end.sessions++;
  end.survivors.watch("session", session);
  let mux: Multiplex;
  try {
    mux = end.survivors.watch("multiplex", session.multiplex());
  } catch {
    // Its client has gone before it was accepted.
    return;
  }
  run(sendBack(mux));
  for await (const conn of mux) run(serveStream(conn));
}

async function sendBack(mux: Multiplex): Promise<void> {
  try {
    for (;;) {
      mux.sendUrel(await end.waits.of("a message", mux.receiveUrel()));
      end.messages++;
    }
  } catch (error) {
    // Sessions end, each by a typed error; that it was early is for the client to tell.
    if (!(error instanceof Error && "code" in error)) end.onError("messages", error);
  }
}

async function serveStream(conn: RelConn): Promise<void> {
  end.survivors.watch("stream", conn);
  const progress = { sent: 0, received: 0 };
  let deal: Deal | undefined;
  try {
    deal = parseDeal(conn.info);
    await keepDeal(conn, deal, "server", end.waits, progress);
    end.streams++;
  } catch (error) {
    const isWhole = progress.received === deal?.up && progress.sent === deal.down;
    const details = { side: "server", deal: deal?.number ?? -1, isWhole };
    end.onError("a stream of the server", error, details);
  }
  end.bytes += progress.received;
}
