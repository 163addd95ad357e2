/** `running.json`: the process that runs a cluster, for commands that look at it or stop it; and whether it ever ran. */
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
  /** Of services in this process the pid is its own. */
  readonly services: readonly { readonly name: string; readonly node: number; readonly pid: number }[];
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

/** All targets of the cluster were there once. */
export async function markFormatted(directory: string): Promise<void> {
  if (await isFormatted(directory)) return;
  await writePrivateFile(join(directory, "formatted"), "all targets were made\n");
}

export async function isFormatted(directory: string): Promise<boolean> {
  return (await readTextFile(join(directory, "formatted"))) !== undefined;
}

function pathIn(directory: string): string {
  return join(directory, "running.json");
}
