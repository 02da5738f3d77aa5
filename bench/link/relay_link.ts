/**
 * A link of this process: a relay of datagrams. It needs nothing, but where the machine is small or
 * busy it is itself what is slow.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../../src/address.ts";
import { openRelay, type Relay } from "../../src/sim/relay.ts";
import { currentHost } from "../../tests/support/current_host.ts";
import type { Command, Link, LinkConditions, LinkCounts, LinkKind } from "./link.ts";

/** Makes links in this process. */
export const RELAY: LinkKind = {
  name: "a relay in this process",
  carriesTcp: false,
  open: (conditions) => Promise.resolve(new RelayLink(conditions)),
};

class RelayLink implements Link {
  readonly receiverHost = "127.0.0.1";
  readonly #conditions: LinkConditions;
  #relay: Relay | undefined;

  constructor(conditions: LinkConditions) {
    this.#conditions = conditions;
  }

  enter(_side: "sender" | "receiver", command: Command): Command {
    return command;
  }

  async towards(receiver: string): Promise<string> {
    const { rate, delay, loss, burst, queue, seed } = this.#conditions;
    const server = parseAddress(receiver);
    if (!server) throw new Error(`there is no way to ${receiver}`);
    // As long as 1,500 bytes each, as the kernel's link counts: small packets may be more.
    const conditions = {
      rate,
      delay,
      loss,
      burst: Math.max(1, burst),
      queue: Infinity,
      queueTime: queue * 1500 * 8 / 1000 / rate,
    };
    const options = { server, seed, up: conditions, down: conditions };
    this.#relay = await openRelay(await currentHost(), options);
    return formatAddress(this.#relay.addr);
  }

  close(): Promise<LinkCounts> {
    this.#relay?.close();
    const { sent = 0, lost = 0, overflowed = 0 } = this.#relay?.up.counts ?? {};
    return Promise.resolve({ seen: sent, lost, dropped: overflowed });
  }
}
