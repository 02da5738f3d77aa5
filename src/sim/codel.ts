/**
 * CoDel: a queue that drops at its head once packets have waited too long for too long.
 *
 * A packet that waited less than the target shows that the queue still drains. When none has for a
 * whole interval, one packet is dropped, and then more and more often (with the square root of
 * their number) until one is below the target again. Source: RFC 8289, section 5; the names are
 * those of its pseudocode.
 *
 * @module
 */

// Protocol constants: those of RFC 8289, section 4.

/** The wait that may stand, ms. */
const TARGET = 5;

/** How long it may stand, ms: the longest usual round trip. */
const INTERVAL = 100;

/** A queue as CoDel sees it. */
export interface CodelQueue<T> {
  /** Takes the first packet out. */
  take(): T | undefined;
  /** When a packet entered, ms. */
  enteredAt(packet: T): number;
  /** Whether at most one packet of full size waits: such a queue is never cut. */
  readonly isShort: boolean;
  /** A packet is dropped. */
  drop(packet: T): void;
}

/** The state of one queue. */
export class Codel {
  #firstAboveAt = 0;
  #dropNextAt = 0;
  #count = 0;
  #lastCount = 0;
  #isDropping = false;
  #isOverdue = false;

  /** Takes the next packet that is to be sent out of a queue, and drops those that are not. */
  take<T>(queue: CodelQueue<T>, now: number): T | undefined {
    let packet = this.#look(queue, now);
    if (this.#isDropping) {
      if (!this.#isOverdue) this.#isDropping = false;
      while (this.#isDropping && now >= this.#dropNextAt && packet !== undefined) {
        queue.drop(packet);
        this.#count++;
        packet = this.#look(queue, now);
        if (this.#isOverdue) this.#dropNextAt = controlLaw(this.#dropNextAt, this.#count);
        else this.#isDropping = false;
      }
    } else if (this.#isOverdue && packet !== undefined) {
      queue.drop(packet);
      packet = this.#look(queue, now);
      this.#isDropping = true;
      const since = this.#count - this.#lastCount;
      // Soon after the last time it goes on where it was.
      this.#count = since > 1 && now - this.#dropNextAt < 16 * INTERVAL ? since : 1;
      this.#dropNextAt = controlLaw(now, this.#count);
      this.#lastCount = this.#count;
    }
    return packet;
  }

  #look<T>(queue: CodelQueue<T>, now: number): T | undefined {
    const packet = queue.take();
    this.#isOverdue = false;
    if (packet === undefined || now - queue.enteredAt(packet) < TARGET || queue.isShort) {
      this.#firstAboveAt = 0;
    } else if (this.#firstAboveAt === 0) this.#firstAboveAt = now + INTERVAL;
    else this.#isOverdue = now >= this.#firstAboveAt;
    return packet;
  }
}

function controlLaw(at: number, count: number): number {
  return at + INTERVAL / Math.sqrt(count);
}
