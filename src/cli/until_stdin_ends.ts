import process from "node:process";

/** Settles when stdin ends: whoever started this process wants no more of it, or is gone. */
export function untilStdinEnds(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once("end", resolve).once("error", () => resolve()).resume();
  });
}
