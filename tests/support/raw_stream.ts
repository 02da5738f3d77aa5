/**
 * A byte stream to a listener, by somebody who does just what he is told and tells all that he sees.
 */
import type { Listener } from "../../mod.ts";
import type { VirtualPair } from "./virtual_pair.ts";

/** What he sees. */
export interface RawStream {
  /** Bytes that have come. */
  readonly bytes: number;
  /** Whether the other end has closed it, or cut it. */
  readonly hasEnded: boolean;
  /** Writes bytes as they are. */
  write(bytes: Uint8Array): void;
  /** Cuts it. */
  cut(): void;
}

/** Connects, from the client's host. */
export async function openRawStream(pair: VirtualPair, listener: Listener): Promise<RawStream> {
  const to = { hostname: pair.serverHost.address, port: listener.addr.port };
  const stream = await pair.run(pair.clientHost.connectStream(to));
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => {});
  const seen = { bytes: 0, hasEnded: false };
  const sink = new WritableStream<Uint8Array>({
    write: ({ length }) => void (seen.bytes += length),
  });
  const onEnd = () => void (seen.hasEnded = true);
  stream.readable.pipeTo(sink).then(onEnd, onEnd);
  return {
    get bytes() {
      return seen.bytes;
    },
    get hasEnded() {
      return seen.hasEnded;
    },
    write: (bytes) => void writer.write(bytes.slice()).catch(() => {}),
    cut: () => void writer.abort().catch(() => {}),
  };
}
