/** From what people pass as a function to code that any process can load. */
import type { Disk } from "@smallpond/base";
import type { FunctionCode } from "../../functions/spec.ts";
import type { UserFunction } from "../../functions/user-function.ts";

export interface CaptureSettings {
  /** What errors call the function. */
  readonly name: string;
  readonly disk: Disk;
  /** Where bundles are written; it is made when there is one. */
  readonly directory: string;
}

/**
 * An inline function without free variables travels as its source. A function of a file's top level travels as a bundle
 * of what it needs: a slice of its file where that is sound, otherwise the whole module that exports it.
 *
 * @throws FREE_VARIABLE naming what the function uses from around it, NOT_A_FUNCTION, FUNCTION_WITHOUT_SOURCE,
 *   FUNCTION_UNREADABLE, MODULE_NOT_FOUND, MODULE_EXPORT_NOT_FOUND, FUNCTION_BUNDLE_FAILED
 */
export async function captureFunction(
  fn: UserFunction<never, unknown, never>,
  settings: CaptureSettings,
): Promise<FunctionCode> {
  // The parser and the bundler cost 0.1 s to load, and most jobs have no functions.
  const { capture } = await import("./capture-function.ts");
  return await capture(fn, settings);
}
