/** Cuts between machines: one machine alone, two groups, or one direction only. */
import type { Random } from "@smallpond/base";
import type { Route } from "../net/fabric.ts";
import type { Arena, Nemesis } from "../scenario/scenario.ts";

export interface NemesisTiming {
  /** Mean time between two strikes, and how long one lasts. */
  readonly quietMs: number;
  readonly strikeMs: number;
}

/** Several may work on different groups of machines: give each a name of its own. */
export function partitions(
  machines: readonly string[],
  timing: NemesisTiming,
  name: string = "partitions",
): Nemesis {
  return {
    name,
    async run(arena) {
      while (!arena.phase.healed) {
        await arena.sleep(around(arena.random, timing.quietMs));
        const cuts = drawCuts(arena.random, machines);
        for (const route of cuts) arena.world.fabric.cut(route);
        await arena.sleep(around(arena.random, timing.strikeMs));
        for (const route of cuts) arena.world.fabric.mend(route);
      }
    },
  };
}

/** Between nothing and twice the mean. */
export function around(random: Random, meanMs: number): number {
  return 2 * meanMs * random.next();
}

/** One of several. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.int(from.length)]!;
}

/** Waits a while, strikes, waits, mends, and so on. Most nemeses are this with two functions. */
export async function strikeOften(
  arena: Arena,
  timing: NemesisTiming,
  strike: () => (() => void) | undefined,
): Promise<void> {
  while (!arena.phase.healed) {
    await arena.sleep(around(arena.random, timing.quietMs));
    if (arena.phase.healed) return;
    const mend = strike();
    if (mend === undefined) continue;
    await arena.sleep(around(arena.random, timing.strikeMs));
    mend();
  }
}

function drawCuts(random: Random, machines: readonly string[]): readonly Route[] {
  const kind = pick(random, ["alone", "alone", "groups", "one way", "one link"] as const);
  const victim = pick(random, machines);
  const left = machines.filter((name) => (kind === "groups" ? random.next() < 0.5 : name === victim));
  const right = machines.filter((name) => !left.includes(name));
  const one = pick(random, right.length > 0 ? right : machines);
  const there = left.flatMap((from) => (kind === "one link" ? [one] : right).map((to) => ({ from, to })));
  const back = there.map(({ from, to }) => ({ from: to, to: from }));
  if (kind !== "one way") return [...there, ...back];
  return random.next() < 0.5 ? there : back;
}
