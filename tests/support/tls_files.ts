/**
 * A certificate and its key in files, as the program takes them.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import type { Workbench } from "./cli_program.ts";
import { IDENTITY } from "./tls_identities.ts";

/**
 * Writes both into the workbench.
 *
 * @param key Another key than that of the certificate.
 * @returns The options of `listen` that name them.
 */
export function tlsOptions(bench: Workbench, key: string = IDENTITY.key): string[] {
  const [cert, certKey] = [bench.path("cert.pem"), bench.path("key.pem")];
  writeFileSync(cert, IDENTITY.certificate);
  writeFileSync(certKey, key, { mode: 0o600 });
  return ["--cert", cert, "--cert-key", certKey];
}
