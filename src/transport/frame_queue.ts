/**
 * Datagrams that wait for a byte stream, and go into it in as few writes as possible.
 *
 * What is sent in one turn of the event loop goes out together, at its end; while the stream takes
 * none, more gathers. There are two marks. Above the first the queue is full: what can wait should
 * wait. Above the second it drops, so that a stream which takes nothing costs a bounded amount.
 *
 * @module
 */
import { FRAME_OVERHEAD, FrameBuffer, MOST_DATAGRAM_SENT } from "../records/frame_buffer.ts";

// Tuning.

/**
 * What waits for the end of the turn, bytes at the most; then it goes at once, so that a long burst is
 * on its way before it is all made. Larger writes gain nothing: on loopback, 1,200 bytes a datagram,
 * one a write makes 0.5 Gbit/s, 7 make 1.4, 14 make 1.5 and 110 make 1.4.
 */
const MOST_COALESCED = 64 * 1024;

/**
 * Above this the queue is full, bytes: 14 datagrams. A sender that heeds it is as fast with this as
 * with eight times as much (the figures above), and what waits here is 13 ms of delay at 10 Mbit/s;
 * below there are the system's own buffers, of which we know nothing.
 */
const FULL = 16 * 1024;

/**
 * Above this datagrams are dropped, bytes: as many as the original keeps, 100. Whoever heeds `isFull`
 * never comes here; there is room for a burst of what cannot wait.
 */
const MOST_WAITING = 128 * 1024;

/** Where frames go. */
export interface FrameSink {
  /** Whether it takes frames now. When that becomes true, {@linkcode FrameQueue.flush} is called. */
  readonly canWrite: boolean;
  /** Takes frames, and their memory. */
  write(frames: Uint8Array): void;
  /** The queue was full, and is not any more. */
  onRoom(): void;
}

/** Frames on their way to a sink. */
export class FrameQueue {
  readonly #sink: FrameSink;
  readonly #frames = new FrameBuffer();
  #isScheduled = false;
  #wasFull = false;
  #dropped = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether more waits than is good. */
  get isFull(): boolean {
    return this.#frames.length > FULL;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#frames.length;
  }

  /** Datagrams that were dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Puts a datagram in.
   *
   * @param datagram Lent until the call returns.
   * @returns `false` when it was dropped: it is empty or too long, or there is no room.
   */
  append(datagram: Uint8Array): boolean {
    const { length } = datagram;
    const isFrame = length > 0 && length <= MOST_DATAGRAM_SENT;
    if (!isFrame || this.#frames.length + FRAME_OVERHEAD + length > MOST_WAITING) {
      this.#dropped++;
      return false;
    }
    this.#frames.append(datagram);
    if (this.isFull) this.#wasFull = true;
    // Without a word of the room: who is told sends at once, and is sending already.
    if (this.#frames.length >= MOST_COALESCED) this.#give();
    else if (this.#sink.canWrite) this.#schedule();
    return true;
  }

  /** Gives what waits to the sink, if it takes it, and tells when there is room again. */
  flush(): void {
    this.#give();
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#sink.onRoom();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#frames.clear();
    this.#wasFull = false;
  }

  #give(): void {
    if (this.#frames.length > 0 && this.#sink.canWrite) this.#sink.write(this.#frames.take());
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
