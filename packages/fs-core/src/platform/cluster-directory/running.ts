/** `running.json`: the process that runs a cluster, for commands that look at it or stop it. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isDirectoryLocked } from "./directory-lock.ts";
import { readTextFile, writePrivateFile } from "./private-file.ts";

export interface RunningCluster {
  readonly pid: number;
  /** `3fs://…`; missing while it is starting. */
  readonly url?: string | undefined;
  readonly processes: boolean;
  /** Wall clock. */
  readonly startedMs: number;
}

export async function writeRunning(directory: string, running: RunningCluster): Promise<void> {
  await writePrivateFile(pathIn(directory), `${JSON.stringify(running)}\n`);
}

export async function removeRunning(directory: string): Promise<void> {
  await rm(pathIn(directory), { force: true });
}

/** Undefined when nobody runs it: what a killed process left does not count. */
export async function readRunning(directory: string): Promise<RunningCluster | undefined> {
  if (!(await isDirectoryLocked(directory))) return undefined;
  const text = await readTextFile(pathIn(directory));
  return text === undefined ? undefined : (JSON.parse(text) as RunningCluster);
}

function pathIn(directory: string): string {
  return join(directory, "running.json");
}
