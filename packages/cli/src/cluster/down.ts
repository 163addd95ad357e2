/** Stops a cluster of this machine, and waits until it has ended. */

import { PondError } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { isDirectoryLocked, readClusterFile, readRunning } from "@smallpond/fs-core/platform";
import { type ClusterFlags, directoryOf } from "../commands/cluster/options.ts";
import { jsonText } from "../output/json-text.ts";

const WAIT_MS = 60_000;
const LOOK_MS = 50;

export async function clusterDown(flags: ClusterFlags): Promise<void> {
  const directory = directoryOf(flags);
  // Refused where there is no cluster at all.
  await readClusterFile(directory);
  const running = await readRunning(directory);
  if (running !== undefined) {
    askToEnd(running.pid);
    await ended(directory, running.pid);
  }
  const stopped = running !== undefined;
  if (flags.json === true) console.log(jsonText({ directory, stopped }));
  else
    console.error(
      stopped ? `stopped the cluster in ${directory}` : `the cluster in ${directory} does not run`,
    );
}

function askToEnd(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    // Ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function ended(directory: string, pid: number): Promise<void> {
  const clock = new NodeClock();
  const untilMs = clock.monotonicMs() + WAIT_MS;
  while (await isDirectoryLocked(directory)) {
    if (clock.monotonicMs() >= untilMs) {
      throw new PondError("CLUSTER_STAYS", {
        kind: "unavailable",
        message: `the cluster in ${directory} has not ended within ${WAIT_MS / 1000} s`,
        hint: `look into ${directory}/logs; kill -9 ${pid} ends it, and loses nothing that was acknowledged`,
      });
    }
    await clock.sleep(LOOK_MS);
  }
}
