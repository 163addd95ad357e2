/** `pond cluster status` */
import { Command } from "commander";
import { addClusterOptions, type ClusterFlags } from "./options.ts";

export function statusCommand(): Command {
  const command = new Command("status").description(
    "Say how a cluster of this machine stands: nodes, targets, chains, space and versions. Fails when it does not run.",
  );
  return addClusterOptions(command)
    .addHelpText("after", "\nExamples:\n  pond cluster status\n  pond cluster status --json | jq .strength")
    .action(async (flags: ClusterFlags) => {
      const { showCluster } = await import("../../cluster/status.ts");
      await showCluster(flags);
    });
}
