/** `status.json`: what a job does now, or how it ended. Written whole about once a second, and at the end. */
import type { Disk } from "@smallpond/base";
import { readJson } from "./json-file.ts";

/** How a job says it stands. Its readers add `died` for one that says `running` and is not there any more. */
export type JobState = "running" | "done" | "failed" | "interrupted";

export interface JobStatus {
  readonly jobId: string;
  readonly jobName: string;
  readonly state: JobState;
  /** Times are ISO text in UTC. */
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly endedAt: string | null;
  readonly host: string;
  readonly pid: number;
  /** What runs now, or ran last. */
  readonly action: string | null;
  readonly stage: {
    readonly id: number;
    readonly name: string;
    readonly tasks: number;
    readonly done: number;
  } | null;
  readonly counters: JobCounters;
  /** Ids of tasks that failed for good, for `pond job rerun`. */
  readonly failedTasks: readonly string[];
  /** What the first failed action failed with. */
  readonly error: { readonly code: string | null; readonly message: string } | null;
}

export interface JobCounters {
  readonly actions: number;
  readonly actionsFailed: number;
  readonly stages: number;
  readonly stagesDone: number;
  /** Of the stages that have begun. */
  readonly tasks: number;
  readonly tasksDone: number;
  readonly attemptsFailed: number;
  /** Written by tasks. */
  readonly rows: number;
  readonly bytes: number;
}

/** The status, or undefined where there is none: the job staged nothing yet. */
export async function readStatus(disk: Disk, path: string): Promise<JobStatus | undefined> {
  return await readJson<JobStatus>(disk, path);
}
