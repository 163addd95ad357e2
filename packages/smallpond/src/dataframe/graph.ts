/** Frames as a Mermaid flowchart. */
import { type LogicalNode, topological } from "../logical/node.ts";
import { describeNode } from "../planner/describe.ts";

export function mermaid(roots: readonly LogicalNode[]): string {
  const nodes = new Map<number, LogicalNode>();
  for (const root of roots) for (const node of topological(root)) nodes.set(node.id, node);
  const lines = ["flowchart TD"];
  for (const node of nodes.values()) {
    lines.push(`  n${node.id}["${describeNode(node).replaceAll('"', "#quot;")}"]`);
    for (const input of node.inputs) lines.push(`  n${input.id} --> n${node.id}`);
  }
  return `${lines.join("\n")}\n`;
}

/** A node and what is below it, indented; what was shown before is named by its number. */
export function tree(root: LogicalNode, note: (node: LogicalNode) => string): string {
  const seen = new Set<number>();
  const lines: string[] = [];
  const visit = (node: LogicalNode, depth: number): void => {
    const again = seen.has(node.id);
    seen.add(node.id);
    lines.push(`${"  ".repeat(depth)}${describeNode(node)}${note(node)}${again ? "  (see above)" : ""}`);
    if (!again) for (const input of node.inputs) visit(input, depth + 1);
  };
  visit(root, 0);
  return lines.join("\n");
}
