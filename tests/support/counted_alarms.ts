import type { Host } from "../../src/host.ts";

/**
 * The alarms of a host, counted.
 *
 * @param onChange Told 1 when one is set, and -1 when it rings or is taken back, whichever is first.
 */
export function countedAlarms(
  host: Host,
  onChange: (change: 1 | -1) => void,
): Host["setAlarm"] {
  return (at, wake) => {
    let isArmed = true;
    const disarm = () => {
      if (isArmed) onChange(-1);
      isArmed = false;
    };
    onChange(1);
    const alarm = host.setAlarm(at, () => {
      disarm();
      wake();
    });
    return {
      [Symbol.dispose]: () => {
        disarm();
        alarm[Symbol.dispose]();
      },
    };
  };
}
