/** The function verbs of a frame: what was given is registered with the session and becomes a node. */
import type { FunctionForm } from "../functions/spec.ts";
import { type FunctionNode, functionNode } from "../logical/function.ts";
import type { LogicalNode } from "../logical/node.ts";
import type { FrameHost } from "./frame-host.ts";
import { functionOf, functionSettings } from "./function-options.ts";

/** @throws BAD_ARGUMENT for what is no function, and for options that the verb does not have. */
export function functionVerb(
  host: FrameHost,
  input: LogicalNode,
  given: { readonly form: FunctionForm; readonly fn: unknown; readonly options: object },
): FunctionNode {
  const { form, options } = given;
  const { fn, name } = functionOf(form, given.fn);
  const { int64 } = host.settings;
  const functionId = host.functions.add({ fn, name, form, settings: functionSettings(form, options), int64 });
  return functionNode(host.meta(), input, { form, functionId, functionName: name });
}
