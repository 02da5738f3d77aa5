/**
 * The certificate of a listener, and its key: two files of the user's.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import type { TlsIdentity } from "../host.ts";
import { explainRead } from "./explain.ts";
import { Failure } from "./failure.ts";
import { OTHERS, readSecretFile } from "./secret_file.ts";
import { shellWord } from "./shell_word.ts";

/** Where a certificate and its key are. */
export interface TlsFiles {
  /** PEM file of the certificate, and of those that lead to its root. */
  readonly cert?: string;
  /** PEM file of its key. */
  readonly certKey?: string;
}

/**
 * Reads the certificate and its key.
 *
 * @returns Both, or `undefined` when there are none. Throws a {@linkcode Failure} when there is one
 * without the other, or a file cannot be read.
 */
export function readTlsIdentity({ cert, certKey }: TlsFiles): TlsIdentity | undefined {
  if (cert === undefined && certKey === undefined) return undefined;
  if (cert === undefined || certKey === undefined) {
    const [given, missing] = cert === undefined
      ? ["--cert-key", "--cert"]
      : ["--cert", "--cert-key"];
    throw new Failure("usage", `${given} needs ${missing}: TLS takes a certificate and its key`, [
      { remedy: "name both: --cert fullchain.pem --cert-key privkey.pem" },
    ]);
  }
  return { certificate: readText(cert), key: readKey(certKey) };
}

/** Why the listener does not take what was in the files. What stands in them is not repeated. */
export function explainIdentity(error: unknown, { cert = "", certKey = "" }: TlsFiles): unknown {
  // The library says so of what the caller gives it; here that was the files, and nothing else.
  if (!(error instanceof TypeError)) return error;
  const files = `${cert} and ${certKey}`;
  return new Failure("local", `cannot speak TLS with ${files}: ${error.message}`, [
    error.message.includes("encrypted")
      ? {
        cause: "take the passphrase away",
        remedy: `openssl pkey -in ${shellWord(certKey)} -out ${shellWord(`${certKey}.plain`)}`,
      }
      : {
        cause: "both must be PEM, and belong together",
        remedy: "--cert fullchain.pem --cert-key privkey.pem",
      },
  ]);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw explainRead(error, path);
  }
}

/** Many systems have a group of programs that may read the keys of certificates. */
function readKey(path: string): string {
  try {
    return readSecretFile(path, "the certificate's key", OTHERS);
  } catch (error) {
    throw explainRead(error, path);
  }
}
