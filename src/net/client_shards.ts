/**
 * Makes a client's shards: the links besides the one that answered first, and those that take the
 * place of others.
 *
 * @module
 */
import { Resumer } from "../handshake/resumer.ts";
import type { Host } from "../host.ts";
import type { Random } from "../random.ts";
import { isReliable } from "../transport/link.ts";
import type { ClientPath, OwnLink, Shard } from "./client_path.ts";
import type { ConnectOptions } from "./contract.ts";
import type { ServerFound } from "./server_search.ts";
import { ShardResets } from "./shard_resets.ts";

// Protocol constants.

/** Numbers of shards: a byte. Those of streams are the upper half, so both kinds can be in use at once. */
const FIRST_STREAM_SHARD = 128;

/** How often each of several shards shows itself to the original, ms. */
const ORIGINAL_INTERVAL = 8_000;

// Tuning.

/**
 * Streams of a session over TCP: where packets get lost each is slow, and together they are not. As
 * many as browsers open to a site: 16 were faster still at 5 % loss, and would be a mark.
 */
const STREAM_SHARDS = 6;

/**
 * Sockets of a session over UDP. Four were no more than 4 % faster on any runtime, at 100 Mbit/s with
 * 0 and 5 % loss, and are a mark.
 */
const UDP_SHARDS = 1;

/** How often several shards are compared, ms. */
const RESET_INTERVAL = 30_000;

/** What shards are made of. */
export interface ClientShardsOptions {
  readonly host: Host;
  readonly random: Random;
  readonly options: Pick<ConnectOptions, "serverKey" | "shards" | "resetInterval">;
  /** The answer that the session stands on. */
  readonly base: () => ServerFound;
  /** Opens a link of the same kind to the same place; `undefined`: it is too late for that. */
  readonly openLike: (link: OwnLink) => Promise<OwnLink | undefined>;
}

/** The shards of one client. */
export class ClientShards {
  readonly #options: ClientShardsOptions;
  readonly #next = { udp: 0, stream: 0 };
  #path: ClientPath | undefined;
  #resets: ShardResets | undefined;
  #isOver = false;

  /** Opens nothing yet. */
  constructor(options: ClientShardsOptions) {
    this.#options = options;
  }

  /** Makes a shard of a link. */
  create(link: OwnLink, id: number = this.#freeId(link)): Shard {
    return { id, link, resumer: this.createResumer(id), received: 0 };
  }

  /** Makes what shows a shard to the server. */
  createResumer(shardId: number): Resumer {
    const { host, random, options, base } = this.#options;
    const { serverKey } = options;
    const { resumeToken, clock, extension } = base();
    const isOne = this.#wanted(shardId >= FIRST_STREAM_SHARD) === 1;
    const interval = !isOne && extension === undefined ? ORIGINAL_INTERVAL : Infinity;
    return new Resumer(
      { serverKey, resumeToken, shardId, random, clock, interval },
      host.now(),
    );
  }

  /** Opens the others beside the only one of a path, and compares them from then on. */
  async fill(path: ClientPath): Promise<void> {
    this.#path = path;
    this.#resets?.stop();
    const first = path.shards[0]!;
    const wanted = this.#wanted(isReliable(first.link.carrier));
    for (let i = 1; i < wanted; i++) {
      // One that cannot be opened is one less: the session lives.
      const another = await this.#options.openLike(first.link).catch(() => undefined);
      if (this.#isOver || !path.shards.includes(first)) return another?.close();
      if (another === undefined) break;
      path.add(this.create(another));
    }
    if (wanted > 1) this.#resets = this.#createResets(path);
  }

  /** Makes no more. */
  stop(): void {
    this.#isOver = true;
    this.#resets?.stop();
  }

  /** Puts another shard in the place of one through which too little comes to be chance. */
  #createResets(path: ClientPath): ShardResets {
    const { host, options, openLike } = this.#options;
    const { resetInterval = RESET_INTERVAL } = options;
    return new ShardResets(host, resetInterval, () => path.shards, async (worst) => {
      const link = await openLike(worst.link);
      if (this.#isOver || !path.shards.includes(worst)) return link?.close();
      // By its number the server knows what it takes the place of, and sends nothing there any more.
      if (link !== undefined) path.replaceShard(worst, this.create(link, worst.id));
    });
  }

  #wanted(isStream: boolean): number {
    return this.#options.options.shards ?? (isStream ? STREAM_SHARDS : UDP_SHARDS);
  }

  /** They are used again after a while; but never one that is in use. */
  #freeId({ carrier }: OwnLink): number {
    const kind = carrier === "udp" ? "udp" : "stream";
    const { shards = [], trial } = this.#path ?? {};
    for (;;) {
      const number = this.#next[kind]++ % FIRST_STREAM_SHARD;
      const id = kind === "udp" ? number : FIRST_STREAM_SHARD + number;
      if (id !== trial?.id && !shards.some((shard) => shard.id === id)) return id;
    }
  }
}
