/**
 * Hosts on a seeded network under virtual time: the real stack, without sockets or waiting.
 */
import { type Address, formatAddress } from "../../src/address.ts";
import { SosistabError } from "../../src/errors.ts";
import type { DatagramHandler, DatagramSocket, Host } from "../../src/host.ts";
import { portableX25519 } from "../../src/crypto/keys.ts";
import { seededFraction, seededSource } from "./seeded_random.ts";
import { VirtualClock } from "./virtual_clock.ts";
import { type LinkOptions, VirtualLink } from "./virtual_link.ts";

/** A network that joins any number of hosts, each at an address of its own. */
export class VirtualNetwork {
  readonly clock = new VirtualClock();
  readonly #seed: number;
  readonly #options: LinkOptions;
  readonly #sockets = new Map<string, VirtualSocket>();
  readonly #links = new Map<string, VirtualLink>();
  readonly #names = new Map<string, string>();
  #hosts = 0;

  constructor(seed: number, options: LinkOptions = {}) {
    this.#seed = seed;
    this.#options = options;
  }

  /** Sockets that are open. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Adds a host. `name` resolves to its address, which is 10.0.0.1, 10.0.0.2 and so on. */
  addHost(name: string): Host & { readonly ip: string } {
    const ip = `10.0.0.${++this.#hosts}`;
    this.#names.set(name, ip);
    const random = seededSource(this.#seed * 1000 + this.#hosts);
    let ports = 40_000;
    return {
      ip,
      now: () => this.clock.now,
      epochSeconds: () => 1_750_000_000 + this.clock.now / 1000,
      random,
      setAlarm: (at, wake) => this.clock.at(at, wake),
      resolve: (hostname) => {
        const found = this.#names.get(hostname) ?? (/^[0-9.]+$/.test(hostname) ? hostname : "");
        return found === ""
          ? Promise.reject(new SosistabError("name-not-found", `${hostname} has no address`))
          : Promise.resolve([found]);
      },
      bindDatagram: ({ port }, handler) => {
        const addr = { hostname: ip, port: port === 0 ? ports++ : port };
        const key = formatAddress(addr);
        if (this.#sockets.has(key)) {
          return Promise.reject(new SosistabError("address-in-use", `${key} is in use`));
        }
        const socket = new VirtualSocket(this, addr, handler);
        this.#sockets.set(key, socket);
        return Promise.resolve(socket);
      },
      x25519: portableX25519(random),
    };
  }

  /** The path from one address to another, by IP address. */
  link(from: string, to: string): VirtualLink {
    const key = `${from} ${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const next = seededFraction(this.#seed * 7919 + this.#links.size);
      link = new VirtualLink(this.clock, next, this.#options);
      this.#links.set(key, link);
    }
    return link;
  }

  /** From a socket. */
  send(packet: Uint8Array, from: Address, to: Address): void {
    this.link(from.hostname, to.hostname).send(packet, (arrived) => {
      this.#sockets.get(formatAddress(to))?.handler.onDatagram(arrived, from);
    });
  }

  /** From a socket. */
  close(addr: Address): void {
    this.#sockets.delete(formatAddress(addr));
  }
}

class VirtualSocket implements DatagramSocket {
  readonly addr: Address;
  readonly handler: DatagramHandler;
  readonly #network: VirtualNetwork;
  #isClosed = false;

  constructor(network: VirtualNetwork, addr: Address, handler: DatagramHandler) {
    this.#network = network;
    this.addr = addr;
    this.handler = handler;
  }

  send(datagram: Uint8Array, to: Address): boolean {
    if (this.#isClosed) return false;
    this.#network.send(datagram, this.addr, to);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#network.close(this.addr);
  }
}
