/** Ends a running job by asking its process. */
import { type Clock, PondError } from "@smallpond/base";
import type { Owner } from "../storage/owner.ts";
import type { JobSummary, Jobs } from "./jobs.ts";

export interface StopDeps {
  readonly clock: Clock;
  /** Sends SIGTERM; false when the process is on another host or belongs to somebody else. */
  readonly terminate: (owner: Owner) => boolean;
}

const LOOK_MS = 50;

/**
 * @throws JOB_NOT_RUNNING, JOB_OUT_OF_REACH when its process cannot be asked from here, JOB_STILL_RUNNING when it has
 *   not ended within `waitMs`.
 */
export async function stopJob(
  { clock, terminate }: StopDeps,
  jobs: Jobs,
  job: JobSummary,
  options: { readonly waitMs: number },
): Promise<JobSummary> {
  if (job.owner === null) throw notRunning(job);
  if (!terminate(job.owner)) throw outOfReach(job.owner);
  const end = clock.monotonicMs() + options.waitMs;
  for (;;) {
    const now = await jobs.again(job);
    if (now.owner === null) return now;
    if (clock.monotonicMs() >= end) throw stillRunning(job.owner, options.waitMs);
    await clock.sleep(LOOK_MS);
  }
}

function notRunning(job: JobSummary): PondError {
  return new PondError("JOB_NOT_RUNNING", {
    kind: "invalid",
    message: `job ${job.id} is not running: it is ${job.state}`,
    details: { jobId: job.id, state: job.state },
    hint: `pond job status ${job.id.slice(0, 8)} says more`,
  });
}

function outOfReach(owner: Owner): PondError {
  return new PondError("JOB_OUT_OF_REACH", {
    kind: "unavailable",
    message: `its process ${owner.pid} on ${owner.host} cannot be asked to end from here`,
    details: { ...owner },
    hint: `on ${owner.host}, as the user who runs it: kill ${owner.pid}`,
  });
}

function stillRunning(owner: Owner, waitMs: number): PondError {
  return new PondError("JOB_STILL_RUNNING", {
    kind: "unavailable",
    message: `process ${owner.pid} was asked to end and has not done so within ${waitMs / 1000} s`,
    details: { ...owner },
    hint: `look again with pond job ls; kill -9 ${owner.pid} ends it without a word`,
  });
}
