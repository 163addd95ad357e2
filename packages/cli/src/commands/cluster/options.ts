/** Options that all commands about a cluster of this machine have. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";

export interface ClusterFlags {
  readonly dir?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function addClusterOptions(command: Command): Command {
  return command
    .option("--dir <dir>", "where the cluster is; POND_CLUSTER_DIR or ~/.local/share/pond/cluster by default")
    .option("--json", "print JSON")
    .option("--verbose", "print stacks of errors");
}

export function directoryOf({ dir }: ClusterFlags): string {
  const { POND_CLUSTER_DIR, XDG_DATA_HOME } = process.env;
  if (dir !== undefined) return resolve(dir);
  if (POND_CLUSTER_DIR) return resolve(POND_CLUSTER_DIR);
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "pond", "cluster");
}
