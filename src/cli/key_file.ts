/**
 * The file that holds a server's secret key: one line, 52 characters of base32.
 *
 * It is made once, readable by its owner alone, and never overwritten; one that others can read is not
 * used. What stands in it appears in no message. With it begins the file of the hellos that it answers.
 *
 * @module
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import { portableX25519, publicKeyOf } from "../crypto/keys.ts";
import type { Host, KeyPair } from "../host.ts";
import { formatKey, parseKey } from "../net/key_text.ts";
import { explainRead, systemReason } from "./explain.ts";
import { Failure, systemCode } from "./failure.ts";
import { helloFileOf, makeHelloFile } from "./hello_file.ts";
import type { Reporter } from "./reporter.ts";
import { GROUP_AND_OTHERS, readSecretFile } from "./secret_file.ts";
import { shellWord } from "./shell_word.ts";

/** Permissions of the file and of directories made for it. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** Where the key is when nobody says: the state directory of the XDG specification. */
export function defaultKeyFile(stateHome: string | undefined = process.env.XDG_STATE_HOME): string {
  // The specification wants relative paths ignored.
  const base = stateHome && isAbsolute(stateHome) ? stateHome : join(homedir(), ".local", "state");
  return join(base, "sosistab", "key");
}

/** A key, and where it was found. */
export interface FiledKey extends KeyPair {
  /** The key file. */
  readonly file: string;
}

/**
 * Reads the key of a server.
 *
 * @param file The key file. Without it, or empty, it is the default one, which is made on first use.
 */
export function loadKey(host: Host, reporter: Reporter, file: string | undefined): FiledKey {
  const path = file || defaultKeyFile();
  try {
    return { ...readKeyFile(host, path), file: path };
  } catch (error) {
    if (file || systemCode(error) !== "ENOENT") throw explainMissing(error, path);
  }
  const keys = makeKeyFile(host, path);
  reporter.event(
    "key",
    { file: path, made: true },
    `${reporter.highlight("key")}       made ${path} (keep it: it is this server's identity)`,
  );
  return { ...keys, file: path };
}

/** Draws a key and writes it to a new file. */
export function makeKeyFile(host: Host, path: string): KeyPair {
  const keys = (host.x25519 ?? portableX25519(host.random)).generate();
  let made = path;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    // `wx`: two programs at once must not overwrite each other's key.
    writeFileSync(path, formatKey(keys.secretKey) + "\n", { mode: FILE_MODE, flag: "wx" });
    made = helloFileOf(path);
    makeHelloFile(path);
  } catch (error) {
    if (made !== path) rmSync(path, { force: true });
    throw explainWrite(error, made);
  }
  return keys;
}

function readKeyFile(host: Host, path: string): KeyPair {
  const secretKey = parseKey(readSecretFile(path, "the key file", GROUP_AND_OTHERS).trim());
  if (secretKey === undefined) {
    throw new Failure(
      "usage",
      `${path} is no key file: it must hold one line of 52 characters, a-z and 2-7`,
      [{ remedy: "make another one: sosistab keygen FILE" }],
    );
  }
  return {
    secretKey,
    publicKey: publicKeyOf(secretKey, host.x25519),
  };
}

function explainMissing(error: unknown, path: string): unknown {
  if (systemCode(error) !== "ENOENT") return explainRead(error, path);
  return new Failure("local", `cannot read ${path}: there is no such file`, [
    { remedy: `make it: sosistab keygen ${shellWord(path)}` },
  ]);
}

function explainWrite(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  if (code === "EEXIST") {
    return new Failure("local", `${path} exists already, and a key is never overwritten`, [
      { cause: "show its public key again", remedy: `sosistab url --key ${shellWord(path)}` },
      { cause: "or make another one", remedy: "sosistab keygen OTHERFILE" },
    ]);
  }
  return new Failure("local", `cannot make the key file ${path}: ${systemReason(error)}`, [
    { remedy: "choose a place that you may write to: sosistab keygen FILE, then --key FILE" },
  ]);
}
