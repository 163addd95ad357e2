/** Going through a syntax tree without knowing what it is made of. */
import type { AnyNode } from "acorn";

/** The parts of a node. */
export function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node).flat().filter(isNode);
}

/**
 * Calls `enter` for a node and everything below it, with the nodes above, outermost first; that list is only valid
 * during the call. False leaves out what is below.
 */
export function walk(
  node: AnyNode,
  enter: (node: AnyNode, above: readonly AnyNode[]) => boolean | undefined,
): void {
  const above: AnyNode[] = [];
  const visit = (next: AnyNode): void => {
    if (enter(next, above) === false) return;
    above.push(next);
    for (const child of childrenOf(next)) visit(child);
    above.pop();
  };
  visit(node);
}

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
  );
}
