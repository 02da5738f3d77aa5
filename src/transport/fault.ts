/**
 * What becomes of a mistake of the library's own that something from the network has brought to light.
 *
 * Whatever takes in what others send stands inside of one guard, which catches what must never be
 * thrown: no packet may end the process. What was being changed may be half changed then, so the
 * session or the connection concerned ends, with an error whose code is `internal-fault` and whose
 * cause is what was thrown; the others go on. And the host is told. One that does not want to know
 * (`Host.onFault` is missing) gets an uncaught error: so it is in simulations, where any fault fails
 * the test that found it.
 *
 * A mistake of the program's, in one of its own callbacks, is no such thing: it is an uncaught error
 * like anywhere else (`throw_uncaught.ts`).
 *
 * @module
 */
import { SosistabError } from "../errors.ts";
import type { Host } from "../host.ts";
import { throwUncaught } from "./throw_uncaught.ts";

/**
 * Reports what a guard has caught.
 *
 * @returns What the session or the connection ends with.
 */
export function reportFault(host: Pick<Host, "onFault">, cause: unknown): SosistabError {
  if (host.onFault === undefined) throwUncaught(cause);
  else host.onFault(cause);
  return new SosistabError("internal-fault", "a mistake in the library came to light", { cause });
}

/** An alarm within the guard: what `wake` throws is reported, and ends nothing. */
export function setGuardedAlarm(host: Host, at: number, wake: () => void): Disposable {
  return host.setAlarm(at, () => {
    try {
      wake();
    } catch (error) {
      reportFault(host, error);
    }
  });
}

/** Runs a callback of the program's: what it throws is an uncaught error, and stops nothing here. */
export function tellProgram(what: () => void): void {
  try {
    what();
  } catch (error) {
    throwUncaught(error);
  }
}
