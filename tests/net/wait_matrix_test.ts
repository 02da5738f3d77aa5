import { test } from "node:test";
import assert from "node:assert/strict";
import {
  CONNECT_TIMEOUT,
  DEAD_AFTER,
  DELAY,
  IDLE_TIMEOUT,
  OUTAGE,
  outcomeOf,
  type WaitingEnd,
  WaitScene,
} from "../support/wait_scene.ts";

type Role = "client" | "server";

/** What a wait meets. */
const TROUBLES = {
  vanishes: "its peer vanishes",
  restarts: "its server is killed, and back later",
  blackout: "nothing passes for a while",
  peerCloses: "the peer closes",
  closed: "its own end is closed",
  abortedBefore: "its signal was aborted before",
  aborted: "its signal is aborted",
} as const;

type Trouble = keyof typeof TROUBLES;

/** How a wait ends (see `outcomeOf`), and after how many ms at the most. */
type Cell = readonly [outcome: string, most: number];

/** A wait: how it begins, what lets it succeed, and how it ends in which trouble. */
interface Wait {
  readonly roles: readonly Role[];
  readonly cells: Readonly<Partial<Record<Trouble, Cell>>>;
  begin(own: WaitingEnd, signal: AbortSignal | undefined, scene: WaitScene): Promise<unknown>;
  fulfil(other: WaitingEnd, scene: WaitScene): unknown;
}

const BOTH: readonly Role[] = ["client", "server"];

/** More than is ever taken before somebody reads. */
const MUCH = new Uint8Array(10_000_000);

/** How long before a trouble most waits have begun, ms: less than one way takes. */
const LEAD = 10;

/** At once; and when the other end has said so, ms. */
const NOW = LEAD;
const WAY = LEAD + DELAY + 1;

/** What a probe and its answer may take besides, ms, where the path or the server is back. */
const SOON = 2_500;

/** What `close()` takes at the most, ms, when nobody answers. */
const MOST_FAREWELL = 2_000;

const ABORTED = { abortedBefore: ["reason", 0], aborted: ["reason", LEAD] } as const;

/** Nothing is under way: silence is all that tells of an end. */
const IDLE = {
  vanishes: ["idle-timeout", IDLE_TIMEOUT],
  restarts: ["idle-timeout", IDLE_TIMEOUT],
  blackout: ["ok", OUTAGE + WAY],
  peerCloses: ["goodbye", WAY],
  closed: ["closed", NOW],
} as const;

/** An answer is awaited. */
const ASKING = {
  vanishes: ["connection-lost", DEAD_AFTER],
  restarts: ["session-lost", OUTAGE + SOON],
  blackout: ["ok", OUTAGE + SOON],
  peerCloses: ["goodbye", WAY],
  closed: ["closed", NOW],
} as const;

/** It tells of the end, and never rejects. */
const CLOSED = {
  vanishes: ["timeout, idle-timeout", IDLE_TIMEOUT],
  restarts: ["timeout, idle-timeout", IDLE_TIMEOUT],
  blackout: ["remote", OUTAGE + WAY],
  peerCloses: ["remote", WAY],
  closed: ["local", NOW],
} as const;

/** The other end is told, and may not answer. */
const FAREWELL = {
  vanishes: ["ok", MOST_FAREWELL],
  restarts: ["ok", MOST_FAREWELL],
  blackout: ["ok", MOST_FAREWELL],
  peerCloses: ["ok", WAY],
  closed: ["ok", 2 * DELAY + 1],
} as const;

