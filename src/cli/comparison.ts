/**
 * `sosistab demo --loss PERCENT --delay MS`: plain UDP beside sosistab on a bad link.
 *
 * Two processes on this machine, and between them two links that are alike and lose the same packets.
 * One carries messages as plain UDP datagrams, the other the same messages through sosistab. What has
 * come is counted by the numbers in the messages, at the far end; what the links lost, by the links.
 *
 * @module
 */
import process from "node:process";
import { type Address, formatAddress, parseAddress } from "../address.ts";
import { formatUrl, parseUrl } from "../net/url.ts";
import type { Relay } from "../sim/relay.ts";
import { type BadLink, describeBadLink, openBadLink } from "./bad_link.ts";
import { ChildProgram } from "./child_program.ts";
import { drawPicture, formatPicture, type Picture } from "./comparison_text.ts";
import { fieldsOfPicture, summarize } from "./comparison_summary.ts";
import type { Context } from "./context.ts";
import { FlowMeter, type FlowReading } from "./flow_meter.ts";
import { MESSAGE_LENGTH, MESSAGE_RATE } from "./numbered_message.ts";
import type { Fields, Reporter } from "./reporter.ts";
import { drawOver } from "./terminal.ts";
import { untilAborted } from "./until_aborted.ts";

// Tuning.

/** How often to draw, ms: often enough to move, on a terminal; a line a second is enough to read. */
const PICTURE_INTERVAL = 100;
const LINE_INTERVAL = 1_000;

/** How long the last messages may take, ms, besides the way: as long as they may be missing. */
const LINGER = 600;

/** What is compared. */
export interface ComparisonOptions {
  /** How long. */
  readonly seconds: number;
  /** How old a message may be to be of use still, ms; `undefined`: what sosistab does by itself. */
  readonly maxAge: number | undefined;
}

/** Shows it. */
export async function compare(
  context: Context,
  link: BadLink,
  options: ComparisonOptions,
): Promise<void> {
  const comparison = new Comparison(context, link, options);
  try {
    await Promise.race([comparison.run(), untilAborted(context.signal)]);
  } finally {
    await comparison.stop();
  }
}

/** One way from the sender to the receiver. */
interface Way {
  readonly relay: Relay;
  readonly meter: FlowMeter;
}

class Comparison {
  readonly #context: Context;
  readonly #reporter: Reporter;
  readonly #link: BadLink;
  readonly #options: ComparisonOptions;
  readonly #children: ChildProgram[] = [];
  readonly #relays: Relay[] = [];
  #ways: { readonly plain: Way; readonly sosistab: Way } | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #redraw: ((lines: readonly string[]) => void) | undefined;
  #rtt = 0;
  #repair: string | undefined;

  constructor(context: Context, link: BadLink, options: ComparisonOptions) {
    this.#context = context;
    this.#reporter = context.reporter;
    this.#link = link;
    this.#options = options;
    this.#redraw = this.#reporter.isJson ? undefined : drawOver(process.stderr);
  }

  /** How many messages there will be. */
  get #count(): number {
    return Math.round(this.#options.seconds * MESSAGE_RATE);
  }

