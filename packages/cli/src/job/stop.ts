/** Asks a running job to end. */
import { stop } from "smallpond/jobs";
import type { StopFlags } from "../commands/job/stop.ts";
import { jsonText } from "../output/json-text.ts";
import { jobsOf } from "./open.ts";
import { shortId } from "./text.ts";

export async function stopJob(reference: string, flags: StopFlags): Promise<void> {
  const jobs = jobsOf(flags);
  const stopped = await stop(jobs, await jobs.find(reference), { waitMs: flags.wait * 1_000 });
  console.log(flags.json ? jsonText(stopped) : `${shortId(stopped)} ended: ${stopped.state}`);
}
