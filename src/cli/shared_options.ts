/**
 * Options that several commands have.
 *
 * @module
 */
import { Option } from "commander";
import { parseDrain, parseSeconds, parseServerName } from "./arguments.ts";
import { DRAIN_TIME } from "./open_streams.ts";
import { TRANSPORTS } from "./open_session.ts";
import { parseProxy } from "./proxy.ts";

// Tuning.

/** How long to ask for an answer, ms: a second hello has gone out, and nobody waits longer. */
const CONNECT_TIMEOUT = 10_000;

/** How long an answer may stay away, ms: longer than most tunnels and elevators. */
const DEAD_AFTER = 30_000;

/** What packets travel on. */
export function transportOption(): Option {
  return new Option("--transport <name>", "what to travel on; auto: UDP, and TCP when it must be")
    .choices(TRANSPORTS).default("auto");
}

/** What stands between here and the server. */
export function proxyOption(): Option {
  return new Option("--proxy <url>", "go through a SOCKS5 or HTTP proxy (env: SOSISTAB_PROXY)")
    .argParser(parseProxy);
}

/** The name in the hello of TLS. */
export function sniOption(): Option {
  return new Option("--sni <name>", "the name that TLS asks for in clear (default: none is sent)")
    .argParser(parseServerName);
}

/** How long to ask. */
export function timeoutOption(): Option {
  return new Option("--timeout <seconds>", "how long to wait for an answer")
    .default(CONNECT_TIMEOUT, `${CONNECT_TIMEOUT / 1000}`).argParser(parseSeconds);
}

/** The key file of a server. */
export function keyOption(): Option {
  return new Option(
    "--key <file>",
    "the server's key file (default: $XDG_STATE_HOME/sosistab/key, made on first use)",
  ).env("SOSISTAB_KEY");
}

/** The host in the URL of a server. */
export function hostOption(): Option {
  return new Option(
    "--host <host>",
    "the host to name in the URL (default: the address listened at, or one of this machine)",
  );
}

/** How long silence is borne. */
export function deadAfterOption(): Option {
  return new Option("--dead-after <seconds>", "how long the other side may be silent")
    .default(DEAD_AFTER, `${DEAD_AFTER / 1000}`).argParser(parseSeconds);
}

/** How long streams may take to finish after a signal; `needed` is the option that it goes with. */
export function drainOption(needed: string): Option {
  return new Option(
    "--drain <seconds>",
    `with ${needed}: how long streams may take to finish after a first Ctrl-C or SIGTERM; 0: none`,
  ).default(DRAIN_TIME, `${DRAIN_TIME / 1000}`).argParser(parseDrain);
}

/** Events for programs. */
export function jsonOption(): Option {
  return new Option("--json", "tell what happens as JSON lines on stderr");
}
