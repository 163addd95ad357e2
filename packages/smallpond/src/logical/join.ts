import type { LogicalNode, NodeBase, NodeMeta } from "./node.ts";

export const JOIN_TYPES = ["inner", "left", "right", "full", "semi", "anti", "cross"] as const;
export type JoinType = (typeof JOIN_TYPES)[number];

/** Equal columns by name, pairs of expressions over the left and right frame, or a condition over `l` and `r`. */
export type JoinOn =
  | { readonly kind: "columns"; readonly columns: readonly string[] }
  | { readonly kind: "keys"; readonly left: readonly string[]; readonly right: readonly string[] }
  | { readonly kind: "condition"; readonly condition: string }
  | { readonly kind: "none" };

/** Two whole frames joined; with `partitions`, both hashed on the keys' common type and joined piece by piece. */
export interface Join extends NodeBase<"join"> {
  readonly how: JoinType;
  readonly on: JoinOn;
  /** Put after names of the right frame that the left frame has too. */
  readonly suffix: string;
  readonly partitions: number | null;
}

export function join(
  meta: NodeMeta,
  sides: { readonly left: LogicalNode; readonly right: LogicalNode },
  settings: Pick<Join, "how" | "on" | "suffix" | "partitions">,
): Join {
  return Object.freeze({ ...meta, kind: "join", inputs: [sides.left, sides.right], ...settings });
}
