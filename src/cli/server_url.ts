/**
 * Where the URL of a server comes from: the command line, the environment, a file or stdin.
 *
 * A command line can be seen by everybody on the machine, and a URL is as good as a password, so
 * there are three ways around it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { parseUrl, type ServerAddress } from "../net/url.ts";
import { explainRead } from "./explain.ts";
import { type Advice, Failure } from "./failure.ts";

/** A server, and whether stdin was used up to learn of it. */
export interface UrlSource {
  /** What the URL tells. */
  readonly server: ServerAddress;
  /** Whether the URL was all of stdin. */
  readonly isFromStdin: boolean;
}

const PASTE: Advice = {
  remedy: "copy the whole line that sosistab url prints on the server, and put it in quotes",
};

/**
 * Finds the URL.
 *
 * @param argument `sosistab://...`, `@FILE` or `-`; without it the environment decides.
 * @param environment The value of SOSISTAB_URL, which may be any of these too.
 * @param readStdin Reads all of stdin.
 */
export async function findServerUrl(
  argument: string | undefined,
  environment: string | undefined,
  readStdin: () => Promise<string>,
): Promise<UrlSource> {
  const text = argument ?? environment;
  if (text === undefined || text === "") {
    throw new Failure("usage", "no URL to connect to", [
      { remedy: "sosistab connect 'sosistab://KEY@HOST:PORT', or set SOSISTAB_URL" },
      PASTE,
    ]);
  }
  if (text === "-") return { server: parse(await readStdin()), isFromStdin: true };
  return {
    server: parse(text.startsWith("@") ? readUrlFile(text.slice(1)) : text),
    isFromStdin: false,
  };
}

function readUrlFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw explainRead(error, path);
  }
}

function parse(text: string): ServerAddress {
  try {
    return parseUrl(text);
  } catch (error) {
    // Its message never repeats the URL.
    if (error instanceof TypeError) {
      throw new Failure("usage", `bad URL: ${error.message}`, [PASTE]);
    }
    throw error;
  }
}
