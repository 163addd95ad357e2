/** Why a function cannot be called in another process, each with the ways out. */
import { PondError } from "@smallpond/base";

export type FunctionErrorCode =
  | "NOT_A_FUNCTION"
  | "FUNCTION_WITHOUT_SOURCE"
  | "FUNCTION_UNREADABLE"
  | "FREE_VARIABLE"
  | "MODULE_NOT_FOUND"
  | "MODULE_EXPORT_NOT_FOUND"
  | "FUNCTION_BUNDLE_FAILED"
  | "FUNCTION_LOAD_FAILED";

export interface FunctionErrorDetails {
  readonly function: string;
  /** The names that stand in the way, as the user wrote them. */
  readonly variables?: readonly string[];
  /** `/home/me/job.ts:12:30` */
  readonly location?: string;
}

export type FunctionError = PondError<FunctionErrorCode, FunctionErrorDetails>;

/** Something that a function uses and that does not travel with it. */
export interface Obstacle {
  /** As people wrote it: `rate`, `this`, `import()`. */
  readonly name: string;
  /** Why its definition could not be taken along: `is reassigned`; null for what is defined around the function. */
  readonly why: string | null;
}

const IN_PROCESS = "keep the function in the session's process with { inProcess: true }";

export function functionError(
  code: FunctionErrorCode,
  fn: string,
  parts: {
    readonly message: string;
    readonly hint: string;
    readonly location?: string | undefined;
    readonly cause?: unknown;
  },
): FunctionError {
  const { message, hint, location } = parts;
  return new PondError(code, {
    kind: "invalid",
    message: location === undefined ? message : `${message}\n  at ${location}`,
    details: { function: fn, ...(location === undefined ? {} : { location }) },
    hint,
    ...(parts.cause === undefined ? {} : { cause: parts.cause }),
  });
}

/** The function uses what is defined outside of it, and is no export that could be imported instead. */
export function freeVariable(
  fn: string,
  obstacles: readonly Obstacle[],
  location: string | undefined,
): FunctionError {
  const variables = obstacles.map(({ name }) => name);
  const outside = obstacles.filter(({ why }) => why === null).map(({ name }) => name);
  const others = obstacles.filter(({ why }) => why !== null).map(({ name, why }) => `${name}, which ${why}`);
  const used = [
    ...(outside.length === 0 ? [] : [`${list(outside)}, which ${are(outside)} defined outside of it`]),
    ...others,
  ];
  const message = `${fn}() uses ${used.join("; and ")}: other processes that call it would not have ${outside.length + others.length === 1 ? "it" : "them"}`;
  const places = location === undefined ? "" : `\n  at ${location}`;
  return new PondError("FREE_VARIABLE", {
    kind: "invalid",
    message: message + places,
    details: { function: fn, variables, ...(location === undefined ? {} : { location }) },
    hint: waysOut(variables),
  });
}

/** A function whose source JavaScript does not tell. */
export function withoutSource(fn: string, what: string, instead: string): FunctionError {
  return functionError("FUNCTION_WITHOUT_SOURCE", fn, {
    message: `${fn}() is ${what}, whose source cannot be sent to another process`,
    hint: `write ${instead}, or ${IN_PROCESS}`,
  });
}

export function notAFunction(fn: string, what: string, hint: string): FunctionError {
  return functionError("NOT_A_FUNCTION", fn, { message: `${fn} is ${what}, not a function`, hint });
}

function waysOut(variables: readonly string[]): string {
  const values = variables.filter((name) => /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name));
  const args = values.filter((name) => name !== "this" && name !== "super");
  const ways = [
    ...(args.length === 0
      ? []
      : [`pass values with { args: { ${args.join(", ")} } } and take them as the second parameter`]),
    'export the function from a module of its own and pass that export, or fromModule(import.meta.url, "name")',
    IN_PROCESS,
  ];
  return `${ways.join("; ")}`;
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function are(names: readonly string[]): string {
  return names.length === 1 ? "is" : "are";
}
