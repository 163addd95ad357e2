import type { LogicalNode } from "./node.ts";

/** How many partitions a frame has. Known from the plan alone. */
export function partitionCount(node: LogicalNode): number {
  switch (node.kind) {
    case "repartition":
      return node.spec.count;
    case "write":
      return node.spec.singleFile ? 1 : partitionCount(node.inputs[0]!);
    case "join":
    case "sort":
      return node.partitions ?? 1;
    case "partial-sql":
      return node.inputs.map(partitionCount).find((count) => count > 1) ?? 1;
    case "filter":
    case "project":
    case "with-columns":
    case "drop":
    case "rename":
    case "partial-sort":
    case "random-shuffle":
    case "function":
      return partitionCount(node.inputs[0]!);
    case "parquet-scan":
    case "csv-scan":
    case "json-scan":
    case "values":
    case "aggregate":
    case "distinct":
    case "union":
    case "limit":
    case "sql":
      return 1;
    default:
      return node satisfies never;
  }
}
