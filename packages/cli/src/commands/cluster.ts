/** `pond cluster …`: a whole file system on this machine. */
import { Command } from "commander";
import { downCommand } from "./cluster/down.ts";
import { statusCommand } from "./cluster/status.ts";
import { upCommand } from "./cluster/up.ts";

export function clusterCommand(): Command {
  const cluster = new Command("cluster")
    .description("Start, stop and look at a whole 3FS cluster on this machine, kept in one directory.")
    .addHelpText(
      "after",
      "\nExamples:\n  pond cluster up\n  pond cluster up --dir /data/pond --storage 5 --replicas 3 --processes" +
        "\n  pond cluster status --json\n  pond cluster down",
    );
  for (const command of [upCommand(), downCommand(), statusCommand()]) cluster.addCommand(command);
  return cluster;
}
