import { HelloFilter } from "../../src/handshake/hello_filter.ts";
import type { ResponderOptions } from "../../src/handshake/responder.ts";

/** What a responder, or a server of byte streams, asks of its listener: takes each hello once. */
export function freshHellos(): ResponderOptions["isFresh"] {
  const filter = new HelloFilter(new Uint8Array(32));
  return (...hello) => filter.accept(...hello) !== undefined;
}
