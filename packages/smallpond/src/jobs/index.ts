/**
 * The door to jobs from outside: `smallpond/jobs`. Loads no engine, so that looking at jobs is quick.
 */
import { NodeClock, NodeDisk } from "@smallpond/base/platform/node";
import { defaultDataRoot } from "../dataframe/init-options.ts";
import { environment } from "../platform/environment.ts";
import { thisMachine } from "../platform/machine.ts";
import { machineOwners, terminate } from "../platform/owners.ts";
import { rerunProcess } from "../platform/rerun-process.ts";
import type { FailedTask } from "../storage/failed-task.ts";
import type { LogLine } from "../storage/job-log.ts";
import { type JobSummary, Jobs } from "./jobs.ts";
import { type ReadLogOptions, readLog } from "./read-log.ts";
import { type RerunOptions, type RerunResult, rerunTask } from "./rerun.ts";
import { stopJob } from "./stop.ts";
import { treeBytesUpTo } from "./tree-bytes.ts";

const clock = new NodeClock();
const disk = new NodeDisk();

/** The jobs below a data root; where `init` puts them when it is not given. */
export function openJobs(dataRoot: string = defaultDataRoot(environment(), thisMachine())): Jobs {
  return new Jobs({ clock, disk, owners: machineOwners() }, { dataRoot });
}

/** The lines of a job's log; with `follow`, also those that come while it runs. */
export function logOf(
  jobs: Jobs,
  job: JobSummary,
  options: Omit<ReadLogOptions, "goesOn"> & { readonly follow?: boolean } = {},
): AsyncGenerator<LogLine[], void, undefined> {
  const { follow, ...rest } = options;
  const goesOn = async (): Promise<boolean> => (await jobs.again(job)).state === "running";
  return readLog({ clock, disk }, jobs.files(job).log, { ...rest, ...(follow ? { goesOn } : {}) });
}

/** Runs one failed task again, in a process of its own. Relative paths of the task start where its job was started. */
export async function rerun(failed: FailedTask, options: RerunOptions = {}): Promise<RerunResult> {
  const start = (task: FailedTask, limits: Parameters<typeof rerunProcess>[2], temp: string) =>
    rerunProcess(clock, task, limits, temp);
  return await rerunTask({ clock, disk, start }, failed, options);
}

/** Asks the process of a job to end and waits for it. */
export async function stop(
  jobs: Jobs,
  job: JobSummary,
  options: { readonly waitMs: number },
): Promise<JobSummary> {
  return await stopJob({ clock, terminate }, jobs, job, options);
}

/** Bytes of the files below a directory, of which so many are looked at; `whole` says whether that was all. */
export async function directoryBytes(
  path: string,
  entriesMax: number,
): Promise<{ readonly bytes: number; readonly whole: boolean }> {
  return await treeBytesUpTo(disk, path, entriesMax);
}

export type { FailedTask, TaskInput } from "../storage/failed-task.ts";
export { LOG_LEVELS, type LogLevel, type LogLine } from "../storage/job-log.ts";
export type { JobCounters, JobState, JobStatus } from "../storage/job-status.ts";
export type { JobBytes, JobSummary, Jobs, SeenState } from "./jobs.ts";
export type { RerunOptions, RerunResult } from "./rerun.ts";
