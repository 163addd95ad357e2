/** `pond job status [JOB]` */
import { Command } from "commander";
import { addJobOptions, type JobFlags } from "./options.ts";

export function statusCommand(): Command {
  const command = new Command("status")
    .description("Say how a job stands, what failed and how to run that again, and what its directory holds.")
    .argument("[job]", "id, the beginning of one, or last", "last");
  return addJobOptions(command)
    .addHelpText("after", "\nExample:\n  pond job status 3f2a")
    .action(async (job: string, flags: JobFlags) => {
      const { showStatus } = await import("../../job/status.ts");
      await showStatus(job, flags);
    });
}
