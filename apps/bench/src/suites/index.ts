/** Every suite by its name, loaded when it is asked for: a side's process holds only what its own suite needs. */
import type { Suite } from "../harness/benchmark.ts";

const SUITES: ReadonlyMap<string, () => Promise<Suite>> = new Map([
  ["smallpond", async () => (await import("./smallpond/index.ts")).smallpondSuite],
  ["functions", async () => (await import("./functions/index.ts")).functionsSuite],
  ["native", async () => (await import("./native/index.ts")).nativeSuite],
  ["fs", async () => (await import("./fs/index.ts")).fsSuite],
  ["fs-peers", async () => (await import("./fs-peers/index.ts")).fsPeersSuite],
  ["meta", async () => (await import("./meta/index.ts")).metaSuite],
  ["meta-growth", async () => (await import("./meta/index.ts")).metaGrowthSuite],
  ["peers", async () => (await import("./peers/index.ts")).peersSuite],
]);

export async function loadSuite(name: string): Promise<Suite> {
  const load = SUITES.get(name);
  if (load === undefined) {
    throw new Error(`there is no suite ${name}; there are ${[...SUITES.keys()].join(", ")}`);
  }
  return await load();
}
