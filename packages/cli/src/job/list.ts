/** Prints the jobs there are. */
import type { JobSummary } from "smallpond/jobs";
import type { JobFlags } from "../commands/job/options.ts";
import { jsonText } from "../output/json-text.ts";
import { onReaderGone } from "../output/write-out.ts";
import { jobsOf } from "./open.ts";
import { columns, durationText, shortId, timeText, writtenText } from "./text.ts";

const SHOWN_MAX = 30;

export async function listJobs(flags: JobFlags & { readonly all?: boolean }): Promise<void> {
  onReaderGone();
  const jobs = jobsOf(flags);
  const all = await jobs.list();
  if (flags.json) {
    console.log(jsonText(all));
    return;
  }
  if (all.length === 0) {
    console.error(`there is no job in ${jobs.dataRoot}`);
    return;
  }
  const shown = flags.all ? all : all.slice(0, SHOWN_MAX);
  console.log(columns(["job", "name", "state", "started", "time", "tasks", "written"], shown.map(cells)));
  if (shown.length < all.length) console.error(`${all.length - shown.length} more: --all lists them`);
}

function cells(job: JobSummary): string[] {
  const { counters } = job.status ?? {};
  return [
    shortId(job),
    job.name,
    job.state,
    timeText(job.startedAt),
    durationText(job.seconds),
    counters === undefined ? "" : `${counters.tasksDone}/${counters.tasks}`,
    counters === undefined ? "" : writtenText(counters),
  ];
}
