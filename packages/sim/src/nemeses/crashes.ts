/** Processes killed at any moment, at a call through a seam, or held still; and machines without power. */
import type { Random } from "@smallpond/base";
import type { Nemesis } from "../scenario/scenario.ts";
import type { SimProcess } from "../world/process.ts";
import type { SimWorld } from "../world/world.ts";
import { type NemesisTiming, pick, strikeOften } from "./partitions.ts";

/** Kills a process between two events. Its supervisor starts it again. */
export function kills(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "kills",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        drawProcess(arena.world, arena.random, machines)?.kill();
        return undefined;
      }),
  };
}

/** Kills a process right before or after one of its next calls, so that every call meets a crash in some run. */
export function crashesAtCalls(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "crashes at calls",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const call = 1 + random.int(pick(random, [5, 50, 500]));
        drawProcess(world, random, machines)?.planCrash({ call, when: pick(random, ["before", "after"]) });
        return undefined;
      }),
  };
}

/** Holds a process still, as a long garbage collection or a suspended machine does: time goes on without it. */
export function pauses(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "pauses",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const process = drawProcess(arena.world, arena.random, machines);
        process?.pause();
        return () => process?.resume();
      }),
  };
}

/** Takes power from one machine, some, or all at once. */
export function powerCuts(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "power cuts",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const share = pick(random, [0, 0.6, 1]);
        const victim = pick(random, machines);
        const dark = machines.filter((name) => name === victim || random.next() < share);
        for (const name of dark) world.machine(name).powerOff();
        return () => {
          for (const name of dark) world.machine(name).powerOn();
        };
      }),
  };
}

function drawProcess(world: SimWorld, random: Random, machines: readonly string[]): SimProcess | undefined {
  const { processes } = world.machine(pick(random, machines));
  return processes.length === 0 ? undefined : pick(random, processes);
}
