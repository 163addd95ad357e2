/** Wall clocks that jump, and clocks that change their speed within what the machines promise. */
import type { Nemesis } from "../scenario/scenario.ts";
import { type NemesisTiming, pick, strikeOften } from "./partitions.ts";

/** A day as well: nobody may count on what others' wall clocks show. */
const JUMPS_MS: readonly number[] = [100, 10_000, 86_400_000];

export function badClocks(
  machines: readonly string[],
  timing: NemesisTiming,
  { jumpsMs = JUMPS_MS }: { readonly jumpsMs?: readonly number[] } = {},
): Nemesis {
  return {
    name: "bad clocks",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const machine = world.machine(pick(random, machines));
        const { oscillator } = machine;
        if (random.next() < 0.5) {
          const jumpMs = (2 * random.next() - 1) * pick(random, jumpsMs);
          machine.note(`wall clock jumps ${jumpMs.toFixed(0)} ms`);
          oscillator.jumpWall(jumpMs);
          return undefined;
        }
        const rate = 1 + machine.settings.clockDriftMax * (2 * random.next() - 1);
        machine.note(`clock runs at ${rate}`);
        oscillator.setRate(rate);
        return undefined;
      }),
  };
}
