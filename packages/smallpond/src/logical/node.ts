/** The plan people build: an immutable graph of nodes, one kind per file, tagged by `kind`. */
import type { Aggregate } from "./aggregate.ts";
import type { CsvScan } from "./csv-scan.ts";
import type { Distinct } from "./distinct.ts";
import type { Drop } from "./drop.ts";
import type { Filter } from "./filter.ts";
import type { FunctionNode } from "./function.ts";
import type { Join } from "./join.ts";
import type { JsonScan } from "./json-scan.ts";
import type { Limit } from "./limit.ts";
import type { Origin } from "./origin.ts";
import type { ParquetScan } from "./parquet-scan.ts";
import type { PartialSort } from "./partial-sort.ts";
import type { PartialSql } from "./partial-sql.ts";
import type { Project } from "./project.ts";
import type { RandomShuffle } from "./random-shuffle.ts";
import type { Rename } from "./rename.ts";
import type { Repartition } from "./repartition.ts";
import type { Sort } from "./sort.ts";
import type { Sql } from "./sql.ts";
import type { Union } from "./union.ts";
import type { Values } from "./values.ts";
import type { WithColumns } from "./with-columns.ts";
import type { Write } from "./write.ts";

/** Unique within a session. A rewritten node keeps its number, because it still stands for the same rows. */
export type NodeId = number;

export interface NodeMeta {
  readonly id: NodeId;
  readonly origin: Origin;
}

export interface NodeBase<K extends string> extends NodeMeta {
  readonly kind: K;
  readonly inputs: readonly LogicalNode[];
}

export type SourceNode = ParquetScan | CsvScan | JsonScan | Values;

/** Verbs that look at one row at a time: they commute with every partitioning. */
export type RowWiseNode = Filter | Project | WithColumns | Drop | Rename;

/** Verbs over a whole frame: their result is one partition. */
export type GlobalNode = Aggregate | Join | Sort | Distinct | Union | Limit | Sql;

/** Verbs that see or make partitions. */
export type PartitionNode = Repartition | PartialSql | PartialSort | RandomShuffle;

export type LogicalNode = SourceNode | RowWiseNode | GlobalNode | PartitionNode | FunctionNode | Write;

export type FileScan = ParquetScan | CsvScan | JsonScan;

export function isRowWise(node: LogicalNode): node is RowWiseNode {
  switch (node.kind) {
    case "filter":
    case "project":
    case "with-columns":
    case "drop":
    case "rename":
      return true;
    default:
      return false;
  }
}

export function isFileScan(node: LogicalNode): node is FileScan {
  return node.kind === "parquet-scan" || node.kind === "csv-scan" || node.kind === "json-scan";
}

/** The same node over other inputs. Returns the node itself when nothing changed. */
export function withInputs<N extends LogicalNode>(node: N, inputs: readonly LogicalNode[]): N {
  if (inputs.every((input, i) => input === node.inputs[i])) return node;
  return Object.freeze({ ...node, inputs }) as unknown as N;
}

/** Every node of the graph once, inputs before the nodes that use them. What is below a leaf is left out. */
export function topological(
  root: LogicalNode,
  isLeaf: (node: LogicalNode) => boolean = () => false,
): LogicalNode[] {
  const seen = new Set<LogicalNode>();
  const order: LogicalNode[] = [];
  const stack: { node: LogicalNode; next: number }[] = [{ node: root, next: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const input = isLeaf(top.node) ? undefined : top.node.inputs[top.next++];
    if (input !== undefined) {
      if (!seen.has(input)) stack.push({ node: input, next: 0 });
    } else {
      stack.pop();
      if (!seen.has(top.node)) {
        seen.add(top.node);
        order.push(top.node);
      }
    }
  }
  return order;
}
