/**
 * Obfuscated, loss-repairing datagrams and reliable streams over UDP and TCP, on any runtime.
 *
 * This entry point is the core: its functions take the {@linkcode Host} to run in as their first
 * argument. Programs mostly want one of the bound ones: `@sosistab/sosistab/deno`, `/bun` or `/node`.
 *
 * @module
 */
export { type Address, formatAddress, parseAddress } from "./src/address.ts";
export {
  type ResetReason,
  SosistabError,
  type SosistabErrorCode,
  type SosistabErrorOptions,
} from "./src/errors.ts";
export type {
  ByteStream,
  ConnectStreamOptions,
  DatagramHandler,
  DatagramSocket,
  Host,
  KeyPair,
  ListenStreamOptions,
  PacketCipher,
  ReplayStore,
  SecureStreamOptions,
  SessionState,
  StreamHandler,
  StreamListener,
  StreamSocket,
  TlsIdentity,
  X25519,
} from "./src/host.ts";
export { publicKeyOf } from "./src/crypto/keys.ts";
export type { RandomSource } from "./src/random.ts";
export { connect } from "./src/net/client.ts";
export type { HelloStats } from "./src/net/hello_memory.ts";
export { listen } from "./src/net/listener.ts";
export type {
  Closure,
  ConnectOptions,
  DatagramRepairOptions,
  KeyLimits,
  Multiplex,
  MultiplexOptions,
  MultiplexStats,
  RelConn,
  SendOptions,
  Session,
  SessionLimits,
  SessionStats,
  WaitOptions,
} from "./src/net/contract.ts";
export type {
  DrainOptions,
  HelloRequest,
  Listener,
  ListenerStats,
  ListenLimits,
  ListenOptions,
  PacketDrops,
} from "./src/net/listen_contract.ts";
export { formatKey, parseKey } from "./src/net/key_text.ts";
export { tracePackets } from "./src/net/trace_packets.ts";
export { formatUrl, parseUrl, type ServerAddress } from "./src/net/url.ts";
export type { Connector, ConnectorOptions, ConnectorStream } from "./src/transport/connector.ts";
export { httpConnector } from "./src/transport/http_connector.ts";
export type { ProxyOptions } from "./src/transport/proxy_dialogue.ts";
export { socks5Connector } from "./src/transport/socks5_connector.ts";
export type { Carrier } from "./src/transport/link.ts";
export type { StreamServerStats } from "./src/transport/stream_server.ts";
export { EmaCalculator } from "./src/stats/ema.ts";
export { StatsGatherer } from "./src/stats/gatherer.ts";
export { type TimePoint, TimeSeries } from "./src/stats/time_series.ts";
export type { FrameDrops, SessionCounts } from "./src/session/machine.ts";
export type { PacketLogEntry } from "./src/session/packet_log.ts";
export type { AckSample, CongestionController } from "./src/mux/congestion.ts";
export type { CongestionChoice } from "./src/mux/create_congestion.ts";
export type { FixedRateOptions } from "./src/mux/fixed_rate.ts";
export type { GateState } from "./src/repair/congestion_gate.ts";
export type { RepairExplanation } from "./src/repair/explanation.ts";
export type { RepairOptions } from "./src/repair/options.ts";
export type { RepairMode } from "./src/repair/parity_plan.ts";
export type { MuxStats } from "./src/mux/machine.ts";
export type { MessageDrops } from "./src/mux/message_drops.ts";
export type { RecoveryStats } from "./src/mux/recovery.ts";
export type { ReliableLaneStats } from "./src/mux/reliable_lane.ts";
