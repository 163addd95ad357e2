/** Links that are slow, lossy or narrow, each direction by itself. */
import type { Nemesis } from "../scenario/scenario.ts";
import { type NemesisTiming, pick, strikeOften } from "./partitions.ts";

export function badLinks(machines: readonly string[], timing: NemesisTiming): Nemesis {
  return {
    name: "bad links",
    run: (arena) =>
      strikeOften(arena, timing, () => {
        const { random, world } = arena;
        const route = { from: pick(random, machines), to: pick(random, machines) };
        const good = world.fabric.link(route);
        const bad = pick(random, [
          { delayMs: 5 + random.next() * 200, jitterMs: random.next() * 100 },
          { lossShare: random.next() * 0.5, duplicateShare: random.next() * 0.3 },
          { bytesPerMs: 1 + random.next() * 100 },
        ]);
        world.fabric.setLink(route, bad);
        return () => world.fabric.setLink(route, good);
      }),
  };
}
