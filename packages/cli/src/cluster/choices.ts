/** Flags as a new cluster is described. */
import type { ClusterChoices } from "@smallpond/fs-core/platform";
import type { UpFlags } from "../commands/cluster/up.ts";

export function choicesOf({ storage, replicas, port, targets, durability }: UpFlags): ClusterChoices {
  return { storage, replicas, port, targetsPerNode: targets, durability };
}
