/** `pond job …`: jobs that run or ran on this machine. */
import { Command } from "commander";
import { logsCommand } from "./job/logs.ts";
import { lsCommand } from "./job/ls.ts";
import { rerunCommand } from "./job/rerun.ts";
import { rmCommand } from "./job/rm.ts";
import { statusCommand } from "./job/status.ts";
import { stopCommand } from "./job/stop.ts";

export function jobCommand(): Command {
  const job = new Command("job")
    .description("Look at jobs, run a failed task again, stop and remove them.")
    .addHelpText(
      "after",
      "\nA job is named by its id, a beginning of it that no other has, or `last`." +
        "\n\nExamples:\n  pond job ls\n  pond job status last",
    );
  const commands = [lsCommand(), statusCommand(), logsCommand(), rerunCommand(), stopCommand(), rmCommand()];
  for (const command of commands) job.addCommand(command);
  return job;
}
