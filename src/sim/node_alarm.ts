/**
 * An alarm of a simulated node, which waits while the node's event loop stands still.
 *
 * @module
 */
import type { VirtualNode } from "./node.ts";
import type { World } from "./world.ts";

/** An alarm. */
export class NodeAlarm implements Disposable {
  readonly #node: VirtualNode;
  readonly #world: World;
  readonly #wake: () => void;
  #event: Disposable | undefined;

  /** @param at When it rings, if the event loop runs then. */
  constructor(node: VirtualNode, world: World, at: number, wake: () => void) {
    this.#node = node;
    this.#world = world;
    this.#wake = wake;
    this.#event = world.clock.at(at, () => this.#ring());
  }

  [Symbol.dispose](): void {
    this.#event?.[Symbol.dispose]();
    this.#event = undefined;
  }

  #ring(): void {
    const { clock } = this.#world;
    const { stalledUntil } = this.#node;
    if (clock.now < stalledUntil) {
      this.#event = clock.at(stalledUntil, () => this.#ring());
      return;
    }
    this.#event = undefined;
    this.#world.onCallOut();
    this.#wake();
  }
}
