/** `pond job ls` */
import { Command } from "commander";
import { addJobOptions, type JobFlags } from "./options.ts";

export function lsCommand(): Command {
  const command = new Command("ls")
    .description("List jobs, newest first.")
    .option("--all", "list all of them");
  return addJobOptions(command)
    .addHelpText("after", "\nExample:\n  pond job ls --json")
    .action(async (flags: JobFlags & { readonly all?: boolean }) => {
      const { listJobs } = await import("../../job/list.ts");
      await listJobs(flags);
    });
}
