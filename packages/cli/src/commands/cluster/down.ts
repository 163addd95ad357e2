/** `pond cluster down` */
import { Command } from "commander";
import { addClusterOptions, type ClusterFlags } from "./options.ts";

export function downCommand(): Command {
  const command = new Command("down").description(
    "Stop a cluster of this machine in order. Its data stays: pond cluster up goes on with it.",
  );
  return addClusterOptions(command)
    .addHelpText("after", "\nExample:\n  pond cluster down --dir /data/pond")
    .action(async (flags: ClusterFlags) => {
      const { clusterDown } = await import("../../cluster/down.ts");
      await clusterDown(flags);
    });
}
