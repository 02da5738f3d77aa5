/**
 * A program that listens for streams and takes up all file descriptors, told by its parent when.
 *
 * It prints one line for each thing that happened: "port N", "crowded", "free", "stream".
 */
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { currentHost } from "./current_host.ts";

const taken: number[] = [];

function crowd(): void {
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch {
    // This was the last one.
  }
}

function clear(): void {
  for (const file of taken.splice(0)) closeSync(file);
}

const host = await currentHost();
const listener = await host.listenStream!({ hostname: "127.0.0.1", port: 0 }, {
  onStream: (stream) => {
    console.log("stream");
    stream.close();
  },
});
console.log(`port ${listener.addr.port}`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "crowd") crowd();
  else clear();
  console.log(line === "crowd" ? "crowded" : "free");
}
process.exit(0);
