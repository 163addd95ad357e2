/** Going through a syntax tree without knowing what it is made of. */
import type { AnyNode } from "acorn";

/** The parts of a node. Written out, because programs have millions. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const key of Object.keys(node)) {
    const value = (node as unknown as Readonly<Record<string, unknown>>)[key];
    if (!Array.isArray(value)) {
      if (isNode(value)) children.push(value);
      continue;
    }
    for (const part of value as readonly unknown[]) if (isNode(part)) children.push(part);
  }
  return children;
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
