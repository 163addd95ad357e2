/** Removes directories of jobs that are over. */
import { formatBytes, PondError } from "@smallpond/base";
import type { JobSummary, Jobs } from "smallpond/jobs";
import type { RemoveFlags } from "../commands/job/rm.ts";
import { jsonText } from "../output/json-text.ts";
import { jobsOf } from "./open.ts";
import { shortId, timeText } from "./text.ts";

export async function removeJobs(references: readonly string[], flags: RemoveFlags): Promise<void> {
  const jobs = jobsOf(flags);
  const removed: { readonly id: string; readonly directory: string; readonly bytes: number }[] = [];
  for (const job of await chosen(jobs, references, flags)) {
    const bytes = (await jobs.bytes(job)).total;
    if (!flags.dryRun) await jobs.remove(job);
    removed.push({ id: job.id, directory: job.directory, bytes });
    const line = `${shortId(job)}  ${job.state}  ${timeText(job.startedAt)}  ${formatBytes(bytes)}`;
    if (!flags.json) console.log(line);
  }
  if (flags.json) {
    console.log(jsonText(removed));
    return;
  }
  const bytes = removed.reduce((sum, one) => sum + one.bytes, 0);
  console.error(`${removed.length} jobs, ${formatBytes(bytes)} ${flags.dryRun ? "would be " : ""}removed`);
}

async function chosen(jobs: Jobs, references: readonly string[], flags: RemoveFlags): Promise<JobSummary[]> {
  const filtered = flags.failed === true || flags.older !== undefined;
  if (filtered === references.length > 0) throw whichOnes(filtered);
  if (!filtered) return await Promise.all(references.map((reference) => jobs.find(reference)));
  const before = flags.older === undefined ? Number.POSITIVE_INFINITY : Date.now() - flags.older;
  return (await jobs.list()).filter(
    (job) =>
      job.state !== "running" &&
      (!flags.failed || job.state === "failed" || job.state === "died") &&
      Date.parse(job.startedAt) < before,
  );
}

function whichOnes(both: boolean): PondError {
  return new PondError("BAD_USAGE", {
    kind: "invalid",
    message: both ? "name jobs, or choose them by --failed and --older, not both" : "which jobs?",
    hint: "pond job rm --older 7d --dry-run shows what that would remove",
  });
}
