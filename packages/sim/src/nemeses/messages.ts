/** Messages lost, doubled and overtaken inside streams, where a protocol says how its stream is cut into frames. */
import type { FrameFaults } from "../net/frame-faults.ts";
import type { Nemesis } from "../scenario/scenario.ts";
import { type NemesisTiming, strikeOften } from "./partitions.ts";

export function badMessages(frameBytes: FrameFaults["frameBytes"], timing: NemesisTiming): Nemesis {
  return {
    name: "bad messages",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        world.fabric.setFrameFaults({
          frameBytes,
          lossShare: random.next() * 0.3,
          duplicateShare: random.next() * 0.3,
          reorderShare: random.next() * 0.3,
        });
        return () => world.fabric.setFrameFaults(undefined);
      }),
  };
}
