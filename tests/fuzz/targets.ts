/**
 * All that is fuzzed, by name.
 */
import type { Target } from "./life.ts";
import { clientTarget, connectingTarget, listenerTarget } from "./network_life.ts";
import { HANDSHAKE_TARGET } from "./handshake_life.ts";
import { proxyTarget } from "./proxy_life.ts";
import { recordTarget } from "./record_life.ts";
import { sessionTarget } from "./session_life.ts";
import { TEXT_TARGET } from "./text_life.ts";

/** The targets. */
export const TARGETS: Readonly<Record<string, Target>> = {
  "session-server": sessionTarget("server"),
  "session-client": sessionTarget("client"),
  "handshake": HANDSHAKE_TARGET,
  "record-server": recordTarget("server"),
  "record-client": recordTarget("client"),
  "text": TEXT_TARGET,
  "socks5": proxyTarget("socks5"),
  "http": proxyTarget("http"),
  "random-listener": listenerTarget("random"),
  "random-client": clientTarget("random"),
  "random-connecting": connectingTarget("random"),
  "mutants-listener": listenerTarget("mutants"),
  "mutants-client": clientTarget("mutants"),
  "mutants-connecting": connectingTarget("mutants"),
};
