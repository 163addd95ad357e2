/** The columns of a node, learnt by binding its SQL. */
import type { BoundSchema } from "../duckdb/database.ts";
import type { LogicalNode } from "../logical/node.ts";
import type { PlanContext } from "./context.ts";
import { Emitter } from "./emit.ts";
import { atNode } from "./node-error.ts";

export function schemaOf(context: PlanContext, node: LogicalNode): Promise<BoundSchema> {
  let schema = context.schemas.get(node.id);
  if (schema === undefined) {
    schema = bindNode(context, node);
    context.schemas.set(node.id, schema);
    // A failed binding is reported to whoever asked, and asked for anew.
    schema.catch(() => context.schemas.delete(node.id));
  }
  return schema;
}

async function bindNode(context: PlanContext, node: LogicalNode): Promise<BoundSchema> {
  // Inputs first: an error then belongs to the first step that is wrong, not to the last that suffers from it.
  for (const input of node.inputs) await schemaOf(context, input);
  try {
    const emitter = new Emitter(context, "bind");
    const name = await emitter.whole(node);
    return await context.connection.bind(emitter.statement(`SELECT * FROM ${name}`)(0));
  } catch (error) {
    throw atNode(error, node);
  }
}
