/**
 * Makes a client's end of a session.
 *
 * @module
 */
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import { SessionMachine } from "../session/machine.ts";
import type { ServerFound } from "./server_search.ts";

/**
 * The session that a server's answer leads to. An answer leads to one only: its secret is overwritten.
 *
 * @param random Where nonces and padding come from.
 */
export function createClientSession(
  host: Host,
  random: Random,
  { secret, extension }: ServerFound,
): SessionMachine {
  const session = new SessionMachine({
    role: "client",
    secret,
    random,
    createCipher: host.createCipher?.bind(host),
  });
  secret.fill(0);
  session.acquaintance.onHello(extension);
  return session;
}
