/** What people pass as a function: a function, an object with state, or the name of a module's export. */
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { PondError } from "@smallpond/base";

/** What a call is given besides its input. */
export interface CallContext {
  /** Aborts when nobody waits for the result any more: the job was stopped, or the call took too long. */
  readonly signal: AbortSignal;
}

/** Called once per row, batch or value; `args` is what was given with it as `{ args }`, undefined otherwise. */
export type PlainFunction<In, Out, Args = undefined> = (input: In, args: Args, context: CallContext) => Out;

/**
 * A function with something that is made once and used by every call: a tokenizer, a model, a connection.
 *
 * `setup()` runs once per executor before its first call, and its result goes to every call there. `teardown()` runs
 * when the executor ends in order; not when it is killed.
 */
export interface StatefulFunction<In, Out, State = unknown, Args = undefined> {
  setup(args: Args): State | Promise<State>;
  call(input: In, state: State, context: CallContext): Out;
  teardown?(state: State): void | Promise<void>;
}

/** An export of a module, as {@link fromModule} names it. */
export interface ModuleFunction {
  readonly kind: "module-function";
  /** A `file:` address. */
  readonly url: string;
  /** What the module exports it as. */
  readonly name: string;
}

export type UserFunction<In = never, Out = unknown, Args = never> =
  | PlainFunction<In, Out, Args>
  | StatefulFunction<In, Out, unknown, Args>
  | ModuleFunction;

// Plain objects that look the same are not taken for one: only `fromModule` has checked what is inside.
const MODULE_FUNCTIONS = new WeakSet<object>();

/**
 * The export `name` of a module, for a function that cannot be found by itself:
 * `fromModule(import.meta.url, "clean")` of this module, `fromModule(new URL("./clean.ts", import.meta.url), "clean")`
 * of another. In CommonJS, `__filename` takes the place of `import.meta.url`.
 *
 * @throws BAD_ARGUMENT for an address that is not of a file, or a name that is none.
 */
export function fromModule(moduleUrl: string | URL, name: string): ModuleFunction {
  if (typeof name !== "string" || name === "") {
    throw badModule("the second argument must be the name of an export", 'for example: "clean" or "default"');
  }
  const fn = Object.freeze({ kind: "module-function", url: fileUrl(moduleUrl), name } as const);
  MODULE_FUNCTIONS.add(fn);
  return fn;
}

export function isModuleFunction(value: unknown): value is ModuleFunction {
  return typeof value === "object" && value !== null && MODULE_FUNCTIONS.has(value);
}

export function isStatefulFunction(
  value: unknown,
): value is StatefulFunction<never, unknown, unknown, never> {
  if (typeof value !== "object" || value === null) return false;
  const { setup, call } = value as Partial<StatefulFunction<never, unknown>>;
  return typeof setup === "function" && typeof call === "function";
}

function fileUrl(given: string | URL): string {
  const text = given instanceof URL ? given.href : given;
  if (typeof text === "string" && isAbsolute(text)) return pathToFileURL(text).href;
  if (typeof text === "string" && text.startsWith("file:") && URL.canParse(text)) return new URL(text).href;
  throw badModule(
    `the first argument must be the address of a file, not ${typeof text === "string" ? `"${text}"` : typeof text}`,
    'for example: fromModule(new URL("./clean.ts", import.meta.url), "clean")',
  );
}

function badModule(what: string, hint: string): PondError {
  return new PondError("BAD_ARGUMENT", {
    kind: "invalid",
    message: `fromModule(): ${what}`,
    details: { argument: what },
    hint,
  });
}
