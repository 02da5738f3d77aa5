/**
 * Takes every stream of every peer of a listener.
 *
 * @module
 */
import { formatAddress } from "../address.ts";
import type { Closure, RelConn, Session } from "../net/contract.ts";
import type { Listener } from "../net/listen_contract.ts";
import type { Context } from "./context.ts";
import { transportName } from "./open_session.ts";

/** How peers are taken. */
export interface AcceptOptions {
  /** How long a peer may be silent when an answer is awaited, ms. */
  readonly deadAfter: number;
  /** A stream has come. Must not throw. */
  readonly onStream: (session: Session, conn: RelConn) => void;
}

/**
 * Accepts until the listener is closed, or the signal aborted.
 *
 * @returns Rejects with why it ended.
 */
export async function acceptStreams(
  context: Context,
  listener: Listener,
  options: AcceptOptions,
): Promise<never> {
  const { signal } = context;
  for (;;) void acceptFrom(context, await listener.accept({ signal }), options);
}

/** A peer that knows the key may still open no stream, or many, or vanish: that is its own affair. */
async function acceptFrom(
  { reporter }: Context,
  session: Session,
  { deadAfter, onStream }: AcceptOptions,
): Promise<void> {
  const address = formatAddress(session.remoteAddr);
  const transport = transportName(session);
  reporter.event("peer", { address, transport }, `+ peer ${address}  ${transport}`);
  const mux = session.multiplex({ deadAfter });
  for await (const conn of mux) onStream(session, conn);
  const closure = await mux.closed;
  if (closure.by !== "local") {
    const reason = describe(closure);
    reporter.event("gone", { address, by: closure.by, reason }, `- peer ${address}  ${reason}`);
  }
}

function describe({ by, error }: Closure): string {
  if (by === "remote") return "left";
  switch (error?.code) {
    case "idle-timeout":
      return "nothing heard for long";
    case "connection-lost":
      return "stopped answering";
    default:
      return error?.message ?? "closed";
  }
}
