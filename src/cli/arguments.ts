/**
 * What people type behind the commands, read and checked.
 *
 * Each function throws a {@linkcode Failure} of the kind `usage` for what it cannot read.
 *
 * @module
 */
import { type Address, isIpv4, parseAddress } from "../address.ts";
import { Failure } from "./failure.ts";

/** The port of sosistab when none is named. */
export const DEFAULT_PORT = 4000;

/** Where local ports are opened and services looked for when no host is named. */
const LOOPBACK = "127.0.0.1";

/** Longest `--info`: what the wire takes, bytes of UTF-8. */
const MOST_INFO = 1024;

/** Worst link of the demo: percent, and ms. Beyond that nobody would wait for the handshake. */
const MOST_LOSS = 50;
const MOST_DELAY = 1_000;

/** Oldest message of the demo, ms: a later one counts as lost. */
const MOST_AGE = 400;

/** Most questions of `ping`: some minutes. */
const MOST_PINGS = 1_000;

/** Longest time that can be asked for, seconds: about a day. */
const MOST_SECONDS = 86_400;

/** Reads where to listen. Without a host the hostname is `""`: all addresses. */
export function parseListenAddress(text: string | undefined): Address {
  if (text === undefined) return { hostname: "", port: DEFAULT_PORT };
  const address = parseAddress(text, DEFAULT_PORT);
  if (address !== undefined) return address;
  throw new Failure("usage", `"${text}" is no address to listen at`, [
    { remedy: "write :4000, 4000, 192.0.2.1:4000 or [2001:db8::1]:4000" },
  ]);
}

/** Reads `--to HOST:PORT`. Without a host it is this machine. */
export function parseTarget(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined && address.port > 0) return onLoopback(address);
  throw new Failure("usage", `"${text}" is no address to forward to`, [
    { remedy: "write HOST:PORT, as in --to 127.0.0.1:8080" },
  ]);
}

/** Reads `-L [ADDR:]PORT`. Without an address only this machine can reach it. */
export function parseLocalAddress(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return onLoopback(address);
  throw new Failure("usage", `"${text}" is no local port`, [
    { remedy: "write [ADDR:]PORT, as in -L 8080 or -L 127.0.0.1:8080" },
  ]);
}

/** Reads `--loss PERCENT`, and gives a chance from 0 to 1. */
export function parseLoss(text: string): number {
  const percent = Number(text);
  if (text.trim() !== "" && percent >= 0 && percent <= MOST_LOSS) return percent / 100;
  throw new Failure("usage", `"${text}" is no loss that a link can have here`, [
    { remedy: `write a percentage from 0 to ${MOST_LOSS}, as in --loss 10` },
  ]);
}

/** Reads `--delay MS`. */
export function parseDelay(text: string): number {
  const delay = Number(text);
  if (text.trim() !== "" && delay >= 0 && delay <= MOST_DELAY) return delay;
  throw new Failure("usage", `"${text}" is no delay that a link can have here`, [
    { remedy: `write milliseconds from 0 to ${MOST_DELAY}, as in --delay 25` },
  ]);
}

/** Reads `--max-age MS`. */
export function parseMaxAge(text: string): number {
  const maxAge = Number(text);
  if (text.trim() !== "" && maxAge >= 0 && maxAge <= MOST_AGE) return maxAge;
  throw new Failure("usage", `"${text}" is no age that a message can have here`, [
    { remedy: `write milliseconds from 0 to ${MOST_AGE}, as in --max-age 150` },
  ]);
}

/** Reads a number of seconds, and gives milliseconds. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= MOST_SECONDS) {
    return Math.max(1, Math.round(seconds * 1000));
  }
  throw new Failure("usage", `"${text}" is no number of seconds`, [
    { remedy: `write a number above 0 and up to ${MOST_SECONDS}, as in 10` },
  ]);
}

/** Reads `--drain SECONDS`, of which there may be none, as ms. */
export function parseDrain(text: string): number {
  return /^0+$/.test(text.trim()) ? 0 : parseSeconds(text);
}

/** Reads `--count NUMBER`. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && count >= 1 && count <= MOST_PINGS) return count;
  throw new Failure("usage", `"${text}" is no number of pings`, [
    { remedy: `write a number from 1 to ${MOST_PINGS}, as in --count 10` },
  ]);
}

/** Checks `--sni`: a name in ASCII, and no address, which TLS does not take. */
export function parseServerName(text: string): string {
  const isName = /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text) && text.length <= 253;
  if (isName && !isIpv4(text)) return text;
  throw new Failure("usage", `"${text}" is no host name that TLS could ask for`, [
    { remedy: "write one in ASCII, as in --sni www.example.org" },
  ]);
}

/** Checks `--info`. */
export function parseInfo(text: string): string {
  const length = new TextEncoder().encode(text).length;
  if (length <= MOST_INFO) return text;
  throw new Failure("usage", `--info is too long: ${length} bytes of ${MOST_INFO}`);
}

function onLoopback({ hostname, port }: Address): Address {
  return { hostname: hostname === "" ? LOOPBACK : hostname, port };
}
