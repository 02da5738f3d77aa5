/**
 * Runs the cells that it is told to, one after the other.
 *
 * @module
 */
import { allCells } from "./sections.ts";

declare const self: Worker;

const cells = allCells();

self.onmessage = async ({ data: id }: MessageEvent<string>) => {
  self.postMessage({ id, figures: await cells.get(id)!.run() });
};
