/** Disks that fail, slow down, fill up, or forget what they hold. */
import type { Nemesis } from "../scenario/scenario.ts";
import type { SimMachine } from "../world/machine.ts";
import { type NemesisTiming, pick, strikeOften } from "./partitions.ts";

/** Calls that fail with `EIO`. */
export function diskErrors(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "disk errors",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const machine = arena.world.machine(pick(arena.random, machines));
        const errorShare = pick(arena.random, [0.01, 0.1, 0.5]);
        machine.note(`disk fails ${errorShare} of its calls`);
        machine.diskFaults.set({ errorShare });
        return () => machine.diskFaults.set({ errorShare: 0 });
      }),
  };
}

export function slowDisks(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "slow disks",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const machine = arena.world.machine(pick(arena.random, machines));
        const slowness = pick(arena.random, [5, 50, 500]);
        machine.note(`disk is ${slowness} times as slow`);
        machine.diskFaults.set({ slowness });
        return () => machine.diskFaults.set({ slowness: 1 });
      }),
  };
}

/** Leaves a disk with little room or none. */
export function fullDisks(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "full disks",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const machine = arena.world.machine(pick(arena.random, machines));
        const { disk, settings } = machine;
        machine.note("disk is full");
        disk.capacityBytes = disk.usedBytes + arena.random.int(200);
        return () => {
          disk.capacityBytes = settings.diskBytes;
        };
      }),
  };
}

export interface RotRules {
  /** Whether others have, at this moment, what the machine has. */
  mayRot(machine: SimMachine): boolean;
  /** What only a start reads: that start has to come at once, while they have it. */
  isReadAtStart(path: string): boolean;
}

const NO_RULES: RotRules = { mayRot: () => true, isReadAtStart: () => false };

/** Turns bits over in files at rest. A replicated system survives it on as many machines as it has spares. */
export function bitRot(
  victims: readonly string[],
  timing: NemesisTiming,
  rules: RotRules = NO_RULES,
): Nemesis {
  return {
    name: "bit rot",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const machine = world.machine(pick(random, victims));
        if (!rules.mayRot(machine)) return undefined;
        const files = [...machine.disk.files()].filter(([, file]) => file.stored.size > 0);
        if (files.length === 0) return undefined;
        const [path, file] = pick(random, files);
        const position = random.int(file.stored.size);
        const bit = random.int(8);
        machine.note(`bit ${bit} of byte ${position} of ${path} rots`);
        file.stored.flip(position, bit);
        // A page in the cache is still good, until power is lost or memory runs short.
        if (rules.isReadAtStart(path)) {
          file.contents.flip(position, bit);
          for (const process of machine.processes) process.kill();
        } else if (random.next() < 0.5) file.contents.flip(position, bit);
        return undefined;
      }),
  };
}
