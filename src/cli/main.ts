/**
 * The program `sosistab`. It begins when this file is loaded.
 *
 *     deno run -A --unstable-net src/cli/main.ts help
 *     bun src/cli/main.ts help
 *     node src/cli/main.ts help
 *
 * @module
 */
import process from "node:process";
import { run } from "./run.ts";

process.exit(await run(process.argv.slice(2)));
