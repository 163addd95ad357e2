/** `pond job stop JOB` */
import { Command } from "commander";
import { wholeNumber } from "./arguments.ts";
import { addJobOptions, type JobFlags } from "./options.ts";

export interface StopFlags extends JobFlags {
  readonly wait: number;
}

export function stopCommand(): Command {
  const command = new Command("stop")
    .description("Ask a running job to end, and wait until it has.")
    .argument("<job>", "id, the beginning of one, or last")
    .option("--wait <seconds>", "how long to wait", wholeNumber, 10);
  return addJobOptions(command)
    .addHelpText("after", "\nExample:\n  pond job stop last")
    .action(async (job: string, flags: StopFlags) => {
      const { stopJob } = await import("../../job/stop.ts");
      await stopJob(job, flags);
    });
}
