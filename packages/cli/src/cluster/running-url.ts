/** A cluster that runs already is what was asked for, unless it is another one than was asked for. */
import { PondError } from "@smallpond/base";
import { differenceOf, readClusterFile, readRunning } from "@smallpond/fs-core/platform";
import type { UpFlags } from "../commands/cluster/up.ts";
import { choicesOf } from "./choices.ts";

/** Undefined when it does not run. */
export async function runningUrl(directory: string, flags: UpFlags): Promise<string | undefined> {
  const running = await readRunning(directory);
  if (running === undefined) return undefined;
  const file = await readClusterFile(directory);
  const { port } = flags;
  const difference =
    differenceOf(file, choicesOf(flags)) ??
    (port !== undefined && port !== file.minds[0]?.port ? `its port is ${file.minds[0]?.port}` : undefined) ??
    (flags.processes === true && !running.processes ? "all of it is in one process" : undefined);
  if (difference !== undefined || running.url === undefined) {
    throw new PondError("CLUSTER_RUNS", {
      kind: "conflict",
      message: `the cluster in ${directory} runs already${difference === undefined ? ", or is starting" : `, and ${difference}`}`,
      hint: `pond cluster down --dir ${directory} stops it`,
    });
  }
  return running.url;
}
