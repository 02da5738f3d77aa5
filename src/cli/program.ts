/**
 * The program's commands and options, and the help that describes them.
 *
 * @module
 */
import { Command, Option } from "commander";
import type { Address } from "../address.ts";
import { WIRE_VERSION } from "../wire/hello.ts";
import {
  parseCount,
  parseDelay,
  parseInfo,
  parseLocalAddress,
  parseLoss,
  parseMaxAge,
  parseSeconds,
  parseTarget,
} from "./arguments.ts";
import { addCompletions } from "./completions.ts";
import { connect, type ConnectFlags } from "./connect.ts";
import type { Context } from "./context.ts";
import { demo, type DemoFlags } from "./demo.ts";
import { receiveDemo } from "./demo_receiver.ts";
import { sendDemo } from "./demo_sender.ts";
import { RUNTIME } from "./host.ts";
import { keygen } from "./keygen.ts";
import { listen, LISTEN_TRANSPORTS, type ListenFlags } from "./listen.ts";
import { ping, type PingFlags } from "./ping.ts";
import {
  deadAfterOption,
  drainOption,
  hostOption,
  jsonOption,
  keyOption,
  proxyOption,
  sniOption,
  timeoutOption,
  transportOption,
} from "./shared_options.ts";
import { url, type UrlFlags } from "./url.ts";
import { VERSION } from "./version.ts";

/** Runs a command in a world. */
export type Launch = (command: (context: Context) => Promise<void>) => Promise<void>;

// Tuning.

/** Round trips that `ping` takes over each way: two seconds of them. */
const PINGS = 10;

const EXAMPLES = `
Examples:
  server$ sosistab listen --to 127.0.0.1:8080
  laptop$ sosistab connect 'sosistab://KEY@HOST:4000' -L 8080

  here$   sosistab listen > backup.tar
  there$  sosistab connect 'sosistab://KEY@HOST:4000' < backup.tar
`;

const URL_HELP = `
The URL may also be @FILE, - (the first and only thing on stdin), or stand in SOSISTAB_URL. It is as
good as a password, and everybody on a machine can see its command lines.
`;

const DEMO_HELP = `
With --loss or --delay there is a link between the two that loses packets, and without a file it is
a comparison: what becomes of the same messages by plain UDP, and by sosistab.
`;

const PROXY_HELP = `
A proxy is socks5://[USER:PASSWORD@]HOST[:PORT] or http://[USER:PASSWORD@]HOST[:PORT], and carries TCP
and TLS. Where it takes a login, SOSISTAB_PROXY keeps that from the other users of this machine.
`;

const PING_HELP = `
Without --transport all ways are tried at once. The answer goes to stdout; with --json it is one object.
It ends with 0 if at least one way leads there, and else with 3.
`;

const EXIT_CODES_HELP = `
Exit codes: 0 done, 1 failed while running, 2 wrong usage, 3 peer did not answer, 4 connection lost,
5 local problem (port in use, no permission, name not found, file, proxy), 130 and 143 stopped by a signal.
`;

/**
 * Makes the program. What cannot be read throws a `CommanderError` or a `Failure`; nothing is printed
 * and nothing exits here.
 *
 * @param launch Runs the command that was asked for.
 * @param answer Takes the help and the version, where they were asked for.
 */
export function makeProgram(launch: Launch, answer: (text: string) => void): Command {
  const program = new Command("sosistab")
    .description("sosistab: datagrams and streams that get through bad networks")
    .version(versionLine(), "-V, --version")
    .commandsGroup("Other:")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", EXAMPLES + EXIT_CODES_HELP)
    // Sub-commands take this over from the moment they are added.
    .exitOverride()
    .configureOutput({ writeOut: answer, outputError: () => {} });
  addDemo(program, launch);
  addListen(program, launch);
  addConnect(program, launch);
  addUrl(program, launch);
  addPing(program, launch);
  addKeygen(program, launch);
  addDemoProcesses(program, launch);
  program.command("version").description("print the version")
    .action(() => answer(versionLine()));
  addCompletions(program);
  return program;
}

/** Which program, runtime and protocol this is. */
function versionLine(): string {
  return `sosistab ${VERSION} (${RUNTIME}, protocol ${WIRE_VERSION})`;
}

function addDemo(program: Command, launch: Launch): void {
  program.command("demo")
    .helpGroup("Try it:")
    .description("send data between two processes on this machine, and check that it arrived")
    .argument("[file]", "what to send; by default 32 MiB that are made up on the spot")
    .option("--loss <percent>", "how much a link between them loses (default: 10)", parseLoss)
    .option("--delay <ms>", "how long it takes, one way (default: 25)", parseDelay)
    .option("--seconds <seconds>", "how long to compare (default: 10)", parseSeconds)
    .option("--max-age <ms>", "how old a message may be when it comes (default: 25)", parseMaxAge)
    .addOption(jsonOption())
    .addHelpText("after", DEMO_HELP)
    .action((file: string | undefined, flags: DemoFlags) =>
      launch((context) => demo(context, file, flags))
    );
}

