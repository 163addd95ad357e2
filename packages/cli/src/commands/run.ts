/** `pond run job.ts [-- args]` */
import { Command } from "commander";
import { isVerbose } from "../output/error-text.ts";

interface RunFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function runCommand(): Command {
  return new Command("run")
    .description("Run a TypeScript or JavaScript job, in any folder and with top-level await.")
    .argument("<script>", "the job: .ts .mts .cts .js .mjs .cjs")
    .argument("[args...]", "arguments of the job, after --")
    .option("--json", "print one JSON object at the end; the job's own output goes to standard error")
    .option("--verbose", "print stacks of errors")
    .addHelpText("after", "\nExample:\n  pond run job.ts -- --year 2024")
    .action(async (script: string, args: string[], flags: RunFlags) => {
      const { Job } = await import("../run/job.ts");
      await new Job(script, { json: flags.json ?? false, verbose: isVerbose(flags) }).run(args);
    });
}
