import { x25519 } from "@noble/curves/ed25519.js";
import type { RandomSource } from "../../src/random.ts";
import { type Extension, OWN_BITS } from "../../src/wire/extension.ts";
import { HelloForger } from "./hello_forger.ts";
import type { Spoil } from "./spoiled_host.ts";

/** How a stranger races a server's answers. */
export interface FakeHellos {
  readonly serverKey: Uint8Array;
  readonly random: RandomSource;
  /** The wall clock, seconds. */
  readonly epochSeconds: () => number;
  /** How many he sends before each true one; asked each time. */
  readonly count: () => number;
  /** Whether he says that he is of our own kind. */
  readonly isOwnKind: boolean;
}

/**
 * A stranger on the path who knows the server's public key and reads along: before each answer of the
 * server come others, with the same public key, but with a key and a token that he has drawn.
 */
export function fakeHellos({ serverKey, random, ...how }: FakeHellos): Spoil {
  const forger = new HelloForger(serverKey, random);
  const extension: Extension | undefined = how.isOwnKind ? { bits: OWN_BITS } : undefined;
  const draw = (length: number) => {
    const bytes = new Uint8Array(length);
    random(bytes);
    return bytes;
  };
  return (datagram, deliver) => {
    const minute = Math.floor(how.epochSeconds() / 60);
    const frame = forger.frame("down", minute, datagram);
    if (frame?.kind === "serverHello") {
      for (let left = how.count(); left > 0; left--) {
        const fake = {
          ...frame,
          ephemeralPublicKey: x25519.getPublicKey(draw(32)),
          resumeToken: draw(frame.resumeToken.length),
          extension,
        };
        deliver(forger.packet("down", minute, fake, { length: datagram.length }));
      }
    }
    deliver(datagram);
  };
}
