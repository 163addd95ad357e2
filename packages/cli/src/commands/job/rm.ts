/** `pond job rm JOB…` */
import { Command } from "commander";
import { durationMs } from "./arguments.ts";
import { addJobOptions, type JobFlags } from "./options.ts";

export interface RemoveFlags extends JobFlags {
  readonly failed?: boolean;
  readonly older?: number;
  readonly dryRun?: boolean;
}

export function rmCommand(): Command {
  const command = new Command("rm")
    .description(
      "Remove directories of jobs that are over. Files that jobs wrote for people are not in them.",
    )
    .argument("[jobs...]", "ids, the beginnings of some, or last")
    .option("--failed", "all that failed or died")
    .option(
      "--older <age>",
      "all that began longer ago, such as 7d or 12h; with --failed, only those",
      durationMs,
    )
    .option("--dry-run", "say what would be removed");
  return addJobOptions(command)
    .addHelpText("after", "\nExample:\n  pond job rm --older 7d --dry-run")
    .action(async (jobs: string[], flags: RemoveFlags) => {
      const { removeJobs } = await import("../../job/remove.ts");
      await removeJobs(jobs, flags);
    });
}
