/**
 * What a simulation is made of, FoundationDB's way: workloads that want something, nemeses that break things, checkers
 * that judge. Each is its own part and knows nothing of the others; a scenario puts some together over a world.
 */
import type { Random } from "@smallpond/base";
import type { SimWorld } from "../world/world.ts";

/** Where a run is: faults first, then everything is healed, then the workloads end. */
export interface Phase {
  /** Set when nemeses have to stop. */
  readonly healed: boolean;
  /** Set when workloads have to stop. */
  readonly over: boolean;
}

/** Wants something from the system: adds client programs to the world that act until the phase is over. */
export interface Workload {
  readonly name: string;
  start(phase: Phase): void;
}

/** Breaks things until the phase is healed. What it broke is mended for it, so it may simply return. */
export interface Nemesis {
  readonly name: string;
  run(arena: Arena): Promise<void>;
}

/** What a nemesis works with. */
export interface Arena {
  readonly world: SimWorld;
  /** Chance of this nemesis's own. */
  readonly random: Random;
  readonly phase: Phase;
  /** Waits in true time, but not beyond the phase. */
  sleep(ms: number): Promise<void>;
}

/** Judges: throws if something is wrong. */
export interface Checker {
  readonly name: string;
  /** `healed`: while workloads go on and nothing is broken any more. `end`: when everything has stopped. */
  readonly when: "healed" | "end";
  check(): Promise<void> | void;
}

export interface ScenarioParts {
  readonly workloads: readonly Workload[];
  /** Each run takes some of them, so that rare combinations occur and single ones are not drowned. */
  readonly nemeses: readonly Nemesis[];
  readonly checkers: readonly Checker[];
  /** How long things break, in true time. */
  readonly faultMs: number;
}

export interface Scenario {
  readonly name: string;
  /** What it is about, in a line. */
  readonly about: string;
  /** A canary has a planted bug: over many seeds the checkers must find it. */
  readonly canary: boolean;
  /** Rare branches that some run among a thousand must reach. */
  readonly marks: readonly string[];
  build(world: SimWorld): ScenarioParts;
}
