/** `pond job rerun JOB TASK` */
import { Command } from "commander";
import { memoryBytes, wholeNumber } from "./arguments.ts";
import { addJobOptions, type JobFlags } from "./options.ts";

export interface RerunFlags extends JobFlags {
  readonly memory?: number;
  readonly threads?: number;
  readonly keep?: string;
  readonly sql?: boolean;
}

export function rerunCommand(): Command {
  const command = new Command("rerun")
    .description("Run one failed task again, in a process of its own and with the settings it had.")
    .argument("<job>", "id, the beginning of one, or last")
    .argument("<task>", "as `pond job status` names it, such as 0-3")
    .option("--memory <size>", 'instead of what the task had, such as "4GiB"', memoryBytes)
    .option("--threads <count>", "instead of what the task had", wholeNumber)
    .option("--keep <dir>", "keep what it writes in a new folder")
    .option("--sql", "print the task's query instead");
  return addJobOptions(command)
    .addHelpText("after", "\nExample:\n  pond job rerun last 0-3 --memory 4GiB")
    .action(async (job: string, task: string, flags: RerunFlags) => {
      const { rerunTask } = await import("../../job/rerun.ts");
      await rerunTask(job, task, flags);
    });
}
