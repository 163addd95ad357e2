/** The program: its commands, and how an error becomes a message and an exit code. */
import { isPondError } from "@smallpond/base";
import { Command, CommanderError } from "commander";
import { adminCommand } from "./commands/admin.ts";
import { clusterCommand } from "./commands/cluster.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { fsCommand } from "./commands/fs.ts";
import { jobCommand } from "./commands/job.ts";
import { runCommand } from "./commands/run.ts";
import { serveCommand } from "./commands/serve.ts";
import { sqlCommand } from "./commands/sql.ts";
import { errorText, isVerbose } from "./output/error-text.ts";
import { EXIT_FAILURE, EXIT_USAGE } from "./output/exit-codes.ts";
import { pondVersion } from "./version.ts";

/** Runs the command line with its arguments, without `node` and the program's name, and sets the exit code. */
export async function pond(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], { from: "user" });
  } catch (error) {
    process.exitCode = failed(error, args);
  }
}

function program(): Command {
  const pond = new Command("pond")
    .description(
      "DataFrames over DuckDB and a distributed file system, from one machine up: run jobs, query files, run clusters.",
    )
    .version(pondVersion())
    .addHelpText("after", "\nExample:\n  pond sql \"SELECT count(*) FROM 'flights.parquet'\"");
  const commands = [
    ...[runCommand(), sqlCommand(), jobCommand()],
    ...[clusterCommand(), serveCommand(), fsCommand(), adminCommand(), doctorCommand()],
  ];
  for (const command of commands) pond.addCommand(command);
  for (const command of [pond, ...pond.commands, ...pond.commands.flatMap((one) => one.commands)])
    command.exitOverride().showHelpAfterError("(--help says more)");
  return pond;
}

function failed(error: unknown, args: readonly string[]): number {
  // Commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  console.error(errorText(error, { verbose: isVerbose({ verbose: args.includes("--verbose") }) }));
  return isPondError(error, "BAD_USAGE") ? EXIT_USAGE : EXIT_FAILURE;
}
