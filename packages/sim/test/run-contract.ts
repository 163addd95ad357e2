/** Runs a contract's cases inside simulated worlds, each case as a program on a machine of its own world. */
import type { ContractCase } from "@smallpond/base/testing";
import { type Seams, SimWorld, type WorldSettings } from "@smallpond/sim";
import { describe, test } from "vitest";

export function runContract(
  subject: string,
  contract: (current: () => Seams & { readonly world: SimWorld }) => readonly ContractCase[],
  settings: WorldSettings = {},
): void {
  let current: (Seams & { readonly world: SimWorld }) | undefined;
  const cases = contract(() => {
    if (current === undefined) throw new Error("a case runs inside a world");
    return current;
  });
  describe(subject, () => {
    for (const { name, run } of cases) {
      test(name, async () => {
        for (let seed = 0; seed < 20; seed++) {
          await inWorld(seed, settings, async (seams, world) => {
            current = { ...seams, world };
            await run();
          });
        }
      });
    }
  });
}

/** Runs one program on one machine; rejects if it does. */
export async function inWorld(
  seed: number,
  settings: WorldSettings,
  body: (seams: Seams, world: SimWorld) => Promise<void>,
): Promise<void> {
  const world = new SimWorld(seed, settings);
  await world.run(
    () =>
      new Promise((resolve, reject) => {
        world.addMachine("a").run("program", (seams) => body(seams, world).then(resolve, reject));
      }),
  );
}
