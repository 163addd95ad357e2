/** The jobs that a command is about. */
import { resolve } from "node:path";
import { type Jobs, openJobs } from "smallpond/jobs";
import type { JobFlags } from "../commands/job/options.ts";

export function jobsOf(flags: JobFlags): Jobs {
  // Said in full, so that hints and paths hold from anywhere.
  return openJobs(flags.dataRoot === undefined ? undefined : resolve(flags.dataRoot));
}
