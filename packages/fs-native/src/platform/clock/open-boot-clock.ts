/** Time that passes also while the machine is suspended, where the addon is there. */
import type { Clock, Deadline, SignalOptions, Timer } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { type CoreAddon, coreAddon } from "../core-addon.ts";

export interface BootClock extends Clock {
  /** Whether `monotonicMs` counts the time in which the machine is suspended. Timers never do: they fire late. */
  readonly countsSuspension: boolean;
}

/** The machine's clock for leases: what was promised until then is over then, slept through or not. */
export function openBootClock(): BootClock {
  const core = coreAddon();
  return new MachineClock(core.kind === "loaded" ? core.addon : undefined);
}

class MachineClock implements BootClock {
  readonly #addon: CoreAddon | undefined;
  readonly #clock: NodeClock = new NodeClock();

  constructor(addon: CoreAddon | undefined) {
    this.#addon = addon;
  }

  get countsSuspension(): boolean {
    return this.#addon !== undefined;
  }

  monotonicMs(): number {
    return this.#addon === undefined ? this.#clock.monotonicMs() : this.#addon.bootTimeMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  sleep(ms: number, options?: SignalOptions): Promise<void> {
    return this.#clock.sleep(ms, options);
  }

  timer(ms: number, fn: () => void): Timer {
    return this.#clock.timer(ms, fn);
  }

  deadline(ms: number, options?: SignalOptions): Deadline {
    return this.#clock.deadline(ms, options);
  }
}
