import type { LogicalNode, NodeMeta } from "../logical/node.ts";

export interface RuleContext {
  /** Whether the node was computed already, so that its partitions and rows are there to be read. */
  isStored(node: LogicalNode): boolean;
  /** How the result is looked at: rows only, rows in order, or one file per partition. */
  readonly observe: "rows" | "order" | "partitions";
  readonly root: LogicalNode;
  /**
   * A number and an origin for a node that stands for a part of `of`. With the part's name it is the same number in
   * every plan, so that rows dealt once are found again and not dealt anew.
   */
  derive(of: LogicalNode, part?: string): NodeMeta;
}

/** One rewrite: another node for the same rows, or the node itself. Inputs were rewritten before. */
export interface Rule {
  readonly name: string;
  apply(node: LogicalNode, context: RuleContext): LogicalNode;
}
