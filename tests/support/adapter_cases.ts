/**
 * What every host must do: the sentences of `src/host.ts`, each as a case. Every runtime registers
 * the list with its own test function.
 */
import type { Host } from "../../src/host.ts";
import { platformCases } from "./platform_cases.ts";
import { socketBindCases } from "./socket_bind_cases.ts";
import { socketTrafficCases } from "./socket_traffic_cases.ts";
import { streamDataCases } from "./stream_data_cases.ts";
import { streamOpenCases } from "./stream_open_cases.ts";
import { tlsClientCases } from "./tls_client_cases.ts";
import { tlsServerCases } from "./tls_server_cases.ts";

/** One test. */
export interface AdapterCase {
  /** Begins with the symbol, and repeats the sentence of the contract. */
  readonly name: string;
  /** Why it cannot run on this machine. */
  readonly skip?: string;
  run(): Promise<void> | void;
}

/** All cases, for the hosts that `makeHost` makes. */
export function adapterCases(makeHost: () => Host): AdapterCase[] {
  return [
    ...platformCases(makeHost),
    ...socketBindCases(makeHost),
    ...socketTrafficCases(makeHost),
    ...streamOpenCases(makeHost),
    ...streamDataCases(makeHost),
    ...tlsClientCases(makeHost),
    ...tlsServerCases(makeHost),
  ];
}
