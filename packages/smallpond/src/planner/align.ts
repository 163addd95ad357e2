/** Makes the inputs of per-partition steps line up: hashes again what can be, refuses what cannot (invariant S3). */
import { assert, PondError } from "@smallpond/base";
import { type LogicalNode, type NodeMeta, topological, withInputs } from "../logical/node.ts";
import { partitionCount } from "../logical/partition-count.ts";
import { repartition } from "../logical/repartition.ts";
import type { PlanContext } from "./context.ts";
import { atNode } from "./node-error.ts";
import { type Alignment, align, describePartitioning } from "./partitioning.ts";
import { partitioningOf } from "./partitioning-of.ts";

/** The plan with a repartition put in wherever an input did not line up. */
export async function alignPartitions(
  context: PlanContext,
  root: LogicalNode,
  derive: (of: LogicalNode) => NodeMeta,
): Promise<LogicalNode> {
  const done = new Map<LogicalNode, LogicalNode>();
  // A kept frame lies there as it was computed; how people wrote what is below it no longer matters.
  const isKept = (node: LogicalNode): boolean => context.stored(node.id) !== undefined;
  for (const node of topological(root, isKept)) {
    if (isKept(node)) {
      done.set(node, node);
      continue;
    }
    const next = withInputs(
      node,
      node.inputs.map((input) => done.get(input)!),
    );
    done.set(node, isZip(next) ? await alignInputs(context, next, derive) : next);
  }
  return done.get(root)!;
}

/** Whether the node takes several divided frames partition by partition. */
function isZip(node: LogicalNode): boolean {
  if (node.kind !== "partial-sql" && !(node.kind === "join" && partitionCount(node) > 1)) return false;
  return node.inputs.filter((input) => partitionCount(input) > 1).length > 1;
}

async function alignInputs(
  context: PlanContext,
  node: LogicalNode,
  derive: (of: LogicalNode) => NodeMeta,
): Promise<LogicalNode> {
  const partitionings = [];
  for (const input of node.inputs) partitionings.push(await partitioningOf(context, input));
  const result = align(partitionings);
  if (!result.ok) {
    const lead = partitionings[result.leader]!;
    const other = partitionings[result.input]!;
    throw atNode(
      new PondError("PARTITIONING_MISMATCH", {
        kind: "invalid",
        message: `inputs {${nameOf(node, result.leader)}} and {${nameOf(node, result.input)}} cannot be taken partition by partition: ${result.reason} (${describePartitioning(lead)} against ${describePartitioning(other)})`,
        details: { leader: result.leader, input: result.input },
        hint: "repartition both with { hashBy } on the columns that should meet, or one of them with repartition(1) so that every partition sees all of it",
      }),
      node,
    );
  }
  return withInputs(
    node,
    node.inputs.map((input, i) => reshuffle(node, input, result.inputs[i]!, result.count, derive)),
  );
}

function reshuffle(
  node: LogicalNode,
  input: LogicalNode,
  alignment: Alignment,
  count: number,
  derive: (of: LogicalNode) => NodeMeta,
): LogicalNode {
  if (alignment.kind !== "reshuffle") return input;
  const { keys, types } = alignment;
  // A repartition right below is replaced, not done twice.
  const rows = input.kind === "repartition" ? input.inputs[0]! : input;
  assert(keys.length === types.length, "every hash key has a type");
  return repartition(derive(node), rows, { kind: "hash", keys, types, count });
}

function nameOf(node: LogicalNode, input: number): string {
  return node.kind === "partial-sql" ? node.names[input]! : (["left", "right"][input] ?? String(input));
}
