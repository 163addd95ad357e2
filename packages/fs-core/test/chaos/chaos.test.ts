import { createRequire } from "node:module";
import { NodeDisk } from "@smallpond/base/platform/node";
import { serveCluster } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";
import { chaos } from "./chaos.ts";

/** `POND_CHAOS_SECONDS=300` is the long mode; `POND_CHAOS_SEED` chooses who is struck when. */
const SECONDS = Number(process.env.POND_CHAOS_SECONDS ?? 20);
const SEED = Number(process.env.POND_CHAOS_SEED ?? 1);
/** Processes of tests run from source. */
const FROM_SOURCE: readonly string[] = [
  "--no-warnings",
  "-C",
  "@smallpond/source",
  "--import",
  createRequire(import.meta.url).resolve("tsx"),
];

test(
  "three replicas in processes that are killed and stopped keep every acknowledged byte, and become whole again",
  async () => {
    await using place = await new NodeDisk().tempDirectory();
    await using cluster = await serveCluster({
      directory: `${place.path}/cluster`,
      choices: { storage: 3, replicas: 3, minds: 2, port: 0 },
      processes: true,
      nodeArguments: FROM_SOURCE,
    });
    const settings = { seed: SEED, ms: SECONDS * 1000, clients: 3, blows: true };
    const tally = await chaos(cluster, settings);
    console.log(tally.text());
    expect(tally.complaints).toEqual([]);
    expect(tally.blows.size).toBeGreaterThan(0);
    expect(tally.bytesRead).toBeGreaterThan(0);
  },
  (SECONDS + 240) * 1000,
);
