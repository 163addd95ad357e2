/** Options that all commands about jobs have. */
import type { Command } from "commander";

export interface JobFlags {
  readonly dataRoot?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function addJobOptions(command: Command): Command {
  return command
    .option("--data-root <dir>", "where jobs are; SP_DATA_ROOT or ~/.smallpond/data when not given")
    .option("--json", "print JSON")
    .option("--verbose", "print stacks of errors");
}