  /** To its end. */
  async run(): Promise<void> {
    const count = this.#count;
    const receiver = this.#start("the receiver", ["demo-receive", String(count)]);
    const { url, plain_address } = await receiver.event("listening");
    const server = parseUrl(String(url));
    const plain = await this.#openWay("plain UDP", parseAddress(String(plain_address)));
    const sosistab = await this.#openWay("sosistab", server);
    const { maxAge } = this.#options;
    const words = ["demo-send", formatAddress(plain.relay.addr), String(count)];
    const sender = this.#start(
      "the sender",
      maxAge === undefined ? words : [...words, String(maxAge)],
      { SOSISTAB_URL: formatUrl({ ...server, ...sosistab.relay.addr }) },
    );
    await sender.event("connected");
    // What the handshake took is nobody's loss.
    this.#ways = { plain, sosistab };
    this.#begin(receiver, sender);
    await sender.event("sent");
    await new Promise((resolve) => setTimeout(resolve, this.#link.delay + LINGER));
    receiver.endInput();
    await receiver.event("final");
    sender.endInput();
    await Promise.all([receiver.ended, sender.ended]);
    this.#end();
  }

  /** Ends everything, at whatever point it is. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#children.map((child) => child.stop()));
    for (const relay of this.#relays) relay.close();
  }

  #start(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const onEvent = (event: Fields) => this.#onEvent(event);
    const child = new ChildProgram({ name, args, env, input: true, onEvent });
    this.#children.push(child);
    return child;
  }

  async #openWay(name: string, server: Address | undefined): Promise<Way> {
    if (server === undefined) throw new Error(`there is no way for ${name}`);
    const relay = await openBadLink(this.#context.host, server, this.#link);
    this.#relays.push(relay);
    return { relay, meter: new FlowMeter(name) };
  }

  #begin(receiver: ChildProgram, sender: ChildProgram): void {
    const { loss, delay } = this.#link;
    this.#reporter.event("comparing", {
      loss,
      delay_ms: delay,
      seconds: this.#options.seconds,
      messages_per_second: MESSAGE_RATE,
      message_bytes: MESSAGE_LENGTH,
      sender_pid: sender.pid,
      receiver_pid: receiver.pid,
    });
    this.#reporter.say(
      [
        `Between two processes is ${describeBadLink(this.#link)}.`,
        `One sends the other ${MESSAGE_RATE} messages of ${MESSAGE_LENGTH} bytes a second, as in a video call:`,
        "by plain UDP, and the same ones by sosistab, over a link that is alike.",
        "",
      ].join("\n"),
    );
    this.#reporter.begin();
    const interval = this.#redraw ? PICTURE_INTERVAL : LINE_INTERVAL;
    this.#timer = setInterval(() => this.#show(), interval);
  }

  #onEvent(event: Fields): void {
    if (event.event === "measured") {
      this.#rtt = Number(event.rtt_ms);
      this.#repair = event.repair === undefined ? undefined : String(event.repair);
    }
    if (event.event !== "tally" && event.event !== "final") return;
    if (this.#ways === undefined) return;
    const now = performance.now();
    for (const name of ["plain", "sosistab"] as const) {
      const { relay, meter } = this.#ways[name];
      const tally = fieldsOf(event[name]);
      meter.note(now, readingOf(relay, tally));
      meter.addFates(String(tally.fates));
    }
  }

  #show(): void {
    const picture = this.#picture("latest");
    if (picture === undefined) return;
    if (this.#redraw) this.#redraw(drawPicture(picture));
    else this.#reporter.event("picture", fieldsOfPicture(picture), formatPicture(picture));
  }

  #end(): void {
    clearInterval(this.#timer);
    const picture = this.#picture("total");
    if (picture === undefined || this.#ways === undefined) return;
    this.#redraw?.(drawPicture(picture));
    this.#reporter.event("result", fieldsOfPicture(picture));
    this.#reporter.count("sent", this.#count * MESSAGE_LENGTH);
    const { messages, lost } = picture.sosistab;
    this.#reporter.count("received", (messages - lost) * MESSAGE_LENGTH);
    this.#reporter.say(summarize(picture, this.#ways.sosistab.meter.latest));
  }

  #picture(of: "latest" | "total"): Picture | undefined {
    if (this.#ways === undefined) return undefined;
    const { plain, sosistab } = this.#ways;
    return {
      seconds: Math.min(this.#options.seconds, this.#reporter.seconds),
      of: this.#options.seconds,
      rtt: this.#rtt,
      repair: this.#repair,
      plain: plain.meter[of],
      sosistab: sosistab.meter[of],
    };
  }
}

function readingOf({ up, down }: Relay, tally: Fields): FlowReading {
  return {
    packetsSent: up.counts.sent,
    packetsLost: up.counts.lost,
    bytes: up.counts.bytesSent + down.counts.bytesSent,
    settled: Number(tally.settled),
    lost: Number(tally.lost),
    delay: Number(tally.delay_p99_ms),
  };
}

/** What a child said of one of several things. */
function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
