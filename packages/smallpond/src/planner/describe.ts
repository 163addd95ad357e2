/** A node in one line, for errors and `explain()`. */

import type { LogicalNode } from "../logical/node.ts";
import { describeSpec } from "../logical/partition-spec.ts";
import { WRITE_VERBS } from "../logical/write.ts";

export function describeNode(node: LogicalNode): string {
  switch (node.kind) {
    case "parquet-scan":
      return `readParquet(${paths(node.paths)})`;
    case "csv-scan":
      return `readCsv(${paths(node.paths)})`;
    case "json-scan":
      return `readJson(${paths(node.paths)})`;
    case "values":
      return node.label;
    case "filter":
      return `filter(${short(node.condition)})`;
    case "project":
      return `select(${short(node.list)})`;
    case "with-columns":
      return `withColumns(${Object.keys(node.columns).join(", ")})`;
    case "drop":
      return `drop(${node.columns.join(", ")})`;
    case "rename":
      return `rename(${Object.entries(node.names)
        .map(([from, to]) => `${from} → ${to}`)
        .join(", ")})`;
    case "aggregate": {
      const keys = node.keys.map((key) => key.name ?? key.expression);
      return `groupBy(${keys.join(", ")}).agg(${Object.keys(node.aggregates).join(", ")})`;
    }
    case "join":
      return `join(${node.how}${node.partitions === null ? "" : `, ${node.partitions} partitions`})`;
    case "sort":
      return `sort(${node.keys.join(", ")}${node.partitions === null ? "" : `; ${node.partitions} partitions`})`;
    case "distinct":
      return node.on === null ? "distinct()" : `distinct(${node.on.join(", ")})`;
    case "union":
      return `union(${node.inputs.length} frames)`;
    case "limit":
      return `limit(${node.count})`;
    case "sql":
      return `sql(${short(node.query)})`;
    case "partial-sql":
      return `partialSql(${short(node.query)})`;
    case "repartition":
      return `repartition(${describeSpec(node.spec)})`;
    case "partial-sort":
      return `partialSort(${node.keys.join(", ")})`;
    case "random-shuffle":
      return "randomShuffle()";
    case "function":
      return `${FORMS[node.form]}(${node.functionName})`;
    case "write":
      return `${WRITE_VERBS[node.spec.format.kind]}(${node.spec.path})`;
    default:
      return node satisfies never;
  }
}

const FORMS = { map: "map", "flat-map": "flatMap", filter: "filter", batches: "mapBatches" } as const;
const TEXT_MAX = 100;

function short(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length <= TEXT_MAX ? line : `${line.slice(0, TEXT_MAX - 1)}…`;
}

function paths(list: readonly string[]): string {
  return list.length === 1 ? list[0]! : `${list[0]!} and ${list.length - 1} more`;
}