const WAITS: Readonly<Record<string, Wait>> = {
  "connect()": {
    roles: ["client"],
    cells: {
      vanishes: ["no-answer", CONNECT_TIMEOUT],
      restarts: ["ok", OUTAGE + SOON],
      blackout: ["ok", OUTAGE + SOON],
      peerCloses: ["no-answer", CONNECT_TIMEOUT],
      ...ABORTED,
    },
    begin: (_, signal, scene) => scene.connect(signal),
    fulfil: () => {},
  },
  "accept()": {
    roles: ["server"],
    cells: {
      // Nobody in particular is awaited: it waits for others until the listener is closed.
      vanishes: ["closed", Infinity],
      blackout: ["ok", OUTAGE + SOON],
      peerCloses: ["closed", Infinity],
      closed: ["closed", NOW],
      ...ABORTED,
    },
    begin: (_, signal, { listener }) => listener.accept(signal === undefined ? {} : { signal }),
    fulfil: (_, scene) => scene.connect(),
  },
  "receive()": {
    roles: BOTH,
    cells: { ...IDLE, ...ABORTED },
    begin: ({ raw }, signal) => raw.receive(signal === undefined ? {} : { signal }),
    fulfil: ({ raw }) => raw.send(new Uint8Array(1)),
  },
  "a session's readable": {
    roles: BOTH,
    cells: { ...IDLE, peerCloses: ["done", WAY], closed: ["done", NOW] },
    begin: ({ raw }) => raw.readable.getReader().read(),
    fulfil: ({ raw }) => raw.send(new Uint8Array(1)),
  },
  "openConn()": {
    roles: BOTH,
    cells: { ...ASKING, ...ABORTED },
    begin: ({ mux }, signal) => mux.openConn("", signal === undefined ? {} : { signal }),
    fulfil: () => {},
  },
  "acceptConn()": {
    roles: BOTH,
    cells: { ...IDLE, ...ABORTED },
    begin: ({ mux }, signal) => mux.acceptConn(signal === undefined ? {} : { signal }),
    fulfil: ({ mux }) => mux.openConn(),
  },
  "receiveUrel()": {
    roles: BOTH,
    cells: { ...IDLE, ...ABORTED },
    begin: ({ mux }, signal) => mux.receiveUrel(signal === undefined ? {} : { signal }),
    fulfil: ({ mux }) => mux.sendUrel(new Uint8Array(1)),
  },
  "read()": {
    roles: BOTH,
    cells: { ...IDLE, ...ABORTED },
    begin: ({ conn }, signal) =>
      conn.read(new Uint8Array(1), signal === undefined ? {} : { signal }),
    fulfil: ({ conn }) => conn.write(new Uint8Array(1)),
  },
  "a stream's readable": {
    roles: BOTH,
    cells: IDLE,
    begin: ({ conn }) => conn.readable.getReader().read(),
    fulfil: ({ conn }) => conn.write(new Uint8Array(1)),
  },
  "write()": {
    roles: BOTH,
    cells: { ...ASKING, ...ABORTED },
    begin: ({ conn }, signal) => conn.write(MUCH, signal === undefined ? {} : { signal }),
    fulfil: ({ conn }) => conn.readable.pipeTo(new WritableStream()).catch(() => {}),
  },
  "a stream's writable": {
    roles: BOTH,
    cells: ASKING,
    begin: ({ conn }) => conn.writable.getWriter().write(MUCH),
    fulfil: ({ conn }) => conn.readable.pipeTo(new WritableStream()).catch(() => {}),
  },
  "a session's closed": {
    roles: BOTH,
    cells: CLOSED,
    begin: ({ raw }) => raw.closed,
    fulfil: ({ raw }) => void raw.close(),
  },
  "a multiplex's closed": {
    roles: BOTH,
    cells: CLOSED,
    begin: ({ mux }) => mux.closed,
    fulfil: ({ mux }) => void mux.close(),
  },
  "a stream's closed": {
    roles: BOTH,
    cells: {
      vanishes: ["timeout, idle-timeout", IDLE_TIMEOUT],
      restarts: ["timeout, idle-timeout", IDLE_TIMEOUT],
      blackout: ["remote, reset", OUTAGE + WAY],
      peerCloses: ["remote, goodbye", WAY],
      closed: ["local, closed", NOW],
    },
    begin: ({ conn }) => conn.closed,
    fulfil: ({ conn }) => conn.reset(),
  },
  "close() of a stream": {
    roles: BOTH,
    cells: {
      vanishes: ["timeout, connection-lost", DEAD_AFTER],
      restarts: ["error, session-lost", OUTAGE + SOON],
      blackout: ["local", OUTAGE + SOON],
      peerCloses: ["remote, goodbye", WAY],
      closed: ["local, closed", NOW],
    },
    begin: ({ conn }) => conn.close().then(() => conn.closed),
    fulfil: () => {},
  },
  "close() of a session": {
    roles: BOTH,
    cells: FAREWELL,
    begin: ({ raw }) => raw.close(),
    fulfil: () => {},
  },
  "close() of a multiplex": {
    roles: BOTH,
    cells: FAREWELL,
    begin: ({ mux }) => mux.close(),
    fulfil: () => {},
  },
  "close() of a listener": {
    roles: ["server"],
    cells: FAREWELL,
    begin: (_, __, { listener }) => listener.close(),
    fulfil: () => {},
  },
};
const REASON = new Error("enough");

/** Longer than anything takes, ms. */
const LONG = 90_000;

/** Closes an end, and its listener where it has one. */
function closeAll({ mux, raw }: WaitingEnd, role: Role, { listener }: WaitScene): void {
  void mux.close();
  void raw.close();
  if (role === "server") void listener.close();
}

/** Lets a wait meet a trouble; returns how it ended, and after how long. */
async function meet(wait: Wait, role: Role, trouble: Trouble, label: string): Promise<Cell> {
  const scene = new WaitScene();
  await scene.open();
  const { pair } = scene;
  const peer = role === "client" ? "server" : "client";
  const [own, other] = [scene.end(role), scene.end(peer)];
  const abort = new AbortController();
  const hasSignal = trouble === "aborted" || trouble === "abortedBefore";
  if (trouble === "abortedBefore") abort.abort(REASON);
  if (trouble === "vanishes" || trouble === "blackout") pair.blackout(true);
  let cell: Cell = ["pending", Infinity];
  const startedAt = pair.now;
  const waiting = outcomeOf(wait.begin(own, hasSignal ? abort.signal : undefined, scene), REASON)
    .then((outcome) => cell = [outcome, pair.now - startedAt]);
  if (trouble === "restarts") await scene.restart();
  else if (trouble === "blackout") {
    await pair.pass(OUTAGE);
    pair.blackout(false);
    void wait.fulfil(other, scene);
  } else {
    await pair.pass(LEAD);
    if (trouble === "peerCloses") closeAll(other, peer, scene);
    if (trouble === "closed") closeAll(own, role, scene);
    if (trouble === "aborted") abort.abort(REASON);
  }
  await pair.pass(LONG);
  pair.blackout(false);
  await scene.close(label);
  // Whatever was pending until then has ended with its object.
  await pair.run(waiting.catch((error) => assert.fail(`${label}: ${error}`)), 1);
  return cell;
}

for (const [name, wait] of Object.entries(WAITS)) {
  for (const role of wait.roles) {
    test(`${name} of a ${role} ends by success, by its signal, by close(), or by a typed error in time, and leaves nothing`, async () => {
      for (const [trouble, [expected, most]] of Object.entries(wait.cells) as [Trouble, Cell][]) {
        if (trouble === "restarts" && role === "server") continue;
        const label = `${name} of a ${role}, ${TROUBLES[trouble]}`;
        const [outcome, time] = await meet(wait, role, trouble, label);
        assert.equal(outcome, expected, label);
        assert.ok(time <= most, `${label}: ${time} ms`);
      }
    });
  }
}