/** The two processes of the demo of a bad link. */
function addDemoProcesses(program: Command, launch: Launch): void {
  program.command("demo-receive", { hidden: true })
    .argument("<count>", "", Number).addOption(jsonOption())
    .action((count: number) => launch((context) => receiveDemo(context, count)));
  program.command("demo-send", { hidden: true })
    .argument("<target>", "", parseTarget).argument("<count>", "", Number)
    .argument("[max-age]", "", Number).addOption(jsonOption())
    .action((target: Address, count: number, maxAge: number | undefined) =>
      launch((context) => sendDemo(context, { target, count, maxAge }))
    );
}

function addListen(program: Command, launch: Launch): void {
  program.command("listen")
    .helpGroup("Use it:")
    .description("accept peers; prints the line to paste on the other side")
    .argument("[addr]", "where to listen: [HOST:]PORT (default: :4000, all addresses)")
    .addOption(keyOption())
    .addOption(hostOption())
    .option("--to <host:port>", "forward each stream to a TCP service", parseTarget)
    .addOption(
      new Option("--transport <name>", "what to take; auto: UDP and TCP, at the same port")
        .choices(LISTEN_TRANSPORTS).default("auto"),
    )
    .option("--cert <file>", "take TLS at the TCP port too, with this certificate (PEM)")
    .option("--cert-key <file>", "the certificate's private key (PEM)")
    .option("--timeout <seconds>", "give up when nobody has connected by then", parseSeconds)
    .addOption(deadAfterOption())
    .addOption(drainOption("--to"))
    .addOption(jsonOption())
    .addHelpText("after", "\nWithout --to the first stream is joined to stdin and stdout.\n")
    .action((address: string | undefined, flags: ListenFlags) =>
      launch((context) => listen(context, address, flags))
    );
}

function addConnect(program: Command, launch: Launch): void {
  program.command("connect")
    .helpGroup("Use it:")
    .description("connect to a peer, and join stdin and stdout to it")
    .argument("[url]", "what listen printed on the other side (env: SOSISTAB_URL)")
    .addOption(
      new Option(
        "-L, --local <[addr:]port>",
        "forward a local TCP port instead of stdin and stdout",
      )
        .argParser(parseLocalAddress),
    )
    .addOption(
      new Option("--info <text>", "what to tell the other side about the streams")
        .default("", "none").argParser(parseInfo),
    )
    .addOption(transportOption())
    .addOption(proxyOption())
    .addOption(sniOption())
    .addOption(timeoutOption())
    .addOption(deadAfterOption())
    .addOption(drainOption("-L"))
    .addOption(jsonOption())
    .addHelpText("after", URL_HELP + PROXY_HELP)
    .action((argument: string | undefined, flags: ConnectFlags) =>
      launch((context) => connect(context, argument, flags))
    );
}

function addPing(program: Command, launch: Launch): void {
  program.command("ping")
    .helpGroup("Look at it:")
    .description("try which ways lead to a peer: UDP, TCP and TLS, with round trip and loss")
    .argument("[url]", "what listen printed on the other side (env: SOSISTAB_URL)")
    .addOption(
      new Option("--count <number>", "how many round trips over each")
        .default(PINGS, `${PINGS}`).argParser(parseCount),
    )
    .addOption(transportOption())
    .addOption(proxyOption())
    .addOption(sniOption())
    .addOption(timeoutOption())
    .addOption(jsonOption())
    .addHelpText("after", PING_HELP + PROXY_HELP)
    .action((argument: string | undefined, flags: PingFlags) =>
      launch((context) => ping(context, argument, flags))
    );
}

function addUrl(program: Command, launch: Launch): void {
  program.command("url")
    .helpGroup("Use it:")
    .description("print this server's URL")
    .argument("[addr]", "where it listens: [HOST:]PORT (default: :4000, all addresses)")
    .addOption(keyOption())
    .addOption(hostOption())
    .option("--qr", "draw it as a QR code too")
    .addOption(jsonOption())
    .action((address: string | undefined, flags: UrlFlags) =>
      launch((context) => url(context, address, flags))
    );
}

function addKeygen(program: Command, launch: Launch): void {
  program.command("keygen")
    .description("make a key file, and print its public key")
    .argument("[file]", "where; never overwritten (default: the default key file)")
    .addOption(jsonOption())
    .action((file: string | undefined) => launch((context) => keygen(context, file)));
}
