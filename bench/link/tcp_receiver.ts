/**
 * The receiver of a bulk transfer over TCP: `tcp_receiver.ts HOST`. It listens, and says how much has
 * come, until its stdin ends.
 *
 * @module
 */
import { createServer } from "node:net";
import process from "node:process";
import { say, Watch } from "./progress.ts";

const [hostname = ""] = process.argv.slice(2);
process.stdin.on("end", () => process.exit(0)).resume();
const server = createServer((socket) => {
  const progress = new Watch();
  socket.on("data", (chunk) => progress.add(chunk.length));
  socket.on("error", () => {});
});
server.listen(0, hostname, () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  say({ event: "listening", address: `${hostname}:${address.port}` });
});
