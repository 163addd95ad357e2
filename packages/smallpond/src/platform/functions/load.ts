/** Code back into functions, in whatever process is to call them. */
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { isPondError } from "@smallpond/base";
import { functionError } from "../../functions/errors.ts";
import { whileLoading } from "../../functions/module-guard.ts";
import type { FunctionCode } from "../../functions/spec.ts";
import { type CallContext, isStatefulFunction } from "../../functions/user-function.ts";
import { inlineMapOf, rememberMap } from "./user-line.ts";

export type LoadedFunction =
  | { readonly kind: "plain"; readonly call: (input: never, args: never, context: CallContext) => unknown }
  | {
      readonly kind: "stateful";
      readonly setup: (args: never) => unknown;
      readonly call: (input: never, state: never, context: CallContext) => unknown;
      readonly teardown: (state: never) => unknown;
    };

const loaded = new Map<string, Promise<LoadedFunction>>();

/**
 * Loads each code once per process.
 *
 * @throws FUNCTION_LOAD_FAILED when its module throws or has no such export, FUNCTION_MODULE_RUNS_JOB when its module
 *   starts a session
 */
export function loadFunction(code: FunctionCode): Promise<LoadedFunction> {
  // The same text written twice is two functions when one of them throws.
  const key = code.kind === "text" ? `${code.hash} ${code.map}` : `${code.path} ${code.exportName}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const loading = load(code);
  loaded.set(key, loading);
  // What failed once may succeed when it is tried again: a full disk, a service that was away.
  loading.catch(() => loaded.delete(key));
  return loading;
}

async function load(code: FunctionCode): Promise<LoadedFunction> {
  const value = code.kind === "text" ? evaluate(code) : await importExport(code);
  if (typeof value === "function") return { kind: "plain", call: value as (input: never) => unknown };
  if (isStatefulFunction(value)) {
    return {
      kind: "stateful",
      setup: (args) => value.setup(args),
      call: (input, state: never, context) => value.call(input, state, context),
      teardown: (state: never) => value.teardown?.(state),
    };
  }
  const name = code.kind === "text" ? "the function" : code.exportName;
  throw functionError("FUNCTION_LOAD_FAILED", name, {
    message: `${name} is ${value === undefined ? "not exported" : `a ${typeof value}`} where a function is expected`,
    hint: "export a function, or an object with setup() and call()",
  });
}

/** Strict, as in a module; on the first line, which is the one of the text. */
const PREFIX = '"use strict";';

function evaluate({ text, hash, map }: Extract<FunctionCode, { kind: "text" }>): unknown {
  const filename = `smallpond-function-${hash.slice(0, 16)}-${loaded.size}`;
  if (map !== undefined) rememberMap(filename, () => map, PREFIX.length);
  return new Script(`${PREFIX}${text}\n`, { filename }).runInThisContext();
}

async function importExport({
  path,
  exportName,
}: Extract<FunctionCode, { kind: "bundle" }>): Promise<unknown> {
  const { href } = pathToFileURL(path);
  rememberMap(href, () => inlineMapOf(path));
  const module = await whileLoading(exportName, async () => {
    try {
      return (await import(href)) as Readonly<Record<string, unknown>>;
    } catch (cause) {
      if (isPondError(cause, "FUNCTION_MODULE_RUNS_JOB")) throw cause;
      throw functionError("FUNCTION_LOAD_FAILED", exportName, {
        message: `the module of ${exportName}() cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint: "its top level runs in every executor, and must not need anything that only the job has",
        cause,
      });
    }
  });
  return module[exportName];
}
