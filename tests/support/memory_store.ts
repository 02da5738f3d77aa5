import type { ReplayStore } from "../../src/host.ts";

/** A replay store in memory, which fails or hangs when it is told to. */
export class MemoryStore implements ReplayStore {
  /** What was written. */
  bytes: Uint8Array | undefined;
  /** Whether calls that write reject. */
  isFailing = false;
  /** What calls that write wait for before they settle; what they write they have written by then. */
  until: Promise<void> | undefined;
  /** What calls that read wait for; they give what stood there before. */
  untilRead: Promise<void> | undefined;
  /** The calls so far. */
  readonly calls: ("load" | "append" | "replace")[] = [];

  constructor(bytes?: Uint8Array) {
    this.bytes = bytes;
  }

  async load(): Promise<Uint8Array | undefined> {
    this.calls.push("load");
    const bytes = this.bytes?.slice();
    await this.untilRead;
    return bytes;
  }

  append(bytes: Uint8Array): Promise<void> {
    const all = new Uint8Array((this.bytes?.length ?? 0) + bytes.length);
    if (this.bytes !== undefined) all.set(this.bytes);
    all.set(bytes, all.length - bytes.length);
    return this.#write("append", all);
  }

  replace(bytes: Uint8Array): Promise<void> {
    return this.#write("replace", bytes);
  }

  /** How often it was written anew. */
  get replaced(): number {
    return this.calls.filter((call) => call === "replace").length;
  }

  async #write(call: "append" | "replace", bytes: Uint8Array): Promise<void> {
    this.calls.push(call);
    if (this.isFailing) throw new Error("the disk is full");
    this.bytes = bytes;
    await this.until;
  }
}
