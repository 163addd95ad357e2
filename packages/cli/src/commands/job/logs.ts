/** `pond job logs [JOB]` */
import { Command, Option } from "commander";
import { addJobOptions, type JobFlags } from "./options.ts";

export interface LogFlags extends JobFlags {
  readonly follow?: boolean;
  readonly level: "debug" | "info" | "warn" | "error";
}

export function logsCommand(): Command {
  const command = new Command("logs")
    .description("Print a job's log.")
    .argument("[job]", "id, the beginning of one, or last", "last")
    .option("-f, --follow", "go on while the job runs")
    .addOption(
      new Option("--level <level>", "leave out lines below it; debug has a line per task")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    );
  return addJobOptions(command)
    .addHelpText("after", "\nExample:\n  pond job logs last --follow --level debug")
    .action(async (job: string, flags: LogFlags) => {
      const { showLog } = await import("../../job/logs.ts");
      await showLog(job, flags);
    });
}
