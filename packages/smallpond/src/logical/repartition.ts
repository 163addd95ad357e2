import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";
import type { PartitionSpec } from "./partition-spec.ts";

/** The same rows in other partitions. */
export interface Repartition extends NodeBase<"repartition"> {
  readonly spec: PartitionSpec;
}

export function repartition(meta: NodeMeta, input: LogicalNode, spec: PartitionSpec): Repartition {
  return Object.freeze({ ...meta, kind: "repartition", inputs: [input], spec });
}
