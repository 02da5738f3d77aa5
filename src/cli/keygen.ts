/**
 * `sosistab keygen [FILE]`: makes a server's identity.
 *
 * @module
 */
import { formatKey } from "../net/key_text.ts";
import type { Context } from "./context.ts";
import { defaultKeyFile, makeKeyFile } from "./key_file.ts";
import { printLine } from "./stdio_end.ts";

/**
 * Makes a key file, and prints the public key.
 *
 * @param file Where; by default where `listen` looks for it.
 */
export async function keygen({ host, reporter }: Context, file: string | undefined): Promise<void> {
  const path = file ?? defaultKeyFile();
  const { publicKey } = makeKeyFile(host, path);
  reporter.event("key", { file: path, made: true }, `made ${path}; its public key is`);
  await printLine(formatKey(publicKey));
}
