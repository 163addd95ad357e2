import type { Repartition } from "../logical/repartition.ts";
import type { PlanContext } from "./context.ts";
import { Emitter } from "./emit.ts";
import { atNode } from "./node-error.ts";
import { schemaOf } from "./schema-of.ts";
import { inParens } from "./verbs.ts";

/** The DuckDB types of expressions over the input of a repartition. */
export async function bindExpressions(
  context: PlanContext,
  node: Repartition,
  expressions: readonly string[],
): Promise<string[]> {
  const input = node.inputs[0]!;
  await schemaOf(context, input);
  try {
    for (const expression of expressions) await context.parser.expressions(expression);
    const emitter = new Emitter(context, "bind");
    const name = await emitter.whole(input);
    const list = expressions.map((expression, i) => `${inParens(expression)} AS k${i}`);
    const bound = await context.connection.bind(
      emitter.statement(`SELECT ${list.join(", ")} FROM ${name}`)(0),
    );
    return bound.map((column) => column.type);
  } catch (error) {
    throw atNode(error, node);
  }
}
