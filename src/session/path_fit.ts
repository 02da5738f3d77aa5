/**
 * Makes bodies fit the path: asks what it takes, cuts what is longer, and joins what comes in pieces.
 *
 * @module
 */
import type { ByteBudget } from "../byte_budget.ts";
import type { Random } from "../random.ts";
import type { ReceivedBody } from "./contract.ts";
import { FragmentCutter } from "./fragment_cutter.ts";
import { FragmentJoiner } from "./fragments.ts";
import {
  decodeOwnBody,
  deriveOwnTag,
  encodeOwnBody,
  isOwnBody,
  MOST_ANSWERS,
  type OwnBody,
} from "./own_body.ts";
import { PathMtu } from "./path_mtu.ts";
import { PathProof } from "./path_proof.ts";

// Protocol constants.

/** More than any body of a control frame. */
const CONTROL_LENGTH = 32;

const NOTHING = new Uint8Array(0);

/** What is to be sent in a frame that has no number of its own. */
export interface Control {
  readonly body: Uint8Array;
  /** How long the packet is to be at the least, bytes. */
  readonly packetLength: number;
}

/** Bodies of one session, and the path's idea of them. Times in ms. */
export class PathFit {
  /** What the path takes. */
  readonly mtu: PathMtu = new PathMtu();
  /** Whether it leads to the other side. */
  readonly proof: PathProof = new PathProof();
  readonly #tag: Uint8Array;
  readonly #cutter: FragmentCutter;
  readonly #joiner = new FragmentJoiner();
  /** Probes of the other side that wait for their answer. */
  #answers: number[] = [];

  /** @param secret That of the session's handshake. */
  constructor(secret: Uint8Array) {
    this.#tag = deriveOwnTag(secret);
    this.#cutter = new FragmentCutter(this.#tag);
  }

  /** What pays for pieces that wait for others. */
  set budget(budget: ByteBudget) {
    this.#joiner.budget = budget;
  }

  /** Whether a body is one that only our own kind sends. */
  isOwn(body: Uint8Array): boolean {
    return isOwnBody(this.#tag, body);
  }

  /** Gives up what waits for pieces, and what is remembered of packets on their way. */
  rest(): void {
    this.#joiner.clear();
    this.mtu.rest();
  }

  /**
   * Begins to cut a body.
   *
   * @param body Borrowed until {@linkcode nextFragment} has returned `undefined`.
   * @param room The longest fragment, bytes.
   * @returns Whether it can be cut.
   */
  cut(body: Uint8Array, room: number, now: number): boolean {
    this.mtu.onWanted(now);
    return this.#cutter.begin(body, room);
  }

  /** The next fragment, good until the next call; `undefined` after the last. */
  nextFragment(): Uint8Array | undefined {
    return this.#cutter.next();
  }

  /** Looks whether a body that has come is a probe or an answer, and acts on it. */
  handleControl(body: Uint8Array, now: number): boolean {
    const own = decodeOwnBody(this.#tag, body);
    switch (own?.kind) {
      case "probe":
        // An answer is never longer than what it answers, so a recorded probe gains nothing.
        if (this.#answers.length < MOST_ANSWERS) this.#answers.push(own.id);
        return true;
      case "answer":
        for (const id of own.ids) {
          this.mtu.onAnswer(id, now);
          this.proof.onAnswer(id);
        }
        return true;
      default:
        return false;
    }
  }

  /** The next probe or answer to be sent. */
  pollControl(now: number): Control | undefined {
    const ids = this.#answers;
    if (ids.length > 0) {
      this.#answers = [];
      return this.#control({ kind: "answer", ids }, 0);
    }
    const probe = this.mtu.takeProbe(now);
    return probe && this.#control({ kind: "probe", id: probe.id }, probe.length);
  }

  /** A question for {@linkcode proof}, which must go to the place in doubt alone. */
  challenge(random: Random): Control | undefined {
    const id = this.proof.next(random);
    return id === undefined ? undefined : this.#control({ kind: "probe", id }, 0);
  }

  /** What the application gets of a body that has come: one of our own is a report until it is whole. */
  joined(received: ReceivedBody): ReceivedBody {
    if (!this.isOwn(received.body)) return received;
    const own = decodeOwnBody(this.#tag, received.body);
    const body = own?.kind === "fragment"
      ? this.#joiner.take(received.frameNumber, own.index, own.count, own.piece)
      : undefined;
    return body === undefined
      ? { ...received, body: NOTHING, isReport: true }
      : { ...received, body };
  }

  #control(own: OwnBody, packetLength: number): Control {
    const memory = new Uint8Array(CONTROL_LENGTH);
    const body = memory.subarray(0, encodeOwnBody(this.#tag, own, memory));
    return { body, packetLength };
  }
}
